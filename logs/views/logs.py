"""Searching log lines."""

from datetime import UTC, datetime
from typing import Any

import orjson
from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from logs import answers, patterns, queries
from logs.search import Search, build_search
from logs.serializers import lines as shown
from logs.serializers import queries as asked
from logs.serializers.patterns import LogsPatternsResponseSerializer
from posthog_clone.api.parsers import read_json
from projects.viewsets import ProjectViewSet

READ = [("logs:read", "error_tracking:read")]
NO_QUERY = "No query provided"
TRUE = {"true", "1"}
ATTRIBUTE_PARAMETERS = [
    OpenApiParameter("attribute_type", enum=["log", "resource"], description="`log` by default."),
    OpenApiParameter("dateRange", description="JSON; the last hour by default."),
    OpenApiParameter("serviceNames", description="A JSON list."),
    OpenApiParameter("filterGroup", description="A JSON list of filters."),
    OpenApiParameter("limit", OpenApiTypes.INT, description="100 by default."),
    OpenApiParameter("offset", OpenApiTypes.INT),
]


class NoQuery(ValidationError):
    also = {"error": NO_QUERY}

    def __init__(self):
        super().__init__({"query": [NO_QUERY]}, code="required")


class LogsViewSet(ProjectViewSet):
    """Log lines, their counts and what can be filtered by."""

    required_scopes = READ
    pagination_class = None

    @extend_schema(
        request=asked.LogsQueryRequestSerializer, responses=shown.LogsQueryResponseSerializer
    )
    @action(detail=False, methods=["post"])
    def query(self, request, **kwargs):
        """The newest (or oldest) lines that match, page by page."""
        query = query_of(request)
        body, search = self.read(asked.LogsQueryBodySerializer, query)
        return Response(answers.page(search, query, body["excludeAttributes"]))

    @extend_schema(
        request=asked.LogsSparklineRequestSerializer,
        responses=shown.LogsSparklineBucketSerializer(many=True),
    )
    @action(detail=False, methods=["post"])
    def sparkline(self, request, **kwargs):
        """Counts over time by severity or service. For the MCP client within `results`."""
        body, search = self.read(asked.LogsSparklineBodySerializer, query_of(request))
        rows = answers.sparkline(search, body.get("sparklineBreakdownBy") or "severity")
        if request.headers.get("X-PostHog-Client", "").lower() == "mcp":
            return Response({"results": rows})
        return Response(rows)

    @extend_schema(
        request=asked.LogsCountRequestSerializer, responses=shown.LogsCountResponseSerializer
    )
    @action(detail=False, methods=["post"])
    def count(self, request, **kwargs):
        """How many lines match."""
        _, search = self.read(asked.LogsCountBodySerializer, query_of(request))
        return Response({"count": queries.count(search)})

    @extend_schema(
        request=asked.LogsCountRangesRequestSerializer,
        responses=shown.LogsCountRangesResponseSerializer,
    )
    @action(detail=False, methods=["post"], url_path="count-ranges")
    def count_ranges(self, request, **kwargs):
        """How many lines match, in some equal parts of the time range."""
        body, search = self.read(asked.LogsCountRangesBodySerializer, query_of(request))
        return Response(answers.count_ranges(search, body.get("targetBuckets") or 10))

    @extend_schema(
        request=asked.LogsCountRequestSerializer, responses=shown.LogsServicesResponseSerializer
    )
    @action(detail=False, methods=["post"])
    def services(self, request, **kwargs):
        """The services that log most, with their share of errors."""
        _, search = self.read(asked.LogsCountBodySerializer, query_of(request))
        return Response(answers.services(search))

    @extend_schema(
        request=asked.LogsFacetRequestSerializer, responses=shown.LogsFacetResponseSerializer
    )
    @action(detail=False, methods=["post"])
    def facet_values(self, request, **kwargs):
        """The values of a column or an attribute, with counts that ignore its own filter."""
        body, search = self.read(asked.LogsFacetBodySerializer, query_of(request))
        return Response({"results": answers.facet_values(search, body)})

    @extend_schema(
        request=asked.LogsCountRequestSerializer, responses=LogsPatternsResponseSerializer
    )
    @action(detail=False, methods=["post"])
    def patterns(self, request, **kwargs):
        """What kinds of lines there are: bodies alike but for ids, numbers and addresses."""
        _, search = self.read(asked.LogsCountBodySerializer, query_of(request))
        return Response(patterns.find_patterns(search))

    @extend_schema(responses=shown.HasLogsSerializer)
    @action(detail=False)
    def has_logs(self, request, **kwargs):
        """Whether the project has any lines."""
        return Response({"hasLogs": queries.has_logs(self.project.id)})

    @extend_schema(
        parameters=[
            OpenApiParameter("search", description="Text that the key contains."),
            OpenApiParameter(
                "search_values", OpenApiTypes.BOOL, description="Look in the values too."
            ),
            *ATTRIBUTE_PARAMETERS,
        ],
        responses=shown.LogsAttributesResponseSerializer,
    )
    @action(detail=False)
    def attributes(self, request, **kwargs):
        """The attribute keys in use, the most frequent first."""
        given = request.query_params
        return Response(
            answers.attributes(
                self.attribute_search(given),
                attribute_column(given),
                given.get("search", ""),
                limit=number(given.get("limit"), 100),
                offset=number(given.get("offset"), 0),
                search_values=given.get("search_values", "").lower() in TRUE,
            )
        )

    @extend_schema(
        parameters=[
            OpenApiParameter("key", required=True),
            OpenApiParameter("value", description="Text that the value contains."),
            *ATTRIBUTE_PARAMETERS,
        ],
        responses=shown.LogsValuesResponseSerializer,
    )
    @action(detail=False)
    def values(self, request, **kwargs):
        """The values of an attribute, the most frequent first."""
        given = request.query_params
        if not given.get("key"):
            raise ValidationError({"key": ["This field is required."]}, code="required")
        values = queries.attribute_values(
            self.attribute_search(given),
            attribute_column(given),
            given["key"],
            given.get("value", ""),
            limit=number(given.get("limit"), 100),
            offset=number(given.get("offset"), 0),
        )
        results = [{"id": value, "name": value} for value, _ in values]
        return Response({"results": results, "refreshing": False})

    def read(self, serializer, query: dict) -> tuple[dict[str, Any], Search]:
        return read_query(serializer, query, self.project.id)

    def attribute_search(self, given: QueryDict) -> Search:
        query = {
            "serviceNames": json_parameter(given, "serviceNames"),
            "filterGroup": json_parameter(given, "filterGroup"),
        }
        body = asked.LogsCountBodySerializer(data=query)
        body.is_valid(raise_exception=True)
        now = datetime.now(UTC)
        try:
            date_range = read_json(given.get("dateRange", "null"))
            ranged = asked.DateRangeSerializer(data=date_range or {})
            ranged.is_valid(raise_exception=True)
            fields = {**body.validated_data, "dateRange": ranged.validated_data}
            return build_search(self.project.id, fields, now)
        except (orjson.JSONDecodeError, ValidationError):
            return build_search(self.project.id, body.validated_data, now)


def query_of(request) -> dict[str, Any]:
    """The body's `query`, as it was sent."""
    data = request.data
    query = data.get("query") if isinstance(data, dict) else None
    if isinstance(data, QueryDict) and query:
        try:
            query = read_json(query)
        except orjson.JSONDecodeError:
            raise ValidationError({"query": ["Value must be valid JSON."]}) from None
    if query is None or query == "":
        raise NoQuery
    if not isinstance(query, dict):
        raise ValidationError({"query": ['Expected an object such as {"searchTerm": "text"}.']})
    return query


def read_query(serializer, query: dict, project_id: int) -> tuple[dict[str, Any], Search]:
    """The checked fields of a query, and the search that it describes."""
    try:
        body = serializer(data=query)
        body.is_valid(raise_exception=True)
        search = build_search(project_id, body.validated_data, datetime.now(UTC))
    except ValidationError as error:
        raise ValidationError({"query": error.detail}) from error
    return body.validated_data, search


def json_parameter(given: QueryDict, name: str) -> Any:
    text = given.get(name)
    if not text:
        return None
    try:
        return read_json(text)
    except orjson.JSONDecodeError:
        raise ValidationError({name: [f"{text[:100]!r} is not JSON."]}) from None


def attribute_column(given: QueryDict) -> str:
    return "resource_attributes" if given.get("attribute_type") == "resource" else "attributes"


def number(text: str | None, default: int) -> int:
    """Lenient, as pages are: what makes no sense counts as not given."""
    if text and text.isascii() and text.isdecimal():
        return min(int(text), queries.MAX_KEYS) or default
    return default
