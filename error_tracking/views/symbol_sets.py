from django.core.files.base import ContentFile
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.mixins import DestroyModelMixin, ListModelMixin, RetrieveModelMixin
from rest_framework.parsers import BaseParser, FileUploadParser, MultiPartParser
from rest_framework.response import Response

from error_tracking import symbol_files
from error_tracking.filters import SymbolSetFilter
from error_tracking.models import SymbolSet
from error_tracking.serializers.symbol_sets import (
    AnnouncedSerializer,
    FinishUploadSerializer,
    FinishUploadsSerializer,
    SourceAndMapSerializer,
    StartUploadsSerializer,
    SymbolSetBulkDeleteSerializer,
    SymbolSetSerializer,
)
from error_tracking.symbol_data import write_source_and_map
from error_tracking.symbol_sets import (
    Announced,
    Conflicts,
    check_uploads,
    delete_symbol_sets,
    file_too_large,
    find_releases,
    finish_upload,
    finish_uploads,
    replace_file,
    start_uploads,
    upload_at_once,
)
from posthog_clone.api.pagination import Pagination
from projects.viewsets import ProjectViewSet

UPLOAD_SECONDS = 5 * 60
OLD_UPLOAD_SECONDS = 60 * 60
MULTIPART_OVERHEAD = 1024 * 1024
FILE_ACTIONS = {"create", "update", "partial_update"}
CHUNK_ID = OpenApiParameter("chunk_id", required=True)
RELEASE_ID = OpenApiParameter("release_id")
SUCCESS = inline_serializer("SymbolSetSuccess", {"success": serializers.BooleanField()})
UPLOAD_FORM = inline_serializer(
    "SymbolSetUploadForm",
    {
        "url": serializers.URLField(),
        "fields": serializers.DictField(child=serializers.CharField()),
    },
)
UPLOAD = inline_serializer(
    "SymbolSetUpload", {"presigned_url": UPLOAD_FORM, "symbol_set_id": serializers.UUIDField()}
)
UPLOADS = inline_serializer("SymbolSetUploads", {"id_map": serializers.DictField(child=UPLOAD)})
TO_UPLOAD = inline_serializer(
    "SymbolSetsToUpload",
    {"chunk_ids_to_upload": serializers.ListField(child=serializers.CharField())},
)
LINK = inline_serializer("SymbolSetLink", {"url": serializers.URLField()})
DELETED = inline_serializer("SymbolSetsDeleted", {"deleted": serializers.IntegerField()})


class AnyBody(BaseParser):
    """Takes any body and looks at none."""

    media_type = "*/*"

    def parse(self, stream, media_type=None, parser_context=None):
        return {}


class SymbolSetPages(Pagination):
    max_limit = 100


class SymbolSetViewSet(ListModelMixin, RetrieveModelMixin, DestroyModelMixin, ProjectViewSet):
    """Source maps and other debug files. Their content is uploaded by signed links."""

    scope_object = "error_tracking"
    queryset = SymbolSet.objects.select_related("release").order_by("-created_at", "-id")
    serializer_class = SymbolSetSerializer
    pagination_class = SymbolSetPages
    filterset_class = SymbolSetFilter

    @property
    def max_body_bytes(self):
        if self.action in FILE_ACTIONS:
            return float("inf")  # what is too large is told in another way
        return super().max_body_bytes

    def initial(self, request, *args, **kwargs):
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if self.action in FILE_ACTIONS and length > symbol_files.MAX_BYTES + MULTIPART_OVERHEAD:
            raise file_too_large()
        super().initial(request, *args, **kwargs)

    def get_parsers(self):
        if self.request is None:  # the OpenAPI document is being made
            return super().get_parsers()
        wanted = self.action_map.get(self.request.method.lower())  # self.action is not known yet
        if wanted == "create":
            return [MultiPartParser(), FileUploadParser()]
        if wanted in FILE_ACTIONS:
            return [MultiPartParser(), AnyBody()]
        return super().get_parsers()

    def filter_queryset(self, queryset):
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    @extend_schema(
        parameters=[CHUNK_ID, RELEASE_ID, OpenApiParameter("multipart", type=bool)],
        request={
            "multipart/form-data": {"type": "object", "properties": {"file": {"type": "string"}}}
        },
        responses={201: SymbolSetSerializer},
    )
    def create(self, request, **kwargs):
        (announced,) = self.announced([self.announced_by_query(request)])
        file = request.data.get("file")
        if not hasattr(file, "chunks"):
            raise ValidationError({"file": "The file is missing."}, code="required")
        row = upload_at_once(self.project, announced.ref, announced.release, file)
        body = self.get_serializer(row).data
        return Response({**body, "ok": True}, status=status.HTTP_201_CREATED)

    @extend_schema(request={"multipart/form-data": SourceAndMapSerializer})
    def update(self, request, **kwargs):
        row = self.get_object()
        if {"minified", "source_map"} & set(request.FILES):
            body = SourceAndMapSerializer(data=request.data)
            body.is_valid(raise_exception=True)
            source, source_map = (body.validated_data[key] for key in ("minified", "source_map"))
            file = ContentFile(write_source_and_map(source.read(), source_map.read()))
            replace_file(row, file)
        return Response(self.get_serializer(row).data)

    @extend_schema(request={"multipart/form-data": SourceAndMapSerializer})
    def partial_update(self, request, **kwargs):
        return self.update(request, **kwargs)

    def perform_destroy(self, instance):
        delete_symbol_sets([instance])

    @extend_schema(request=SymbolSetBulkDeleteSerializer, responses=DELETED)
    @action(detail=False, methods=["post"], pagination_class=None)
    def bulk_delete(self, request, **kwargs):
        ids = self.read(SymbolSetBulkDeleteSerializer)["ids"]
        return Response({"deleted": delete_symbol_sets(self.get_queryset().filter(id__in=ids))})

    @extend_schema(responses=LINK)
    @action(detail=True)
    def download(self, request, **kwargs):
        row = self.get_object()
        if not symbol_files.has_file(row):
            raise NotFound("Symbol set has no uploaded file.")
        return Response({"url": symbol_files.download_link(request, row)})

    @extend_schema(request=StartUploadsSerializer, responses={201: UPLOADS})
    @action(detail=False, methods=["post"], pagination_class=None)
    def bulk_start_upload(self, request, **kwargs):
        body = self.read(StartUploadsSerializer)
        rows = start_uploads(self.project, self.announced(body["announced"]), conflicts(body))
        forms = {ref: self.form(row, UPLOAD_SECONDS) for ref, row in rows.items()}
        return Response({"id_map": forms}, status=status.HTTP_201_CREATED)

    @extend_schema(request=StartUploadsSerializer, responses=TO_UPLOAD)
    @action(detail=False, methods=["post"], pagination_class=None)
    def bulk_check_upload(self, request, **kwargs):
        body = self.read(StartUploadsSerializer)
        refs = check_uploads(self.project, self.announced(body["announced"]), conflicts(body))
        return Response({"chunk_ids_to_upload": refs})

    @extend_schema(request=FinishUploadsSerializer, responses={201: SUCCESS})
    @action(detail=False, methods=["post"], pagination_class=None)
    def bulk_finish_upload(self, request, **kwargs):
        finish_uploads(self.project, self.read(FinishUploadsSerializer)["content_hashes"])
        return Response({"success": True}, status=status.HTTP_201_CREATED)

    @extend_schema(parameters=[CHUNK_ID, RELEASE_ID], request=None, responses={201: UPLOAD})
    @action(detail=False, methods=["post"], pagination_class=None)
    def start_upload(self, request, **kwargs):
        announced = self.announced([self.announced_by_query(request)])
        (row,) = start_uploads(self.project, announced, Conflicts(always=True)).values()
        return Response(self.form(row, OLD_UPLOAD_SECONDS), status=status.HTTP_201_CREATED)

    @extend_schema(request=FinishUploadSerializer, responses=SUCCESS)
    @action(detail=True, methods=["put"])
    def finish_upload(self, request, **kwargs):
        row = self.get_object()
        finish_upload(row, self.read(FinishUploadSerializer)["content_hash"])
        return Response({"success": True})

    def read(self, serializer_class):
        body = serializer_class(data=self.request.data)
        body.is_valid(raise_exception=True)
        return body.validated_data

    def announced_by_query(self, request) -> dict:
        if not request.query_params.get("chunk_id"):
            raise ValidationError("chunk_id query parameter is required")
        fields = {key: request.query_params.get(key) for key in ("chunk_id", "release_id")}
        body = AnnouncedSerializer(data=fields)
        body.is_valid(raise_exception=True)
        return body.validated_data

    def announced(self, items: list[dict]) -> list[Announced]:
        releases = find_releases(self.project, [item["release_id"] for item in items])
        return [
            Announced(item["chunk_id"], releases.get(item["release_id"]), item["content_hash"])
            for item in items
        ]

    def form(self, row: SymbolSet, seconds: int) -> dict:
        return {
            "presigned_url": symbol_files.upload_form(self.request, row, seconds),
            "symbol_set_id": str(row.id),
        }


def conflicts(body: dict) -> Conflicts:
    return Conflicts(body["force"], body["skip_on_conflict"], body["skip_release_on_conflict"])
