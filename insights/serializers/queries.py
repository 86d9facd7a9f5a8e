"""The query endpoint: what it takes and gives."""

from collections.abc import Mapping

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from insights.overrides import FiltersOverrideSerializer
from insights.refreshing import MODES
from posthog_clone.api.serializers import Serializer

EXAMPLES = {
    "HogQLQuery": {
        "kind": "HogQLQuery",
        "query": "SELECT event, count() FROM events WHERE {filters} AND event != {ignored} "
        "GROUP BY event ORDER BY count() DESC",
        "filters": {"dateRange": {"date_from": "-7d"}},
        "values": {"ignored": "$autocapture"},
    },
    "TrendsQuery": {
        "kind": "TrendsQuery",
        "series": [{"kind": "EventsNode", "event": "$pageview", "math": "dau"}],
        "dateRange": {"date_from": "-30d"},
        "interval": "day",
        "breakdownFilter": {"breakdown": "$browser", "breakdown_type": "event"},
    },
    "FunnelsQuery": {
        "kind": "FunnelsQuery",
        "series": [
            {"kind": "EventsNode", "event": "$pageview"},
            {"kind": "EventsNode", "event": "signed up"},
        ],
        "dateRange": {"date_from": "-14d"},
    },
    "RetentionQuery": {
        "kind": "RetentionQuery",
        "retentionFilter": {
            "period": "Week",
            "totalIntervals": 8,
            "targetEntity": {"id": "$pageview", "type": "events"},
            "returningEntity": {"id": "$pageview", "type": "events"},
        },
    },
    "EventsQuery": {
        "kind": "EventsQuery",
        "select": ["event", "timestamp", "person_display_name -- Person", "properties.$browser"],
        "event": "$pageview",
        "after": "-7d",
        "orderBy": ["timestamp DESC"],
        "limit": 100,
    },
    "ActorsQuery": {
        "kind": "ActorsQuery",
        "select": ["person_display_name -- Person", "id", "created_at"],
        "search": "example.com",
        "orderBy": ["created_at DESC"],
    },
    "ErrorTrackingQuery": {
        "kind": "ErrorTrackingQuery",
        "orderBy": "occurrences",
        "dateRange": {"date_from": "-7d"},
        "status": "active",
        "volumeResolution": 20,
    },
    "LogsQuery": {
        "kind": "LogsQuery",
        "dateRange": {"date_from": "-1h"},
        "severityLevels": ["error"],
        "searchTerm": "card refused",
    },
    "HogQLMetadata": {
        "kind": "HogQLMetadata",
        "language": "hogQL",
        "query": "SELECT count() FROM events",
    },
    "DatabaseSchemaQuery": {"kind": "DatabaseSchemaQuery"},
    "TeamTaxonomyQuery": {"kind": "TeamTaxonomyQuery"},
    "EventTaxonomyQuery": {"kind": "EventTaxonomyQuery", "event": "$pageview"},
    "DataVisualizationNode": {
        "kind": "DataVisualizationNode",
        "source": {"kind": "HogQLQuery", "query": "SELECT count() FROM events"},
    },
}


@extend_schema_field(
    {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "string", "examples": list(EXAMPLES)}},
        "additionalProperties": True,
    }
)
class QueryField(serializers.JSONField):
    """A query of any kind; hogql.kinds says which there are."""

    def to_internal_value(self, data):
        if not isinstance(data, dict):
            raise ValidationError(
                '1 validation error for QueryRequest: a query is an object such as {"kind": '
                '"HogQLQuery", "query": "SELECT 1"}.',
                code="parse_error",
            )
        return super().to_internal_value(data)


@extend_schema_serializer(
    examples=[
        OpenApiExample(kind, {"query": query}, request_only=True)
        for kind, query in EXAMPLES.items()
    ]
)
class QueryRequestSerializer(Serializer):
    query = QueryField()
    refresh = serializers.JSONField(
        required=False,
        allow_null=True,
        help_text=f"When to compute: {', '.join(MODES)}. By default `blocking`: unless a fresh "
        "answer is kept.",
    )
    client_query_id = serializers.CharField(
        required=False, allow_null=True, max_length=200, help_text="To cancel the query by."
    )
    filters_override = FiltersOverrideSerializer(required=False, allow_null=True)
    variables_override = serializers.DictField(
        child=serializers.DictField(), required=False, allow_null=True
    )
    name = serializers.CharField(required=False, allow_null=True, allow_blank=True)
    limit_context = serializers.ChoiceField(["posthog_ai"], required=False, allow_null=True)

    def get_fields(self):
        legacy = serializers.BooleanField(
            required=False, allow_null=True, help_text="Older: `true` is `refresh` `async`."
        )
        return {**super().get_fields(), "async": legacy}

    def to_internal_value(self, data):
        names = data if isinstance(data, Mapping) else ()
        unknown = set(names) - set(self.fields) - {"personal_api_key"}
        if unknown:
            name = min(map(str, unknown))
            raise ValidationError(
                {
                    name: "1 validation error for QueryRequest: there is no field "
                    f"{name[:100]!r}. There are {', '.join(self.fields)}."
                },
                code="parse_error",
            )
        return super().to_internal_value(data)


class QueryTimingSerializer(serializers.Serializer):
    k = serializers.CharField(help_text="The part; `.` is all of it.")
    t = serializers.FloatField(help_text="Seconds.")


class QueryStatusSerializer(serializers.Serializer):
    """A query that runs on its own."""

    id = serializers.CharField()
    team_id = serializers.IntegerField()
    query_async = serializers.BooleanField()
    complete = serializers.BooleanField()
    error = serializers.BooleanField()
    error_message = serializers.CharField(allow_null=True)
    error_code = serializers.CharField(allow_null=True)
    results = extend_schema_field(OpenApiTypes.OBJECT)(serializers.JSONField)(
        allow_null=True, help_text="The whole answer, as a request that waited would have had it."
    )
    start_time = serializers.DateTimeField()
    pickup_time = serializers.DateTimeField(allow_null=True)
    end_time = serializers.DateTimeField(allow_null=True)
    expiration_time = serializers.DateTimeField()
    task_id = serializers.CharField()
    insight_id = serializers.IntegerField(allow_null=True)
    dashboard_id = serializers.IntegerField(allow_null=True)
    query_progress = extend_schema_field(OpenApiTypes.OBJECT)(serializers.JSONField)(
        allow_null=True
    )
    labels = serializers.ListField(child=serializers.CharField(), allow_null=True)
    cache_key = serializers.CharField()


class QueryStatusResponseSerializer(serializers.Serializer):
    query_status = QueryStatusSerializer()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Rows of a HogQLQuery",
            {
                "results": [["$pageview", 4071], ["signed up", 12]],
                "columns": ["event", "count()"],
                "types": [["event", "String"], ["count()", "UInt64"]],
                "hogql": "SELECT event, count() FROM events GROUP BY event LIMIT 101",
                "hasMore": False,
                "limit": 100,
                "offset": 0,
                "timings": [{"k": "./execute", "t": 0.012}, {"k": ".", "t": 0.013}],
                "error": None,
                "cache_key": "cache_1_5f0c0c1b2a3d4e5f60718293a4b5c6d7",
                "cache_target_age": "2026-01-31T15:15:00Z",
                "is_cached": False,
                "last_refresh": "2026-01-31T09:15:00Z",
                "next_allowed_client_refresh": "2026-01-31T09:16:00Z",
                "timezone": "UTC",
                "query_status": None,
            },
            response_only=True,
        )
    ]
)
class QueryResponseSerializer(serializers.Serializer):
    """What every answer has; each kind adds keys of its own."""

    results = extend_schema_field({})(serializers.JSONField)(allow_null=True)
    hogql = serializers.CharField(allow_null=True)
    timings = QueryTimingSerializer(many=True)
    modifiers = serializers.DictField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    cache_key = serializers.CharField()
    cache_target_age = serializers.DateTimeField()
    is_cached = serializers.BooleanField()
    last_refresh = serializers.DateTimeField()
    next_allowed_client_refresh = serializers.DateTimeField()
    timezone = serializers.CharField()
    query_status = QueryStatusSerializer(allow_null=True)
    calculation_trigger = serializers.CharField(allow_null=True)
    query_metadata = serializers.DictField(allow_null=True)
    resolved_date_range = serializers.DictField(allow_null=True)


class MessageSerializer(serializers.Serializer):
    message = serializers.CharField()
