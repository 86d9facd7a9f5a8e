"""What trends, funnels and retention have in common in what they are asked: serializers that take
what clients send, and refuse by name what would have to change the answer and doesn't."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from hogql.filters.model import EVERYTHING, PropertyGroup, parse_properties
from insights.dates import INTERVALS
from posthog_clone.api.serializers import Serializer

BREAKDOWN_TYPES = ("event", "person", "group", "session", "hogql", "cohort", "event_metadata")
MAX_BREAKDOWNS = 3
MAX_BREAKDOWN_LIMIT = 1000
MAX_BINS = 100


class StrictSerializer(Serializer):
    """Takes null for absent, passes over `only_shown` keys, refuses all that it doesn't know."""

    only_shown: frozenset[str] = frozenset()
    """Keys that only tell a client how to show the answer."""

    def to_internal_value(self, data):
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)
        given = {name: value for name, value in data.items() if value is not None}
        if unknown := sorted(set(given) - set(self.fields) - self.only_shown):
            served = ", ".join(sorted(self.fields))
            raise ValidationError(
                {name: f"{name!r} can't be asked for here. Served: {served}." for name in unknown}
            )
        return super().to_internal_value(given)


class PropertiesField(serializers.JSONField):
    """Property filters, in any of their forms, as a PropertyGroup."""

    def to_internal_value(self, data: Any) -> PropertyGroup:
        return parse_properties(super().to_internal_value(data))


class DateRangeSerializer(StrictSerializer):
    date_from = serializers.CharField(required=False, allow_blank=True)
    date_to = serializers.CharField(required=False, allow_blank=True)
    explicitDate = serializers.BooleanField(required=False, default=False)


class BreakdownSerializer(StrictSerializer):
    """One of several."""

    property = serializers.JSONField()
    type = serializers.ChoiceField(BREAKDOWN_TYPES, required=False, default="event")
    group_type_index = serializers.IntegerField(required=False, min_value=0, max_value=4)
    histogram_bin_count = serializers.IntegerField(required=False, min_value=1, max_value=MAX_BINS)
    normalize_url = serializers.BooleanField(required=False, default=False)


class BreakdownFilterSerializer(StrictSerializer):
    breakdown = serializers.JSONField(required=False)
    breakdown_type = serializers.ChoiceField(BREAKDOWN_TYPES, required=False)
    breakdowns = BreakdownSerializer(many=True, required=False)
    breakdown_limit = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_BREAKDOWN_LIMIT
    )
    breakdown_group_type_index = serializers.IntegerField(required=False, min_value=0, max_value=4)
    breakdown_hide_other_aggregation = serializers.BooleanField(required=False, default=False)
    breakdown_histogram_bin_count = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_BINS
    )
    breakdown_normalize_url = serializers.BooleanField(required=False, default=False)

    def validate_breakdowns(self, breakdowns: list) -> list:
        if len(breakdowns) > MAX_BREAKDOWNS:
            raise ValidationError(f"There can be at most {MAX_BREAKDOWNS} breakdowns.")
        return breakdowns


class NodeSerializer(StrictSerializer):
    """A series of trends, a step of a funnel."""

    only_shown = frozenset({"name", "response", "version", "limit", "orderBy"})

    kind = serializers.ChoiceField(["EventsNode", "ActionsNode"], default="EventsNode")
    event = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    id = serializers.IntegerField(required=False)
    custom_name = serializers.CharField(required=False, allow_blank=True)
    properties = PropertiesField(required=False, default=EVERYTHING)
    fixedProperties = PropertiesField(required=False, default=EVERYTHING)

    def validate(self, node: dict) -> dict:
        if node["kind"] == "ActionsNode" and "id" not in node:
            raise ValidationError({"id": "An ActionsNode names its action by its id."})
        if node["kind"] == "EventsNode" and "id" in node:
            raise ValidationError({"id": "An EventsNode names its event by `event`."})
        return node


class InsightQuerySerializer(StrictSerializer):
    """What all three kinds are asked with."""

    only_shown = frozenset(
        {"response", "tags", "version", "modifiers", "dataColorTheme", "samplingFactor"}
    )

    kind = serializers.CharField()
    dateRange = DateRangeSerializer(required=False, default=dict)
    properties = PropertiesField(required=False, default=EVERYTHING)
    filterTestAccounts = serializers.BooleanField(required=False, default=False)
    breakdownFilter = BreakdownFilterSerializer(required=False, default=dict)
    aggregation_group_type_index = serializers.IntegerField(
        required=False, min_value=0, max_value=4
    )


def interval_field() -> serializers.ChoiceField:
    return serializers.ChoiceField(INTERVALS, required=False, default="day")


def read(serializer_class: type[StrictSerializer], query: Mapping[str, Any]) -> dict[str, Any]:
    """The query as its serializer understands it. Raises ValidationError."""
    serializer = serializer_class(data=dict(query))
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data
