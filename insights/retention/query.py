"""What a RetentionQuery asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from hogql import ast
from hogql.filters.model import EVERYTHING
from insights.breakdowns import Breakdowns, read_breakdowns
from insights.dates import DateRange, last_intervals, moved, read_date_range
from insights.entities import Entity, read_entities
from insights.measuring import Asking
from insights.reading import InsightQuerySerializer, PropertiesField, StrictSerializer, read
from posthog_clone.api.times import MICROSECOND

PERIODS = ("Hour", "Day", "Week", "Month")
RECURRING, FIRST_TIME = "retention_recurring", "retention_first_time"
FIRST_EVER = "retention_first_ever_occurrence"
DEFAULT_EVENT = "$pageview"
DEFAULT_INTERVALS = 8
MAX_INTERVALS = 400
MAX_ROWS = 1000


class EntitySerializer(StrictSerializer):
    only_shown = frozenset({"name", "order", "uuid", "kind"})

    id = serializers.JSONField(required=False)
    type = serializers.ChoiceField(["events", "actions"], required=False, default="events")
    custom_name = serializers.CharField(required=False, allow_blank=True)
    properties = PropertiesField(required=False, default=EVERYTHING)

    def validate(self, entity: dict) -> dict:
        id = entity.get("id")
        is_number = str(id).isascii() and str(id).isdecimal() and len(str(id)) < 10
        if entity["type"] == "actions" and (isinstance(id, bool) or not is_number):
            raise ValidationError({"id": f"{str(id)[:100]!r} is not the id of an action."})
        if entity["type"] == "events" and id is not None and not isinstance(id, str):
            raise ValidationError({"id": "An event's id is its name."})
        return entity


class RetentionFilterSerializer(StrictSerializer):
    only_shown = frozenset(
        {
            *("dashboardDisplay", "display", "meanRetentionCalculation", "retentionReference"),
            *("selectedInterval", "showTrendLines", "goalLines"),
        }
    )

    period = serializers.ChoiceField(PERIODS, required=False, default="Day")
    totalIntervals = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_INTERVALS, default=DEFAULT_INTERVALS
    )
    retentionType = serializers.ChoiceField(
        [RECURRING, FIRST_TIME, FIRST_EVER], required=False, default=RECURRING
    )
    targetEntity = EntitySerializer(required=False)
    returningEntity = EntitySerializer(required=False)
    cumulative = serializers.BooleanField(required=False, default=False)
    minimumOccurrences = serializers.IntegerField(required=False, min_value=1, default=1)
    timeWindowMode = serializers.ChoiceField(["strict_calendar_dates"], required=False)


class RetentionQuerySerializer(InsightQuerySerializer):
    retentionFilter = RetentionFilterSerializer()


@dataclass(frozen=True, slots=True)
class RetentionQuery:
    fields: Mapping[str, Any]
    """As the serializer understood it."""
    target: Entity
    returning: Entity
    range: DateRange
    """Of those who start: a row for each of its points."""
    intervals: int
    """How many values a row has, its own interval the first."""
    breakdowns: Breakdowns

    @property
    def asked(self) -> Mapping[str, Any]:
        return self.fields["retentionFilter"]

    @property
    def kind(self) -> str:
        return self.asked["retentionType"]

    @property
    def actor(self) -> ast.Expr:
        index = self.fields.get("aggregation_group_type_index")
        return ast.Field(["person_id"] if index is None else [f"$group_{index}"])

    @property
    def whole_range(self) -> DateRange:
        """Until the last interval in which somebody can come back."""
        last = moved(self.range.points[-1], self.range.interval, self.intervals)
        return replace(self.range, end=last.astimezone(UTC) - MICROSECOND)


def read_query(asking: Asking, asked: Mapping[str, Any]) -> RetentionQuery:
    """Raises ValidationError for what can't be asked."""
    fields = read(RetentionQuerySerializer, asked)
    retention = fields["retentionFilter"]
    asked_for = [retention.get("targetEntity"), retention.get("returningEntity")]
    target, returning = read_entities(asking, [node_of(entity) for entity in asked_for])
    query = RetentionQuery(
        fields=fields,
        target=target,
        returning=returning,
        range=range_of(asking, fields["dateRange"], retention),
        intervals=retention["totalIntervals"],
        breakdowns=read_breakdowns(asking.project, fields["breakdownFilter"]),
    )
    if len(query.range.points) > MAX_ROWS:
        raise ValidationError(
            {"dateRange": f"Retention has at most {MAX_ROWS} rows. Choose a shorter range."}
        )
    return query


def node_of(asked: Mapping[str, Any] | None) -> dict[str, Any]:
    """As trends and funnels have it."""
    asked = asked or {"id": DEFAULT_EVENT, "type": "events"}
    node = {name: asked[name] for name in ("custom_name", "properties") if name in asked}
    if asked["type"] == "actions":
        return {"kind": "ActionsNode", "id": int(asked["id"]), **node}
    return {"kind": "EventsNode", "event": asked.get("id"), **node}


def range_of(asking: Asking, asked: Mapping[str, Any], retention: Mapping[str, Any]) -> DateRange:
    """Without a start, so many intervals, the last of which is that of the end."""
    interval = retention["period"].lower()
    if not asked.get("date_from"):
        return last_intervals(
            asking.project,
            asked,
            now=asking.run.now,
            interval=interval,
            count=retention["totalIntervals"],
        )
    return read_date_range(
        asking.project, asked, now=asking.run.now, earliest=asking.earliest, interval=interval
    )
