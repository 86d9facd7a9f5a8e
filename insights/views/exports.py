"""Exports: started, watched and fetched."""

import django_filters
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.mixins import CreateModelMixin, ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response

from insights.exports import files
from insights.exports.asking import check_rights, start
from insights.models import Export
from insights.serializers.exports import (
    ExportDetailSerializer,
    ExportRequestSerializer,
    ExportSerializer,
)
from projects.viewsets import ProjectViewSet

TRUE = {"", "true", "1"}


class ExportFilter(django_filters.FilterSet):
    export_format = django_filters.ChoiceFilter(choices=Export.Format.choices)
    context_path = django_filters.CharFilter(
        field_name="export_context__path", lookup_expr="icontains"
    )

    class Meta:
        model = Export
        fields = []


class ExportViewSet(CreateModelMixin, ListModelMixin, RetrieveModelMixin, ProjectViewSet):
    """Files of events, persons or whatever else the API lists, and of what queries give.

    An export holds at most 300,000 rows and is kept for a week. Everybody sees their own.
    """

    scope_object = "export"
    queryset = Export.objects.order_by("-created_at", "-id")
    serializer_class = ExportSerializer
    filterset_class = ExportFilter

    def get_queryset(self):
        return super().get_queryset().live(timezone.now()).filter(created_by=self.request.user)

    def get_serializer_class(self):
        return ExportDetailSerializer if self.action == "retrieve" else ExportSerializer

    @extend_schema(request=ExportRequestSerializer, responses={201: ExportSerializer})
    def create(self, request, **kwargs):
        body = ExportRequestSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        insight, context = (body.validated_data.get(n) for n in ("insight", "export_context"))
        check_rights(request, self.project, insight, context)
        export = start(
            self.project,
            request.user,
            body.validated_data["export_format"],
            insight=insight,
            context=context,
        )
        return Response(self.get_serializer(export).data, status=201)

    def get_object(self) -> Export:
        export = super().get_object()
        check_rights(self.request, self.project, export.insight, export.export_context)
        return export

    @extend_schema(
        parameters=[
            OpenApiParameter("download", OpenApiTypes.BOOL, description="As an attachment.")
        ],
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/x-ndjson"): OpenApiTypes.STR,
            (200, "application/json"): OpenApiTypes.BINARY,
        },
        filters=False,
    )
    @action(detail=True)
    def content(self, request, **kwargs):
        """The file."""
        export = self.get_object()
        if not export.has_content:
            raise NotFound("The file is not ready.")
        wanted = request.query_params.get("download", "false").lower()
        return files.answer(export, attachment=wanted in TRUE)


@require_GET
def download(request: HttpRequest, token: str) -> HttpResponse | FileResponse:
    """Answer a link of `files.link`. No credentials here: the link is what gives access."""
    export = files.linked(token)
    if export is None or export.expires_after <= timezone.now():
        return HttpResponse(
            "The link is not valid, or no longer.\n", status=403, content_type="text/plain"
        )
    return files.answer(export, attachment=True)
