"""The query endpoint."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response

from hogql import kinds
from hogql.kinds import Run
from insights import answering, csv, running
from insights.answering import Question
from insights.asking import MAX_ROWS
from insights.concurrency import slot
from insights.models import Insight, QueryRun
from insights.overrides import overridden
from insights.refreshing import MODES, Refresh, refresh_of
from insights.serializers.queries import (
    MessageSerializer,
    QueryRequestSerializer,
    QueryResponseSerializer,
    QueryStatusResponseSerializer,
)
from insights.statuses import http_status, status_of
from insights.streaming import streamed
from posthog_clone.api.csv import CSVRenderer
from posthog_clone.api.renderers import JSONRenderer
from projects.viewsets import ProjectViewSet

TRUE = {"true", "1"}


class QueryViewSet(ProjectViewSet):
    """Queries of every kind, answered at once or asynchronously."""

    required_scopes = ["query:read"]
    rate_limit = "query"
    queryset = QueryRun.objects.select_related("project")
    serializer_class = QueryRequestSerializer
    renderer_classes = [JSONRenderer, CSVRenderer]
    lookup_field = "query_id"
    lookup_url_kwarg = "id"
    pagination_class = None

    @extend_schema(
        parameters=[
            OpenApiParameter("refresh", enum=list(MODES), description="As in the body."),
            OpenApiParameter(
                "format",
                enum=["json", "csv"],
                description="`csv`: the rows alone, up to 50,000, computed anew and streamed.",
            ),
        ],
        responses={
            200: QueryResponseSerializer,
            202: OpenApiResponse(
                QueryStatusResponseSerializer, description="It runs; ask for it by its id."
            ),
        },
    )
    def create(self, request, **kwargs):
        """Answer a query.

        `query.kind` says what is asked; the examples show the kinds. What is known already and
        fresh is not computed again, unless `refresh` says so. A query that may take long can be
        asked with `refresh` `async`, and fetched by the `id` of the `query_status`.
        """
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        fields = asked.validated_data
        query = overridden(
            fields["query"], fields.get("filters_override"), fields.get("variables_override")
        )
        query_id = fields.get("client_query_id") or str(uuid4())
        if request.accepted_renderer.format == "csv":
            return self.csv(query, query_id)
        refresh = refresh_of(
            request.query_params.get("refresh") or fields.get("refresh"),
            default="blocking",
            is_async=bool(fields.get("async")),
        )
        return respond(Question.of(self.project, query), refresh, query_id, user=request.user)

    def csv(self, query: Mapping[str, Any], query_id: str) -> StreamingHttpResponse:
        source = kinds.unwrapped(query)
        run = Run(now=timezone.now(), query_id=query_id, max_rows=MAX_ROWS)
        if source["kind"] == "HogQLQuery":
            lines = csv.lines(*streamed(self.project, source, run))
        else:
            with slot(self.project.id):
                lines = csv.of_answer(kinds.answer(self.project, source, run))
        return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")

    @extend_schema(
        parameters=[
            OpenApiParameter("show_progress", bool, description="With what it has read so far.")
        ],
        responses={
            200: QueryStatusResponseSerializer,
            202: OpenApiResponse(QueryStatusResponseSerializer, description="It runs still."),
        },
    )
    def retrieve(self, request, **kwargs):
        """How an asynchronous query stands, and its answer: for 20 minutes."""
        run, now = self.get_object(), timezone.now()
        if run.expires_at < now and not run.is_unfinished:
            raise NotFound
        wants_progress = request.query_params.get("show_progress", "").lower() in TRUE
        body = {"query_status": status_of(run, now, with_progress=wants_progress)}
        return Response(body, status=http_status(run, now))

    @extend_schema(responses=MessageSerializer)
    def destroy(self, request, id, **kwargs):
        """Stop a query by its id, or by the `client_query_id` it was asked with."""
        if len(id) > QueryRun._meta.get_field("query_id").max_length:
            raise ValidationError({"id": "Ids of queries are shorter."})
        running.cancel(self.project, id)
        return Response({"message": "Query cancelled."})


def respond(
    question: Question,
    refresh: Refresh,
    query_id: str,
    *,
    user,
    insight: Insight | None = None,
) -> Response:
    """The answer, kept or computed as `refresh` has it; 202 with word of one that is on its way."""
    now = timezone.now()
    found = None if refresh.always else answering.kept(question)
    if not refresh.computes or answering.fresh(found, now, lazy=refresh.lazy):
        return Response(answering.from_cache(question, found))
    if refresh.waits or (refresh.waits_for_first and found is None):
        with slot(question.project.id):
            return Response(answering.compute(question, Run(now=now, query_id=query_id)))
    run = running.start(question, query_id, now=now, user=user, insight=insight)
    body = {"query_status": status_of(run, now)}
    if found is not None:
        body = answering.from_cache(question, found) | body
    return Response(body, status=202)
