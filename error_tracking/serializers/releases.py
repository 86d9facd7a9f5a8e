from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from error_tracking.models import Release
from posthog_clone.api.serializers import ModelSerializer

MAX_HASH = 128


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A release of the web shop",
            {
                "project": "web-shop",
                "version": "2.4.1",
                "metadata": {"git": {"commit_id": "5f2b8e1c", "branch": "main"}},
            },
            request_only=True,
        )
    ]
)
class ReleaseSerializer(ModelSerializer):
    team_id = serializers.IntegerField(source="project_id", read_only=True)
    hash_id = serializers.CharField(
        max_length=MAX_HASH, required=False, allow_null=True, allow_blank=True
    )
    project = serializers.CharField(source="app")

    class Meta:
        model = Release
        fields = ["id", "hash_id", "team_id", "created_at", "metadata", "version", "project"]
        read_only_fields = ["id", "created_at"]


class ReleaseUpdateSerializer(ReleaseSerializer):
    """What is empty keeps its old value."""

    version = serializers.CharField(required=False, allow_null=True, allow_blank=True)
    project = serializers.CharField(source="app", required=False, allow_null=True, allow_blank=True)

    def validate(self, attrs):
        return {field: value for field, value in attrs.items() if value}
