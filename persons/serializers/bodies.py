"""What the API takes to change persons."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
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


class PropertiesSerializer(Serializer):
    properties = PropertiesField()


class UpdatePropertySerializer(Serializer):
    key = TextField()
    value = PropertyValueField(allow_null=True)


class DeletePropertySerializer(Serializer):
    def get_fields(self):
        return {"$unset": TextField()}


class DistinctIdSerializer(Serializer):
    distinct_id = TextField()


class DistinctIdsSerializer(Serializer):
    distinct_ids = serializers.ListField(child=TextField())


class UuidsSerializer(Serializer):
    uuids = serializers.ListField(child=serializers.UUIDField())


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
