"""The queries that clients send about logs."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from logs.filters import TYPES
from logs.otlp.severity import LEVELS
from logs.search import Cursor
from posthog_clone.api.serializers import Serializer

EXAMPLE = {
    "dateRange": {"date_from": "-24h"},
    "severityLevels": ["error", "fatal"],
    "serviceNames": ["checkout"],
    "searchTerm": "card refused",
    "filterGroup": [
        {"key": "http.status_code", "type": "log_attribute", "operator": "exact", "value": 500}
    ],
}


class DateRangeSerializer(Serializer):
    date_from = serializers.CharField(
        required=False,
        allow_null=True,
        help_text="ISO 8601, or relative to now: `-1h` (default), `-30M` (minutes), `-7d`.",
    )
    date_to = serializers.CharField(
        required=False, allow_null=True, help_text="The same; by default now. Both are inclusive."
    )


@extend_schema_field({"type": "string"})
class CursorField(serializers.Field):
    def to_internal_value(self, data: Any) -> Cursor:
        try:
            return Cursor.parse(str(data))
        except ValueError:
            raise ValidationError(
                f"{str(data)[:40]!r} is not a cursor: send the nextCursor of an answer."
            ) from None

    def to_representation(self, value):
        return str(value)


class LenientChoiceField(serializers.ChoiceField):
    """What is not a choice counts as not sent."""

    def to_internal_value(self, data):
        return data if isinstance(data, str) and data in self.choices else None


@extend_schema_field(
    {
        "description": "A list of filters that must all hold, or a group of filters and groups.",
        "anyOf": [
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["key", "type"],
                    "properties": {
                        "key": {"type": "string"},
                        "type": {"type": "string", "enum": list(TYPES)},
                        "operator": {"type": "string", "default": "exact"},
                        "value": {},
                    },
                },
            },
            {
                "type": "object",
                "properties": {
                    "type": {"type": "string", "enum": ["AND", "OR"]},
                    "values": {"type": "array", "items": {"type": "object"}},
                },
            },
            {"type": "null"},
        ],
    }
)
class FilterGroupField(serializers.JSONField):
    pass


class LogsCountBodySerializer(Serializer):
    """Which lines: all that hold every condition."""

    dateRange = DateRangeSerializer(required=False, allow_null=True)
    severityLevels = serializers.ListField(
        child=serializers.ChoiceField(LEVELS),
        required=False,
        allow_null=True,
        help_text="None means all.",
    )
    serviceNames = serializers.ListField(
        child=serializers.CharField(allow_blank=True, trim_whitespace=False),
        required=False,
        allow_null=True,
        help_text="None means all.",
    )
    searchTerm = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        trim_whitespace=False,
        help_text="Text that the body contains, in whatever case.",
    )
    filterGroup = FilterGroupField(required=False, allow_null=True)


class LogsQueryBodySerializer(LogsCountBodySerializer):
    orderBy = LenientChoiceField(["latest", "earliest"], required=False, allow_null=True)
    limit = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, help_text="1000 by default, at most 2000."
    )
    after = CursorField(
        required=False, allow_null=True, help_text="The nextCursor of the page before."
    )
    excludeAttributes = serializers.BooleanField(
        required=False, default=False, help_text="Leave both kinds of attributes out."
    )


class LogsSparklineBodySerializer(LogsCountBodySerializer):
    sparklineBreakdownBy = serializers.ChoiceField(
        ["severity", "service"], required=False, allow_null=True, default="severity"
    )


class LogsCountRangesBodySerializer(LogsCountBodySerializer):
    targetBuckets = serializers.IntegerField(
        required=False, allow_null=True, default=10, min_value=1, max_value=100
    )


class LogsFacetBodySerializer(LogsCountBodySerializer):
    """One of the three facet fields says whose values are wanted."""

    facetField = serializers.ChoiceField(
        ["severity_text", "service_name"], required=False, allow_null=True
    )
    facetResourceAttribute = serializers.CharField(required=False, allow_null=True)
    facetAttribute = serializers.CharField(required=False, allow_null=True)
    facetSearch = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, trim_whitespace=False
    )

    def validate(self, attrs):
        names = ("facetField", "facetResourceAttribute", "facetAttribute")
        if sum(bool(attrs.get(name)) for name in names) != 1:
            raise ValidationError(f"Send exactly one of {', '.join(names)}.")
        return attrs


def request_of(body: type[Serializer], example: dict[str, Any]) -> type[Serializer]:
    """The serializer of `{"query": body}`."""
    name = body.__name__.replace("BodySerializer", "RequestSerializer")
    serializer = type(name, (Serializer,), {"query": body(), "__doc__": None})
    examples = [OpenApiExample("Example", {"query": example}, request_only=True)]
    return extend_schema_serializer(examples=examples)(serializer)


LogsQueryRequestSerializer = request_of(LogsQueryBodySerializer, {**EXAMPLE, "limit": 100})
LogsCountRequestSerializer = request_of(LogsCountBodySerializer, EXAMPLE)
LogsSparklineRequestSerializer = request_of(
    LogsSparklineBodySerializer, {**EXAMPLE, "sparklineBreakdownBy": "severity"}
)
LogsCountRangesRequestSerializer = request_of(
    LogsCountRangesBodySerializer, {**EXAMPLE, "targetBuckets": 10}
)
LogsFacetRequestSerializer = request_of(
    LogsFacetBodySerializer, {**EXAMPLE, "facetField": "service_name"}
)
