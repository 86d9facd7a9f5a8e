"""How often an app's runs succeeded and failed, and the history of exports."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from app_metrics import metrics, queries
from app_metrics.buckets import cut
from app_metrics.filters import HOURLY_BELOW, Runs, Span, span
from app_metrics.models import ExportRun
from app_metrics.serializers import (
    ErrorDetailSerializer,
    ErrorDetailsRequestSerializer,
    ErrorDetailsSerializer,
    ExportRunDetailSerializer,
    ExportRunListSerializer,
    ExportRunSerializer,
    MetricsRequestSerializer,
    MetricsSerializer,
)
from posthog_clone.api.openapi import AutoSchema
from projects.viewsets import ProjectViewSet, as_uuid

NUMBER = re.compile(r"-?\d{1,18}", re.ASCII)
AROUND_EXPORT = timedelta(hours=1)


class AppMetricsViewSet(ProjectViewSet):
    """The id names an app by its number, or a job (a destination, say) by its uuid.

    Apps of the first kind have an entry for every hour or day of the time asked for, jobs only
    for days with runs. A number that is no app's is one that never ran.
    """

    scope_object = "plugin"
    queryset = ExportRun.objects.none()
    serializer_class = MetricsSerializer
    pagination_class = None

    @extend_schema(parameters=[MetricsRequestSerializer])
    def retrieve(self, request, pk, **kwargs):
        if "hog-" in pk:
            return Response({"metrics": metrics.as_columns([]), "errors": []})
        wanted = read(MetricsRequestSerializer, request)
        runs = self.runs(pk, wanted)
        by_job = runs.plugin_config_id is None
        over = span(wanted, self.project, default_from="-30d", interval="day" if by_job else None)
        if by_job:
            return Response({"metrics": metrics.days_with_runs(runs, over), "errors": None})
        return Response(
            {"metrics": metrics.series(runs, over), "errors": metrics.errors(runs, over)}
        )

    @extend_schema(parameters=[ErrorDetailsRequestSerializer], responses=ErrorDetailsSerializer)
    @action(detail=True, methods=["get"])
    def error_details(self, request, pk, **kwargs):
        """The newest 20 errors."""
        if "hog-" in pk:
            return Response({"result": []})
        wanted = read(ErrorDetailsRequestSerializer, request)
        rows = queries.error_details(self.runs(pk, wanted), wanted.get("error_type"))
        return Response({"result": ErrorDetailSerializer(rows, many=True).data})

    def runs(self, pk: str, wanted: dict) -> Runs:
        category, job_id = wanted.get("category"), wanted.get("job_id")
        if NUMBER.fullmatch(pk):
            return Runs(self.project.id, int(pk), category, job_id)
        if uuid := as_uuid(pk):
            return Runs(self.project.id, None, category, str(uuid))
        raise NotFound


class HistoricalExportSchema(AutoSchema):
    """PostHog's document does not call this list one, so its operation ids number the two."""

    def get_operation_id(self):
        name = super().get_operation_id()
        if self.view.action == "list":
            return name.removesuffix("list") + "retrieve"
        return f"{name}_2"


class HistoricalExportViewSet(ProjectViewSet):
    """Exports that an app has run, newest first; the app 0 is this server itself."""

    scope_object = "plugin"
    schema = HistoricalExportSchema()
    queryset = ExportRun.objects.select_related("created_by").order_by("-created_at", "-id")
    serializer_class = ExportRunSerializer
    lookup_field = "job_id"
    lookup_url_kwarg = "id"
    pagination_class = None

    def get_queryset(self):
        number = self.kwargs.get("plugin_config_id", "")
        runs = super().get_queryset()
        return runs.filter(plugin_config_id=number) if NUMBER.fullmatch(number) else runs.none()

    @extend_schema(responses=ExportRunListSerializer)
    def list(self, request, **kwargs):
        rows = self.get_serializer(self.get_queryset(), many=True).data
        return Response({"results": rows})

    @extend_schema(responses=ExportRunDetailSerializer)
    def retrieve(self, request, **kwargs):
        run = self.get_object()
        runs = Runs(self.project.id, run.plugin_config_id, job_id=run.job_id)
        over = around(run, ZoneInfo(self.project.timezone))
        return Response(
            {
                "summary": self.get_serializer(run).data,
                "metrics": metrics.series(runs, over),
                "errors": metrics.errors(runs, over),
            }
        )


def around(run: ExportRun, tz: ZoneInfo) -> Span:
    """The time of a run, and an hour before and after it."""
    start = run.created_at - AROUND_EXPORT
    end = run.finished_at + AROUND_EXPORT if run.finished_at else timezone.now()
    interval = "hour" if end - start < HOURLY_BELOW else "day"
    return Span(interval, tz, cut(start, end, interval, tz))


def read(serializer_class, request) -> dict:
    serializer = serializer_class(data=request.query_params)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data
