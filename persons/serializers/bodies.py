"""What the API takes to change persons."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from persons.filters import person_id
from persons.serializers.fields import PropertiesField, PropertyValueField, TextField
from posthog_clone.api.serializers import Serializer

MAX_BULK = 1000


@extend_schema_field(OpenApiTypes.STR)
class PersonIdField(serializers.Field):
    """A person's id or uuid."""

    def to_internal_value(self, data: Any) -> int | UUID:
        value = person_id(str(data))
        if value is None:
            message = f"{repr(data)[:100]} is neither a person's uuid nor its id."
            raise serializers.ValidationError(message)
        return value


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Set two properties", {"properties": {"plan": "pro", "seats": 5}}, request_only=True
        )
    ]
)
class PropertiesSerializer(Serializer):
    properties = PropertiesField()


@extend_schema_serializer(
    examples=[OpenApiExample("Set the plan", {"key": "plan", "value": "pro"}, request_only=True)]
)
class UpdatePropertySerializer(Serializer):
    key = TextField()
    value = PropertyValueField(allow_null=True)


@extend_schema_serializer(
    examples=[OpenApiExample("Remove the plan", {"$unset": "plan"}, request_only=True)]
)
class DeletePropertySerializer(Serializer):
    def get_fields(self):
        return {"$unset": TextField()}


@extend_schema_serializer(
    examples=[
        OpenApiExample("A distinct id", {"distinct_id": "ada@example.com"}, request_only=True)
    ]
)
class DistinctIdSerializer(Serializer):
    distinct_id = TextField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two distinct ids",
            {"distinct_ids": ["ada@example.com", "grace@example.com"]},
            request_only=True,
        )
    ]
)
class DistinctIdsSerializer(Serializer):
    distinct_ids = serializers.ListField(child=TextField())


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A person",
            {"uuids": ["0f3c4c4e-7f0f-5f0e-9d7c-5a1c0c1b2a3d"]},
            request_only=True,
            description="The uuids of persons: `GET persons/`.",
        )
    ]
)
class UuidsSerializer(Serializer):
    uuids = serializers.ListField(child=serializers.UUIDField())


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "All but one leave",
            {"main_distinct_id": "ada@example.com"},
            request_only=True,
            description="A distinct id of this person.",
        ),
        OpenApiExample(
            "One leaves",
            {"distinct_ids_to_split": ["grace@example.com"]},
            request_only=True,
            description="Distinct ids of this person.",
        ),
    ]
)
class SplitPersonSerializer(Serializer):
    """Which distinct ids leave the person: all but the main one, or those listed."""

    main_distinct_id = TextField(required=False, help_text="Stays; by default the oldest.")
    distinct_ids_to_split = serializers.ListField(
        child=TextField(), required=False, allow_empty=False, help_text="Leave."
    )

    def validate(self, attrs):
        if len(attrs) > 1:
            raise serializers.ValidationError(
                "Give either main_distinct_id or distinct_ids_to_split, not both."
            )
        return attrs


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "By distinct ids, with their events",
            {"distinct_ids": ["ada@example.com", "grace@example.com"], "delete_events": True},
            request_only=True,
        ),
        OpenApiExample(
            "By id",
            {"ids": ["0f3c4c4e-7f0f-5f0e-9d7c-5a1c0c1b2a3d"]},
            request_only=True,
            description="Uuids or ids of persons: `GET persons/`.",
        ),
    ]
)
class BulkDeletionSerializer(Serializer):
    ids = serializers.ListField(
        child=PersonIdField(),
        required=False,
        allow_null=True,
        help_text="Uuids or ids of persons.",
    )
    distinct_ids = serializers.ListField(child=TextField(), required=False, allow_null=True)
    delete_events = serializers.BooleanField(default=False)
    delete_recordings = serializers.BooleanField(default=False)
    keep_person = serializers.BooleanField(default=False)

    def validate(self, attrs):
        ids, distinct_ids = attrs.get("ids"), attrs.get("distinct_ids")
        if ids and distinct_ids:
            raise serializers.ValidationError(
                "You must provide either distinct_ids or ids, not both"
            )
        if not ids and not distinct_ids:
            raise serializers.ValidationError("You need to specify either distinct_ids or ids")
        for name in ("ids", "distinct_ids"):
            if len(attrs.get(name) or ()) > MAX_BULK:
                raise serializers.ValidationError(
                    f"You can only pass {MAX_BULK} {name} in one call"
                )
        return attrs


class DeletionErrorSerializer(serializers.Serializer):
    person_uuid = serializers.UUIDField()


class BulkDeletionReportSerializer(serializers.Serializer):
    persons_found = serializers.IntegerField()
    persons_deleted = serializers.IntegerField()
    events_queued_for_deletion = serializers.BooleanField()
    recordings_queued_for_deletion = serializers.BooleanField()
    deletion_errors = DeletionErrorSerializer(many=True)
