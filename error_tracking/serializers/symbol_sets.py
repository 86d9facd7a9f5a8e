from collections import Counter

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from error_tracking.models import SymbolSet
from error_tracking.serializers.releases import ReleaseSerializer
from posthog_clone.api.serializers import ModelSerializer, Serializer


class SymbolSetSerializer(ModelSerializer):
    team_id = serializers.IntegerField(source="project_id", read_only=True)
    release = ReleaseSerializer(read_only=True, allow_null=True)
    has_uploaded_file = serializers.BooleanField(read_only=True)

    class Meta:
        model = SymbolSet
        fields = [
            "id",
            "ref",
            "team_id",
            "created_at",
            "last_used",
            "storage_ptr",
            "failure_reason",
            "has_uploaded_file",
            "release",
        ]
        read_only_fields = fields


class RefField(serializers.CharField):
    """A chunk id: any text, kept as it is."""

    def __init__(self, **kwargs):
        super().__init__(max_length=SymbolSet.MAX_REF, trim_whitespace=False, **kwargs)


class AnnouncedSerializer(Serializer):
    chunk_id = RefField()
    release_id = serializers.CharField(required=False, allow_null=True, default=None)
    content_hash = serializers.CharField(required=False, allow_null=True, default=None)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two source maps",
            {
                "symbol_sets": [
                    {
                        "chunk_id": "0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e",
                        "content_hash": "9f86d081884c7d659a2feaa0c55ad015",
                    },
                    {
                        "chunk_id": "0197a3c4-1f20-7d35-8b6a-92c0e4f7a1b3",
                        "content_hash": "60303ae22b998861bce3b28f33eec1be",
                    },
                ],
                "skip_on_conflict": True,
            },
            request_only=True,
        )
    ]
)
class StartUploadsSerializer(Serializer):
    symbol_sets = AnnouncedSerializer(many=True, required=False, default=list)
    chunk_ids = serializers.ListField(child=RefField(), required=False, default=list)
    release_id = serializers.CharField(required=False, allow_null=True, default=None)
    force = serializers.BooleanField(default=False)
    skip_on_conflict = serializers.BooleanField(default=False)
    skip_release_on_conflict = serializers.BooleanField(default=False)

    def validate(self, attrs):
        if attrs["force"] and attrs["skip_on_conflict"]:
            raise serializers.ValidationError(
                "Send `force` or `skip_on_conflict`, not both.", code="invalid_conflict_handling"
            )
        announced = attrs["symbol_sets"] + [
            {"chunk_id": chunk_id, "release_id": attrs["release_id"], "content_hash": None}
            for chunk_id in attrs["chunk_ids"]
        ]
        chunk_ids = Counter(item["chunk_id"] for item in announced)
        repeated = [chunk_id for chunk_id, times in chunk_ids.items() if times > 1]
        if repeated:
            raise serializers.ValidationError(
                f"Chunk id {repeated[0][:100]!r} is there twice.", code="invalid_chunk_ids"
            )
        return {**attrs, "announced": announced}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Uploaded",
            {"content_hash": "9f86d081884c7d659a2feaa0c55ad015"},
            request_only=True,
            description="Once the file is where bulk_start_upload/ said.",
        )
    ]
)
class FinishUploadSerializer(Serializer):
    content_hash = serializers.CharField(allow_null=True, allow_blank=True, default=None)

    def validate_content_hash(self, value):
        if not value:
            raise serializers.ValidationError(
                "The hash of the content is needed.", code="content_hash_required"
            )
        return value


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Uploaded",
            {
                "content_hashes": {
                    "0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e": "9f86d081884c7d659a2feaa0c55ad015"
                }
            },
            request_only=True,
            description="By `symbol_set_id` as bulk_start_upload/ gave it, once its file is there.",
        )
    ]
)
class FinishUploadsSerializer(Serializer):
    content_hashes = serializers.DictField(child=serializers.CharField(), default=dict)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two symbol sets",
            {
                "ids": [
                    "0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e",
                    "0197a3c4-1f20-7d35-8b6a-92c0e4f7a1b3",
                ]
            },
            request_only=True,
            description="The ids of symbol sets: `GET error_tracking/symbol_sets/`.",
        )
    ]
)
class SymbolSetBulkDeleteSerializer(Serializer):
    ids = serializers.ListField(child=serializers.UUIDField(), allow_empty=False)


@extend_schema_field({"type": "string", "format": "binary"})
class FileField(serializers.FileField):
    pass


class SourceAndMapSerializer(Serializer):
    """What old clients sent: both files, to be stored as one."""

    minified = FileField()
    source_map = FileField()
