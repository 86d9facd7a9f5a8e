from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from error_tracking.models import ErrorTrackingSettings, SpikeDetectionConfig, SpikeEvent
from posthog_clone.api.serializers import ModelSerializer, Serializer

MAX_INTEGER = 2**31 - 1


def limit():
    return serializers.IntegerField(
        min_value=1, max_value=MAX_INTEGER, required=False, allow_null=True
    )


def positive():
    return serializers.IntegerField(min_value=1, max_value=MAX_INTEGER, required=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "At most 1000 an hour, 100 of each issue",
            {
                "project_rate_limit_value": 1000,
                "project_rate_limit_bucket_size_minutes": 60,
                "per_issue_rate_limit_value": 100,
                "per_issue_rate_limit_bucket_size_minutes": 60,
            },
            request_only=True,
        )
    ]
)
class ErrorTrackingSettingsSerializer(ModelSerializer):
    project_rate_limit_value = limit()
    project_rate_limit_bucket_size_minutes = limit()
    per_issue_rate_limit_value = limit()
    per_issue_rate_limit_bucket_size_minutes = limit()

    class Meta:
        model = ErrorTrackingSettings
        fields = [
            "project_rate_limit_value",
            "project_rate_limit_bucket_size_minutes",
            "per_issue_rate_limit_value",
            "per_issue_rate_limit_bucket_size_minutes",
        ]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Ten times as often, told once an hour",
            {"multiplier": 10, "threshold": 100, "snooze_duration_minutes": 60},
            request_only=True,
        )
    ]
)
class SpikeDetectionConfigSerializer(ModelSerializer):
    snooze_duration_minutes = positive()
    multiplier = positive()
    threshold = positive()

    class Meta:
        model = SpikeDetectionConfig
        fields = ["snooze_duration_minutes", "multiplier", "threshold"]


class SpikeIssueSerializer(Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_null=True)


class SpikeEventSerializer(ModelSerializer):
    issue = SpikeIssueSerializer(read_only=True)

    class Meta:
        model = SpikeEvent
        fields = ["id", "issue", "detected_at", "computed_baseline", "current_bucket_value"]


class ErrorTrackingRecommendationSerializer(Serializer):
    id = serializers.UUIDField()
    type = serializers.CharField()
    meta = serializers.DictField()
    computed_at = serializers.DateTimeField(allow_null=True)
    dismissed_at = serializers.DateTimeField(allow_null=True)
    next_refresh_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
