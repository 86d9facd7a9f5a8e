"""The insight of the API."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from hogql import kinds
from insights.models import Insight
from insights.serializers.queries import QueryField
from posthog_clone.api.errors import first_error
from posthog_clone.api.serializers import Constant, ModelSerializer
from posthog_clone.api.times import iso
from projects.serializers.basic import UserBasicSerializer

CAN_EDIT, EDITABLE_BY_ALL = 37, 21
# Keys of the answer to the insight's query, as the insight has them.
FROM_ANSWER = {
    "last_refresh": "last_refresh",
    "cache_target_age": "cache_target_age",
    "next_allowed_client_refresh": "next_allowed_client_refresh",
    "result": "results",
    "hasMore": "hasMore",
    "columns": "columns",
    "is_cached": "is_cached",
    "query_status": "query_status",
    "hogql": "hogql",
    "types": "types",
    "resolved_date_range": "resolved_date_range",
}
QUERY = {
    "kind": "InsightVizNode",
    "source": {
        "kind": "TrendsQuery",
        "series": [{"kind": "EventsNode", "event": "$pageview", "math": "dau"}],
        "dateRange": {"date_from": "-30d"},
        "interval": "day",
    },
}
SQL = {
    "kind": "DataVisualizationNode",
    "source": {"kind": "HogQLQuery", "query": "SELECT event, count() FROM events GROUP BY event"},
}


class TagsField(serializers.ListField):
    def __init__(self, **options):
        super().__init__(child=serializers.CharField(max_length=255), **options)

    def to_internal_value(self, data):
        return sorted(set(super().to_internal_value(data)))


class InsightBasicSerializer(ModelSerializer):
    """An insight as lists show it with `basic=true`, and as alerts show theirs."""

    query = QueryField(required=False, allow_null=True)
    tags = TagsField(required=False)
    created_by = UserBasicSerializer(read_only=True, allow_null=True)
    filters = serializers.DictField(
        required=False, allow_null=True, write_only=True, help_text="Of old: send `query`."
    )
    dashboards = serializers.ListField(
        child=serializers.IntegerField(), required=False, allow_null=True, write_only=True
    )
    dashboard_tiles = Constant([])
    refreshing = Constant(False)
    last_refresh = serializers.SerializerMethodField()
    user_access_level = Constant("editor")
    last_viewed_at = Constant(None, str)

    class Meta:
        model = Insight
        fields = [
            *("id", "short_id", "name", "derived_name", "filters", "query", "dashboards"),
            *("dashboard_tiles", "description", "last_refresh", "refreshing", "saved", "tags"),
            *("updated_at", "created_by", "created_at", "last_modified_at", "favorited"),
            *("user_access_level", "last_viewed_at"),
        ]
        read_only_fields = ["id", "short_id", "updated_at", "created_at", "last_modified_at"]

    def get_last_refresh(self, insight: Insight) -> str | None:
        return iso(self.context.get("refreshed", {}).get(insight.id))

    def to_representation(self, insight):
        return {**super().to_representation(insight), "filters": {}, "dashboards": []}

    def validate_query(self, query):
        if query is None:
            return None
        try:
            kinds.check(self.context["project"], query)
        except ValidationError as error:
            path, message = first_error(error.detail)
            field = "__".join(str(step) for step in path if step != "query")
            text = f"{field}: {message}" if field else str(message)
            raise ValidationError(text, code="parse_error") from error
        return query

    def validate_filters(self, filters):
        if filters:
            raise ValidationError("Filters are of old and not read any more: send a query.")
        return filters

    def validate_dashboards(self, dashboards):
        if dashboards:
            raise ValidationError(
                f"There is no dashboard {dashboards[0]}: this server has none.",
                code="does_not_exist",
            )
        return dashboards

    def validate(self, attrs):
        for name in ("filters", "dashboards", "_create_in_folder"):
            attrs.pop(name, None)
        return attrs


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A line of visitors by day",
            {"name": "Visitors", "query": QUERY, "tags": ["web"]},
            request_only=True,
        ),
        OpenApiExample("SQL", {"name": "Events by name", "query": SQL}, request_only=True),
        OpenApiExample("Delete", {"deleted": True}, request_only=True),
    ]
)
class InsightSerializer(InsightBasicSerializer):
    """An insight with the answer to its query and its alerts: the context's `answers` and `alerts`,
    by id."""

    last_modified_by = UserBasicSerializer(read_only=True, allow_null=True)
    cache_target_age = serializers.SerializerMethodField()
    next_allowed_client_refresh = serializers.SerializerMethodField()
    result = serializers.SerializerMethodField()
    hasMore = serializers.SerializerMethodField()
    columns = serializers.SerializerMethodField()
    is_cached = serializers.SerializerMethodField()
    query_status = serializers.SerializerMethodField()
    hogql = serializers.SerializerMethodField()
    types = serializers.SerializerMethodField()
    resolved_date_range = serializers.SerializerMethodField()
    filters_hash = serializers.SerializerMethodField()
    timezone = serializers.SerializerMethodField()
    is_sample = Constant(False)
    effective_restriction_level = Constant(EDITABLE_BY_ALL)
    effective_privilege_level = Constant(CAN_EDIT)
    alerts = serializers.SerializerMethodField()

    class Meta(InsightBasicSerializer.Meta):
        fields = [
            *InsightBasicSerializer.Meta.fields,
            *("order", "deleted", "cache_target_age", "next_allowed_client_refresh", "result"),
            *("hasMore", "columns", "last_modified_by", "is_sample"),
            *("effective_restriction_level", "effective_privilege_level", "timezone", "is_cached"),
            *("query_status", "hogql", "types", "resolved_date_range", "alerts", "filters_hash"),
        ]

    def get_fields(self):
        folder = serializers.CharField(
            required=False,
            allow_blank=True,
            allow_null=True,
            write_only=True,
            help_text="Accepted, without effect: there are no folders of insights.",
        )
        return {**super().get_fields(), "_create_in_folder": folder}

    def of_answer(self, insight: Insight, name: str) -> Any:
        answer = self.context.get("answers", {}).get(insight.id, {})
        return answer.get(FROM_ANSWER[name])

    def get_last_refresh(self, insight) -> str | None:
        return self.of_answer(insight, "last_refresh")

    def get_cache_target_age(self, insight) -> str | None:
        return self.of_answer(insight, "cache_target_age")

    def get_next_allowed_client_refresh(self, insight) -> str | None:
        return self.of_answer(insight, "next_allowed_client_refresh")

    @extend_schema_field({"description": "The `results` of the query's answer."})
    def get_result(self, insight):
        return self.of_answer(insight, "result")

    def get_hasMore(self, insight) -> bool | None:
        return self.of_answer(insight, "hasMore")

    @extend_schema_field({"type": ["array", "null"], "items": {}})
    def get_columns(self, insight):
        return self.of_answer(insight, "columns")

    def get_is_cached(self, insight) -> bool:
        return bool(self.of_answer(insight, "is_cached"))

    @extend_schema_field({"type": ["object", "null"]})
    def get_query_status(self, insight):
        return self.of_answer(insight, "query_status")

    def get_hogql(self, insight) -> str | None:
        return self.of_answer(insight, "hogql")

    @extend_schema_field({"type": ["array", "null"], "items": {}})
    def get_types(self, insight):
        return self.of_answer(insight, "types")

    @extend_schema_field({"type": ["object", "null"]})
    def get_resolved_date_range(self, insight):
        return self.of_answer(insight, "resolved_date_range")

    @extend_schema_field({"type": "array", "items": {"type": "object"}})
    def get_alerts(self, insight):
        return self.context.get("alerts", {}).get(insight.id, [])

    def get_filters_hash(self, insight) -> str | None:
        return self.context.get("answers", {}).get(insight.id, {}).get("cache_key")

    def get_timezone(self, insight) -> str:
        return self.context["project"].timezone
