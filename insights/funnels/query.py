"""What a FunnelsQuery asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from hogql import ast
from insights.breakdowns import Breakdowns, read_breakdowns
from insights.dates import DateRange, read_date_range
from insights.entities import Entity, read_entities
from insights.measuring import Asking, own
from insights.reading import (
    InsightQuerySerializer,
    NodeSerializer,
    StrictSerializer,
    interval_field,
    read,
)

UNITS = {
    **{"second": timedelta(seconds=1), "minute": timedelta(minutes=1), "hour": timedelta(hours=1)},
    **{"day": timedelta(days=1), "week": timedelta(weeks=1), "month": timedelta(days=31)},
}
ORDERS = ("ordered", "strict", "unordered")
STEPS, TIME_TO_CONVERT, TRENDS = "steps", "time_to_convert", "trends"
ATTRIBUTIONS = ("first_touch", "last_touch", "all_events", "step")
MAX_STEPS = 30
MAX_EXCLUSIONS = 30
MAX_WINDOW = 10_000
MAX_BIN_COUNT = 90


class StepSerializer(NodeSerializer):
    only_shown = NodeSerializer.only_shown | {
        *("math_property", "math_property_type", "math_hogql", "math_group_type_index"),
        "math_multiplier",
    }

    math = serializers.ChoiceField(["total", "dau"], required=False)
    """A step is made or not: there is nothing to aggregate."""
    optionalInFunnel = serializers.BooleanField(required=False, default=False)

    def validate_optionalInFunnel(self, is_optional: bool) -> bool:
        if is_optional:
            raise ValidationError("Steps that may be left out can't be asked for here.")
        return is_optional


class ExclusionSerializer(NodeSerializer):
    only_shown = StepSerializer.only_shown | {"math"}

    funnelFromStep = serializers.IntegerField(min_value=0)
    funnelToStep = serializers.IntegerField(min_value=1)


class FunnelsFilterSerializer(StrictSerializer):
    only_shown = frozenset(
        {
            *("funnelStepReference", "layout", "hiddenLegendBreakdowns", "goalLines"),
            *("resultCustomizations", "showValuesOnSeries", "useUdf"),
        }
    )

    funnelVizType = serializers.ChoiceField(
        [STEPS, TIME_TO_CONVERT, TRENDS], required=False, default=STEPS
    )
    funnelOrderType = serializers.ChoiceField(ORDERS, required=False, default=ORDERS[0])
    funnelWindowInterval = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_WINDOW, default=14
    )
    funnelWindowIntervalUnit = serializers.ChoiceField(list(UNITS), required=False, default="day")
    funnelAggregateByHogQL = serializers.CharField(required=False, allow_blank=True)
    funnelFromStep = serializers.IntegerField(required=False, min_value=0)
    funnelToStep = serializers.IntegerField(required=False, min_value=0)
    binCount = serializers.IntegerField(required=False)
    exclusions = ExclusionSerializer(many=True, required=False, max_length=MAX_EXCLUSIONS)
    breakdownAttributionType = serializers.ChoiceField(
        ATTRIBUTIONS, required=False, default=ATTRIBUTIONS[0]
    )
    breakdownAttributionValue = serializers.IntegerField(required=False, min_value=0)


class FunnelsQuerySerializer(InsightQuerySerializer):
    series = StepSerializer(many=True, min_length=1, max_length=MAX_STEPS)
    interval = interval_field()
    funnelsFilter = FunnelsFilterSerializer(required=False, default=dict)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Who does this between two steps is left out."""

    entity: Entity
    from_step: int
    to_step: int


@dataclass(frozen=True, slots=True)
class FunnelsQuery:
    fields: Mapping[str, Any]
    """As the serializer understood it."""
    steps: tuple[Entity, ...]
    exclusions: tuple[Exclusion, ...]
    range: DateRange
    breakdowns: Breakdowns
    shown: Mapping[str, Any]

    @property
    def order(self) -> str:
        return self.shown.get("funnelOrderType", ORDERS[0])

    @property
    def window(self) -> timedelta:
        """From the first step to the last."""
        count = self.shown.get("funnelWindowInterval", 14)
        return count * UNITS[self.shown.get("funnelWindowIntervalUnit", "day")]

    @property
    def attribution(self) -> str:
        return self.shown.get("breakdownAttributionType", ATTRIBUTIONS[0])

    @property
    def attributed_step(self) -> int:
        """The step, from 0, whose event tells the value: with the attribution `step`."""
        return self.shown.get("breakdownAttributionValue", 0)

    @property
    def is_time_to_convert(self) -> bool:
        return self.shown.get("funnelVizType") == TIME_TO_CONVERT

    @property
    def is_trend(self) -> bool:
        """How many of those who enter in each interval get on, instead of how many over all."""
        return self.shown.get("funnelVizType") == TRENDS

    @property
    def span(self) -> tuple[int, int]:
        """The steps, by their numbers from 0, that times and trends are from and to."""
        last = len(self.steps) - 1
        return self.shown.get("funnelFromStep", 0), self.shown.get("funnelToStep", last)

    @property
    def actor(self) -> ast.Expr:
        """Who goes through the funnel."""
        if by := self.shown.get("funnelAggregateByHogQL"):
            return own(by)
        index = self.fields.get("aggregation_group_type_index")
        return ast.Field(["person_id"] if index is None else [f"$group_{index}"])


def read_query(asking: Asking, asked: Mapping[str, Any]) -> FunnelsQuery:
    """Raises ValidationError, or QueryError, for what can't be asked."""
    fields = read(FunnelsQuerySerializer, asked)
    shown = fields["funnelsFilter"]
    nodes, excluded = fields["series"], shown.get("exclusions", [])
    entities = read_entities(asking, [*nodes, *excluded])
    exclusions = tuple(
        Exclusion(entity, node["funnelFromStep"], node["funnelToStep"])
        for entity, node in zip(entities[len(nodes) :], excluded, strict=True)
    )
    query = FunnelsQuery(
        fields=fields,
        steps=tuple(entities[: len(nodes)]),
        exclusions=exclusions,
        range=read_date_range(
            asking.project,
            fields["dateRange"],
            now=asking.run.now,
            earliest=asking.earliest,
            interval=fields["interval"],
        ),
        breakdowns=boxed(read_breakdowns(asking.project, fields["breakdownFilter"])),
        shown=shown,
    )
    check_exclusions(query)
    if query.is_time_to_convert or query.is_trend:
        check_span(query)
    if query.attribution == "step" and query.attributed_step >= len(query.steps):
        raise ValidationError(
            {
                "breakdownAttributionValue": f"The steps are 0 to {len(query.steps) - 1}: there is "
                f"no step {query.attributed_step}."
            }
        )
    if query.is_trend and query.order == "unordered":
        raise ValidationError(
            {"funnelVizType": "A trend is of steps in order: unordered funnels have steps only."}
        )
    if query.is_time_to_convert and query.breakdowns:
        raise ValidationError(
            {"breakdownFilter": "The time to convert can't be broken down; steps can."}
        )
    return query


def boxed(breakdowns: Breakdowns) -> Breakdowns:
    """Values of events and persons are lists, also of one."""
    kinds = {part.type for part in breakdowns.parts}
    if kinds & {"event", "person", "hogql"}:
        return replace(breakdowns, is_multiple=True)
    return breakdowns


def check_span(query: FunnelsQuery) -> None:
    start, end = query.span
    if not start < end < len(query.steps):
        raise ValidationError(
            {
                "funnelToStep": f"From funnelFromStep {start} it goes to a later step of the "
                f"{len(query.steps)}, not to {end}."
            }
        )


def check_exclusions(query: FunnelsQuery) -> None:
    for exclusion in query.exclusions:
        if not exclusion.from_step < exclusion.to_step < len(query.steps):
            raise ValidationError(
                {
                    "exclusions": "An exclusion lies between two steps: funnelFromStep "
                    f"{exclusion.from_step} and funnelToStep {exclusion.to_step} are none of a "
                    f"funnel of {len(query.steps)}."
                }
            )
        if query.order == "unordered":
            raise ValidationError(
                {"exclusions": "Exclusions lie between steps, which an unordered funnel has none."}
            )
        if exclusion.entity in query.steps[exclusion.from_step : exclusion.to_step + 1]:
            raise ValidationError(
                {"exclusions": "An exclusion can't be the same as a step that it lies between."}
            )
