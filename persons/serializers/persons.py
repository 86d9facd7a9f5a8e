"""The person of the API."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from persons.models import Person
from persons.naming import name_of, telling_first
from posthog_clone.api.serializers import Constant, ModelSerializer
from posthog_clone.api.times import iso

EXAMPLE = {
    "id": 1,
    "uuid": "0f3c4c4e-7f0f-5f0e-9d7c-5a1c0c1b2a3d",
    "name": "ada@example.com",
    "distinct_ids": ["ada", "0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e"],
    "properties": {"email": "ada@example.com", "$initial_utm_source": "news"},
    "created_at": "2026-01-31T09:15:00Z",
    "last_seen_at": "2026-02-02T10:00:00Z",
    "is_identified": True,
}

# What PostHog's lists have beside the person.
CONSTANTS = {"type": "person", "matched_recordings": [], "value_at_data_point": None}


@extend_schema_serializer(examples=[OpenApiExample("A person", EXAMPLE, response_only=True)])
class PersonSerializer(ModelSerializer):
    """A person by itself; needs the distinct ids loaded."""

    name = serializers.SerializerMethodField()
    distinct_ids = serializers.SerializerMethodField()
    properties = extend_schema_field(OpenApiTypes.OBJECT)(serializers.JSONField)(read_only=True)

    class Meta:
        model = Person
        fields = [
            *("id", "uuid", "name", "distinct_ids", "properties"),
            *("created_at", "last_seen_at", "is_identified"),
        ]
        read_only_fields = fields

    def to_representation(self, person: Person) -> dict[str, Any]:
        """By hand: a page through DRF's fields takes three times the rest of the request."""
        return {
            "id": person.id,
            "uuid": str(person.uuid),
            "name": self.get_name(person),
            "distinct_ids": self.get_distinct_ids(person),
            "properties": person.properties,
            "created_at": iso(person.created_at),
            "last_seen_at": iso(person.last_seen_at),
            "is_identified": person.is_identified,
        }

    def get_name(self, person: Person) -> str:
        return name_of(person, self.context["project"])

    def get_distinct_ids(self, person: Person) -> list[str]:
        return telling_first(person.distinct_ids)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A person of a list",
            {**EXAMPLE, **CONSTANTS},
            response_only=True,
        )
    ]
)
class ListedPersonSerializer(PersonSerializer):
    """A person among others."""

    type = Constant("person")
    matched_recordings = Constant([])
    value_at_data_point = Constant(None, float)

    class Meta(PersonSerializer.Meta):
        fields = [
            *PersonSerializer.Meta.fields,
            *("type", "matched_recordings", "value_at_data_point"),
        ]
        read_only_fields = fields

    def to_representation(self, person: Person) -> dict[str, Any]:
        return super().to_representation(person) | CONSTANTS

    def get_distinct_ids(self, person: Person) -> list[str]:
        return person.distinct_ids
