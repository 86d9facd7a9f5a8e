"""Cohorts."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from persons.cohorts.filters import check_filters
from persons.cohorts.members import read_csv
from persons.models import Cohort
from persons.serializers.fields import PropertyValueField
from persons.serializers.persons import ListedPersonSerializer
from posthog_clone.api.serializers import Constant, ModelSerializer, Serializer
from projects.serializers.basic import UserBasicSerializer

EXAMPLE = {
    "name": "Paying and active",
    "filters": {
        "properties": {
            "type": "AND",
            "values": [
                {"type": "person", "key": "plan", "operator": "exact", "value": ["pro"]},
                {
                    "type": "behavioral",
                    "key": "order placed",
                    "event_type": "events",
                    "value": "performed_event",
                    "time_value": 30,
                    "time_interval": "day",
                },
            ],
        }
    },
}


@extend_schema_field(
    {
        "type": ["object", "null"],
        "properties": {"properties": {"type": "object"}},
    }
)
class CohortFiltersField(PropertyValueField):
    """`{"properties": {"type": "AND", "values": […]}}`, kept as it came."""


@extend_schema_serializer(
    examples=[
        OpenApiExample("A cohort by conditions", EXAMPLE, request_only=True),
        OpenApiExample(
            "A list of persons",
            {
                "name": "Invited",
                "is_static": True,
                "_create_static_person_ids": ["0f3c4c4e-7f0f-5f0e-9d7c-5a1c0c1b2a3d"],
            },
            request_only=True,
            description="The uuids of persons: `GET persons/`.",
        ),
    ]
)
class CohortSerializer(ModelSerializer):
    """Some of the project's persons."""

    description = serializers.CharField(
        max_length=1000, required=False, allow_blank=True, allow_null=True
    )
    groups = Constant([])
    filters = CohortFiltersField(required=False, allow_null=True)
    query = Constant(None, dict)
    pending_version = Constant(None, int)
    created_by = UserBasicSerializer(read_only=True, allow_null=True)
    last_error_message = Constant(None, str)
    cohort_type = Constant(None, str)
    experiment_set = Constant([])
    deleted = serializers.BooleanField(required=False)
    csv = serializers.FileField(
        write_only=True, required=False, help_text="Of static ones: the persons, in a column."
    )

    class Meta:
        model = Cohort
        fields = [
            *("id", "name", "description", "groups", "deleted", "filters", "query", "version"),
            *("pending_version", "is_calculating", "created_by", "created_at"),
            *("last_calculation", "errors_calculating", "last_error_message", "count"),
            *("is_static", "cohort_type", "experiment_set", "csv"),
        ]
        read_only_fields = [
            *("id", "version", "is_calculating", "created_at", "last_calculation"),
            *("errors_calculating", "count"),
        ]

    def get_fields(self):
        listed = serializers.ListField(
            child=serializers.CharField(),
            write_only=True,
            required=False,
            allow_null=True,
            help_text="Of static ones: the persons, by their uuids.",
        )
        return {**super().get_fields(), "_create_static_person_ids": listed}

    def validate_description(self, description: str | None) -> str:
        return description or ""

    def validate_csv(self, file) -> tuple[str, list[str]]:
        return read_csv(file)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        is_static = attrs.get("is_static", False) if not self.instance else self.instance.is_static
        if attrs.get("is_static", is_static) != is_static:
            raise ValidationError({"is_static": "A cohort can't change what it is."})
        ids = attrs.pop("_create_static_person_ids", None)
        source = attrs.pop("csv", None) or (None if ids is None else ("person_id", ids))
        if is_static:
            self.check_static(attrs, source)
            return {**attrs, "source": source}
        if source is not None:
            raise ValidationError("Only static cohorts list their persons: send filters instead.")
        if not self.instance or "filters" in attrs:
            try:
                check_filters(attrs.get("filters"), self.context["project"], self.instance)
            except ValidationError as error:
                raise ValidationError({"filters": error.detail}) from None
        return attrs

    def check_static(self, attrs: dict[str, Any], source: tuple | None) -> None:
        if attrs.pop("filters", None):
            raise ValidationError({"filters": "Static cohorts have no filters."})
        if not self.instance and source is None:
            raise ValidationError(
                "Invalid source for static cohort. Send a csv file or _create_static_person_ids."
            )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two persons",
            {
                "person_ids": [
                    "0f3c4c4e-7f0f-5f0e-9d7c-5a1c0c1b2a3d",
                    "5d0f6c1a-92b3-5e47-8a1c-7b3e9d2f4c60",
                ]
            },
            request_only=True,
            description="The uuids of persons: `GET persons/`.",
        )
    ]
)
class AddPersonsSerializer(Serializer):
    person_ids = serializers.ListField(child=serializers.CharField(), allow_empty=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A person",
            {"person_id": "0f3c4c4e-7f0f-5f0e-9d7c-5a1c0c1b2a3d"},
            request_only=True,
            description="The uuid of a person: `GET cohorts/:id/persons/`.",
        )
    ]
)
class RemovePersonSerializer(Serializer):
    person_id = serializers.CharField()


class CohortPersonsSerializer(serializers.Serializer):
    """A page of a cohort's persons."""

    results = ListedPersonSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class PersonsCohortSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    count = serializers.IntegerField(allow_null=True)


class PersonsCohortsSerializer(serializers.Serializer):
    """The cohorts that a person is in."""

    results = PersonsCohortSerializer(many=True)
