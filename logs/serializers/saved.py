"""Saved views and exports."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from logs.exporting import is_column
from logs.models import LogsExport, LogsView
from logs.serializers.queries import EXAMPLE, LogsQueryBodySerializer
from posthog_clone.api.serializers import ModelSerializer, Serializer
from projects.serializers.basic import UserBasicSerializer


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Keep a search",
            {"name": "Refused cards", "filters": EXAMPLE, "pinned": True},
            request_only=True,
        )
    ]
)
class LogsViewSerializer(ModelSerializer):
    filters = serializers.DictField(
        required=False, help_text="What the search was: any object, kept as it is."
    )
    created_by = UserBasicSerializer(read_only=True, allow_null=True)

    class Meta:
        model = LogsView
        fields = [
            "id",
            "short_id",
            "name",
            "filters",
            "pinned",
            "created_at",
            "created_by",
            "updated_at",
        ]
        read_only_fields = ["id", "short_id", "created_at", "created_by", "updated_at"]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Some columns as JSON lines",
            {
                "query": EXAMPLE,
                "columns": ["timestamp", "body", "attributes.http.status_code"],
                "export_format": LogsExport.Format.JSONL.value,
            },
            request_only=True,
        )
    ]
)
class LogsExportRequestSerializer(Serializer):
    query = LogsQueryBodySerializer()
    columns = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        allow_null=True,
        help_text="Fields of a line, and single attributes such as `attributes.http.route`.",
    )
    export_format = serializers.ChoiceField(
        LogsExport.Format.choices, required=False, default=LogsExport.Format.CSV
    )

    def validate_columns(self, columns):
        if unknown := [column for column in columns or [] if not is_column(column)]:
            raise ValidationError(f"{unknown[0]!r} is not a column of log lines.")
        return columns


class LogsExportSerializer(ModelSerializer):
    has_content = serializers.SerializerMethodField()

    class Meta:
        model = LogsExport
        fields = ["id", "export_format", "created_at", "has_content", "filename"]
        read_only_fields = fields

    def get_has_content(self, export) -> bool:
        return True
