"""Deletions of persons' events, and the query for them."""

from rest_framework import serializers

from persons.models import EventsDeletion
from posthog_clone.api.serializers import ModelSerializer, Serializer


class DeletionsQuerySerializer(Serializer):
    """The query for deletions."""

    status = serializers.ChoiceField(["pending", "completed", "all"], required=False, default="all")
    person_uuid = serializers.UUIDField(required=False, default=None)


class DeletionStatusSerializer(ModelSerializer):
    """How far a deletion is."""

    status = serializers.SerializerMethodField()
    delete_verified_at = serializers.DateTimeField(source="verified_at", allow_null=True)

    class Meta:
        model = EventsDeletion
        fields = ["person_uuid", "created_at", "status", "delete_verified_at"]
        read_only_fields = fields

    def get_status(self, deletion: EventsDeletion) -> str:
        return "pending" if deletion.verified_at is None else "completed"
