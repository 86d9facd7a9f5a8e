"""Insights: queries that are kept."""

from typing import Any

import orjson
from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.mixins import CreateModelMixin, ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response

from insights import caching
from insights.changing import change_insight, create_insight
from insights.filters import InsightFilter
from insights.models import Insight
from insights.overrides import FiltersOverrideSerializer
from insights.refreshing import MODES, refresh_of
from insights.results import Answers, answers_of, question_of
from insights.serializers.insights import InsightBasicSerializer, InsightSerializer
from posthog_clone.api.deletion import HardDeleteForbidden
from posthog_clone.api.parsers import read_json
from posthog_clone.api.updating import PatchModelMixin
from projects.views.activity import ActivityMixin
from projects.viewsets import ProjectViewSet

TRUE = {"true", "1"}
FALSE = (False, "false", "False", "0", 0)
ID = OpenApiParameter(
    "id", str, OpenApiParameter.PATH, description="The insight's number or its short id."
)
REFRESH = OpenApiParameter(
    "refresh",
    enum=list(MODES),
    description="When to compute the result; by default never (`force_cache`).",
)
OVERRIDES = [
    OpenApiParameter("filters_override", description="JSON: other dates, further properties."),
    OpenApiParameter("variables_override", description="JSON: other values of variables, by id."),
]


@extend_schema_view(
    list=extend_schema(
        parameters=[
            REFRESH,
            OpenApiParameter("basic", bool, description="`true` leaves out all about results."),
        ]
    ),
    retrieve=extend_schema(parameters=[ID, REFRESH, *OVERRIDES]),
    partial_update=extend_schema(parameters=[ID]),
    destroy=extend_schema(parameters=[ID]),
    activity=extend_schema(parameters=[ID]),
)
class InsightViewSet(
    ActivityMixin,
    HardDeleteForbidden,
    CreateModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
    PatchModelMixin,
    ProjectViewSet,
):
    """Stored queries. One is deleted by PATCH `{"deleted": true}` and comes back the same way."""

    scope_object = "insight"
    rate_limit = "clickhouse"
    activity_scope = "Insight"
    hard_delete_scopes = ["insight:write"]
    queryset = Insight.objects.select_related("created_by", "last_modified_by").order_by(
        "-last_modified_at", "-id"
    )
    serializer_class = InsightSerializer
    filterset_class = InsightFilter

    def get_queryset(self):
        queryset = super().get_queryset()
        return queryset if self.restores() else queryset.live()

    def restores(self) -> bool:
        """PATCH `{"deleted": false}` is the one thing to do with what is deleted."""
        data = self.request.data if self.action == "partial_update" else None
        return isinstance(data, dict) and "deleted" in data and data["deleted"] in FALSE

    def get_object(self):
        insight = self.get_queryset().named(self.kwargs["pk"]).first()
        if insight is None:
            raise NotFound
        return insight

    def list(self, request, **kwargs):
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        if request.query_params.get("basic", "").lower() in TRUE:
            context = {**self.get_serializer_context(), "refreshed": self.refreshed(page)}
            serializer = InsightBasicSerializer(page, many=True, context=context)
        else:
            serializer = self.shown(page, self.answers(page), many=True)
        return self.get_paginated_response(serializer.data)

    def retrieve(self, request, **kwargs):
        insight = self.get_object()
        answers = self.answers(
            [insight],
            filters=self.override("filters_override"),
            variables=self.override("variables_override"),
        )
        return Response(self.shown(insight, answers).data)

    def create(self, request, **kwargs):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        insight = create_insight(self.project, request.user, serializer.validated_data)
        return Response(self.shown(insight, self.answers([insight])).data, status=201)

    def partial_update(self, request, **kwargs):
        insight = self.get_object()
        serializer = self.get_serializer(insight, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        change_insight(insight, request.user, serializer.validated_data)
        return Response(self.shown(insight, self.answers([insight])).data)

    def shown(self, insights, answers: Answers, **options) -> InsightSerializer:
        shown = insights if options.get("many") else [insights]
        alerts = import_string(settings.INSIGHT_ALERTS)(shown, self.request)
        context = {**self.get_serializer_context(), "answers": answers, "alerts": alerts}
        return InsightSerializer(insights, context=context, **options)

    def answers(self, insights, **overrides: Any) -> Answers:
        reads = self.action in ("list", "retrieve")
        given = self.request.query_params.get("refresh") if reads else None
        return answers_of(
            insights,
            self.project,
            refresh_of(given, default="force_cache"),
            now=timezone.now(),
            user=self.request.user,
            **overrides,
        )

    def refreshed(self, insights) -> dict[int, Any]:
        """When the kept answer of each was made."""
        questions = {
            insight.id: question_of(insight, self.project, None, None) for insight in insights
        }
        keys = {id: question.key for id, question in questions.items() if question}
        times = caching.refresh_times(self.project, list(keys.values()))
        return {id: times[key] for id, key in keys.items() if key in times}

    def override(self, name: str) -> dict[str, Any] | None:
        text = self.request.query_params.get(name)
        if not text:
            return None
        try:
            value = read_json(text)
        except orjson.JSONDecodeError:
            value = None
        if not isinstance(value, dict):
            raise ValidationError({name: f"{name} must be a JSON object, not {text[:100]!r}."})
        if name == "filters_override":
            read = FiltersOverrideSerializer(data=value)
            read.is_valid(raise_exception=True)
            return read.validated_data
        if not all(isinstance(variable, dict) for variable in value.values()):
            raise ValidationError({name: 'Variables are objects such as {"id": {"value": 1}}.'})
        return value
