"""Exports."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from insights.exports import files
from insights.exports.asking import check_context
from insights.models import Export, Insight
from posthog_clone.api.serializers import Constant, ModelSerializer, Serializer

NOTHING_TO_EXPORT = "Either dashboard, insight or export_context is required for an export."


@extend_schema_field(OpenApiTypes.INT)
class LiveInsights(serializers.PrimaryKeyRelatedField):
    def get_queryset(self):
        return Insight.objects.live().filter(project=self.context["project"])


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Purchases as JSON lines",
            {
                "export_format": "application/x-ndjson",
                "export_context": {
                    "path": "/api/projects/@current/events/?event=purchase&after=-30d",
                    "filename": "purchases",
                },
            },
        ),
        OpenApiExample(
            "A query as CSV",
            {
                "export_format": "text/csv",
                "export_context": {
                    "source": {
                        "kind": "HogQLQuery",
                        "query": "SELECT event, count() FROM events GROUP BY event",
                    }
                },
            },
        ),
    ]
)
class ExportRequestSerializer(Serializer):
    """What is to be exported: an insight, a path of this API or a query."""

    export_format = serializers.ChoiceField(Export.Format.choices)
    dashboard = serializers.IntegerField(
        required=False, allow_null=True, help_text="There are no dashboards here: leave it out."
    )
    insight = LiveInsights(required=False, allow_null=True, help_text="The insight's id.")
    export_context = serializers.DictField(
        required=False,
        allow_null=True,
        help_text="`path`, an address of this project's API that answers GET, whose pages are "
        "followed; or `source`, a query. And perhaps a `filename`.",
    )

    def validate_dashboard(self, id: int | None) -> None:
        if id is not None:
            raise ValidationError(
                "There are no dashboards here: export an insight or give an export_context.",
                code="does_not_exist",
            )

    def validate_export_context(self, context: dict | None) -> dict | None:
        if context:
            try:
                check_context(context, self.context["project"])
            except ValidationError as error:
                raise ValidationError(error.detail["export_context"]) from error
        return context or None

    def validate(self, fields):
        if not fields.get("insight") and not fields.get("export_context"):
            raise ValidationError(NOTHING_TO_EXPORT)
        if fields.get("insight") and fields.get("export_context"):
            raise ValidationError("Give either an insight or an export_context.")
        return fields


class ExportSerializer(ModelSerializer):
    """An export: wait for `has_content`, or for `exception` with a `status` of `fail`."""

    dashboard = Constant(None, int)
    insight = serializers.PrimaryKeyRelatedField(read_only=True)
    has_content = serializers.BooleanField(read_only=True)
    export_context = serializers.DictField(read_only=True, allow_null=True)
    status = serializers.ChoiceField(Export.Status.choices, read_only=True)
    rows = serializers.IntegerField(read_only=True, help_text="Written so far.")
    total_rows = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="Null while that isn't known."
    )

    class Meta:
        model = Export
        fields = [
            "id",
            "dashboard",
            "insight",
            "export_format",
            "created_at",
            "has_content",
            "export_context",
            "filename",
            "expires_after",
            "exception",
            "status",
            "rows",
            "total_rows",
            "finished_at",
        ]
        read_only_fields = fields


class ExportDetailSerializer(ExportSerializer):
    download_url = serializers.SerializerMethodField(
        help_text="Gives the file, without credentials, for an hour. Null until there is one."
    )

    class Meta(ExportSerializer.Meta):
        fields = [*ExportSerializer.Meta.fields, "download_url"]
        read_only_fields = fields

    def get_download_url(self, export: Export) -> str | None:
        return files.link(self.context["request"], export) if export.has_content else None
