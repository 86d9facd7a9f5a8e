import orjson
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from app_metrics.models import ExportRun
from app_metrics.recording import Category
from posthog_clone.api.serializers import ModelSerializer
from projects.serializers.basic import UserBasicSerializer


class MetricsRequestSerializer(serializers.Serializer):
    """The parameters of the series; the bounds are read by filters.span."""

    category = serializers.ChoiceField(
        Category.choices, required=False, help_text="Only runs of this kind."
    )
    job_id = serializers.CharField(
        required=False, help_text="Only runs of this job: the id of an export or a destination."
    )
    date_from = serializers.CharField(
        required=False,
        help_text="The start: a date, ISO 8601, or relative like `-7d` or `mStart`. By default "
        "`-30d`.",
    )
    date_to = serializers.CharField(required=False, help_text="The end; by default now.")


class ErrorDetailsRequestSerializer(serializers.Serializer):
    error_type = serializers.CharField(required=False, help_text="Only errors of this type.")
    category = serializers.ChoiceField(Category.choices, required=False)
    job_id = serializers.CharField(required=False)


class TotalsSerializer(serializers.Serializer):
    successes = serializers.IntegerField()
    successes_on_retry = serializers.IntegerField()
    failures = serializers.IntegerField()


class SeriesSerializer(serializers.Serializer):
    dates = serializers.ListField(child=serializers.CharField())
    successes = serializers.ListField(child=serializers.IntegerField())
    successes_on_retry = serializers.ListField(child=serializers.IntegerField())
    failures = serializers.ListField(child=serializers.IntegerField())
    totals = TotalsSerializer()


class ErrorCountSerializer(serializers.Serializer):
    error_type = serializers.CharField()
    count = serializers.IntegerField()
    last_seen = serializers.DateTimeField()


class MetricsSerializer(serializers.Serializer):
    metrics = SeriesSerializer()
    errors = ErrorCountSerializer(many=True, allow_null=True)


class ErrorDetailSerializer(serializers.Serializer):
    timestamp = serializers.DateTimeField()
    error_uuid = serializers.UUIDField()
    error_type = serializers.CharField()
    error_details = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_error_details(self, row):
        return orjson.loads(row.error_details)


class ErrorDetailsSerializer(serializers.Serializer):
    result = ErrorDetailSerializer(many=True)


class ExportRunSerializer(ModelSerializer):
    """Until the run is finished, `finished_at` and `duration` are left out."""

    created_by = UserBasicSerializer(allow_null=True, read_only=True)
    finished_at = serializers.DateTimeField(required=False)
    duration = serializers.SerializerMethodField(help_text="In seconds.")

    class Meta:
        model = ExportRun
        fields = [
            "created_at",
            "created_by",
            "job_id",
            "payload",
            "status",
            "finished_at",
            "duration",
        ]
        read_only_fields = fields

    def get_duration(self, run: ExportRun) -> float | None:
        return run.finished_at and (run.finished_at - run.created_at).total_seconds()

    def to_representation(self, run):
        shown = super().to_representation(run)
        if run.finished_at is None:
            del shown["finished_at"], shown["duration"]
        return shown


@extend_schema_serializer(many=False)
class ExportRunListSerializer(serializers.Serializer):
    results = ExportRunSerializer(many=True)


class ExportRunDetailSerializer(MetricsSerializer):
    summary = ExportRunSerializer()
