"""Saved views, and exports to files."""

from datetime import UTC, datetime

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import CreateModelMixin, RetrieveModelMixin
from rest_framework.permissions import SAFE_METHODS
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from logs import exporting, queries
from logs.models import LogsExport, LogsView
from logs.search import build_search
from logs.serializers.queries import LogsQueryBodySerializer
from logs.serializers.saved import (
    LogsExportRequestSerializer,
    LogsExportSerializer,
    LogsViewSerializer,
)
from logs.views.logs import READ, query_of, read_query
from posthog_clone.api.updating import PutAsPatch
from projects.viewsets import ProjectViewSet


class LogsViewViewSet(ProjectViewSet, PutAsPatch, ModelViewSet):
    """Searches that people keep."""

    queryset = LogsView.objects.select_related("created_by").order_by("-created_at", "-id")
    serializer_class = LogsViewSerializer
    lookup_field = "short_id"

    def get_required_scopes(self):
        return READ if self.request.method in SAFE_METHODS else ["logs:write"]

    def perform_create(self, serializer):
        serializer.save(project=self.project, created_by=self.request.user)


class LogsExportViewSet(ProjectViewSet, CreateModelMixin, RetrieveModelMixin):
    """Lines as files: a search is kept, and its lines are read when the file is fetched."""

    required_scopes = READ
    queryset = LogsExport.objects.order_by("-id")
    serializer_class = LogsExportSerializer

    @extend_schema(request=LogsExportRequestSerializer, responses={201: LogsExportSerializer})
    def create(self, request, **kwargs):
        query = query_of(request)
        _, search = read_query(LogsQueryBodySerializer, query, self.project.id)
        body = LogsExportRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        bounds = {"date_from": search.date_from, "date_to": search.date_to}
        export = LogsExport.objects.create(
            project=self.project,
            created_by=request.user,
            query={**query, "dateRange": {name: at.isoformat() for name, at in bounds.items()}},
            columns=body.validated_data.get("columns") or [],
            export_format=body.validated_data["export_format"],
            filename=exporting.filename(search),
        )
        return Response(self.get_serializer(export).data, status=201)

    @extend_schema(
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/jsonl"): OpenApiTypes.STR,
        }
    )
    @action(detail=True)
    def content(self, request, **kwargs):
        """The file: at most 10,000 lines."""
        export = self.get_object()
        body = LogsQueryBodySerializer(data={**export.query, "limit": None})
        body.is_valid(raise_exception=True)
        fields = {**body.validated_data, "limit": exporting.MAX_LINES}
        search = build_search(export.project_id, fields, datetime.now(UTC))
        lines = queries.stream(search)
        if export.export_format == LogsExport.Format.JSONL:
            chunks, suffix = exporting.to_json_lines(lines, export.columns), "jsonl"
        else:
            columns = export.columns or list(exporting.DEFAULT_COLUMNS)
            chunks, suffix = exporting.to_csv(lines, columns), "csv"
        name = f"{export.filename}.{suffix}"
        return StreamingHttpResponse(
            chunks,
            content_type=f"{export.export_format}; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
