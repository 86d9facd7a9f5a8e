from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from error_tracking.models import StackFrame
from error_tracking.serializers.releases import ReleaseSerializer
from posthog_clone.api.serializers import ModelSerializer, Serializer


class StackFrameSerializer(ModelSerializer):
    contents = serializers.DictField(read_only=True)
    context = serializers.DictField(read_only=True, allow_null=True)
    release = ReleaseSerializer(read_only=True, allow_null=True)

    class Meta:
        model = StackFrame
        fields = [
            "id",
            "raw_id",
            "created_at",
            "contents",
            "resolved",
            "context",
            "symbol_set_ref",
            "release",
        ]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two frames",
            {
                "raw_ids": [
                    "c4a1c4a1c4a1c4a1c4a1c4a1c4a1c4a1/0",
                    "77e077e077e077e077e077e077e077e0/0",
                ]
            },
            request_only=True,
            description="The `raw_id` of frames in an event's `$exception_list`.",
        )
    ]
)
class FramesWantedSerializer(Serializer):
    raw_ids = serializers.ListField(
        child=serializers.CharField(allow_blank=True), required=False, max_length=10_000
    )
    symbol_set = serializers.UUIDField(required=False, allow_null=True)
