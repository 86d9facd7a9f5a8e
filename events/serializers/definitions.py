"""Definitions of events and properties, and the queries for lists of them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from events.models import EventDefinition, PropertyDefinition
from persons.serializers.fields import TextField
from persons.serializers.groups import TypeIndexField
from posthog_clone.api.serializers import Constant, ModelSerializer, Serializer
from projects.serializers.basic import UserBasicSerializer

ORDERINGS = [sign + name for name in ("name", "last_seen_at", "created_at") for sign in ("", "-")]


class TagsField(serializers.ListField):
    child = serializers.CharField(max_length=255)


class DefinitionSerializer(ModelSerializer):
    tags = TagsField(required=False)
    description = serializers.CharField(required=False, allow_blank=True, allow_null=True)
    updated_by = UserBasicSerializer(read_only=True, allow_null=True)
    verified_by = UserBasicSerializer(read_only=True, allow_null=True)

    def validate_description(self, description: str | None) -> str:
        return description or ""


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Describe an event",
            {
                "name": "order placed",
                "description": "A customer has paid.",
                "tags": ["checkout"],
                "verified": True,
            },
            request_only=True,
        )
    ]
)
class EventDefinitionSerializer(DefinitionSerializer):
    """What is known of events of a name."""

    name = TextField(max_length=400)
    owner = Constant(None, int)
    last_updated_at = serializers.DateTimeField(source="updated_at", read_only=True)
    is_action = Constant(False)
    action_id = Constant(None, int)
    is_calculating = Constant(False)
    last_calculated_at = Constant(None, str)
    created_by = Constant(None, dict)
    post_to_slack = Constant(False)
    default_columns = TagsField(required=False)

    class Meta:
        model = EventDefinition
        fields = [
            *("id", "name", "owner", "description", "tags", "created_at", "updated_at"),
            *("updated_by", "last_seen_at", "last_updated_at", "verified", "verified_at"),
            *("verified_by", "hidden", "is_action", "action_id", "is_calculating"),
            *("last_calculated_at", "created_by", "post_to_slack", "default_columns"),
        ]
        read_only_fields = ["id", "created_at", "updated_at", "last_seen_at", "verified_at"]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Describe a property",
            {
                "description": "What an order costs, in cents.",
                "property_type": "Numeric",
                "tags": ["checkout"],
                "verified": True,
            },
            request_only=True,
        )
    ]
)
class PropertyDefinitionSerializer(DefinitionSerializer):
    """What is known of a property."""

    is_numerical = serializers.BooleanField(read_only=True)
    property_type = serializers.ChoiceField(
        PropertyDefinition.PropertyType.choices, required=False, allow_null=True
    )
    is_seen_on_filtered_events = serializers.SerializerMethodField()

    class Meta:
        model = PropertyDefinition
        fields = [
            *("id", "name", "description", "tags", "is_numerical", "property_type"),
            *("is_seen_on_filtered_events", "updated_at", "updated_by", "verified"),
            *("verified_at", "verified_by", "hidden"),
        ]
        read_only_fields = ["id", "name", "updated_at", "verified_at"]

    def get_is_seen_on_filtered_events(self, definition: PropertyDefinition) -> bool | None:
        return getattr(definition, "is_seen_on_filtered_events", None)


class Flag(serializers.BooleanField):
    def __init__(self, **options):
        super().__init__(required=False, allow_null=True, default=None, **options)


class Names(serializers.ListField):
    """A JSON list of names."""

    child = TextField()

    def __init__(self, **options):
        super().__init__(required=False, allow_null=True, default=None, **options)


class SeparatedNames(TextField):
    """Names with commas between."""

    def __init__(self, **options):
        super().__init__(required=False, allow_blank=True, default="", **options)

    def run_validation(self, data: Any = serializers.empty) -> list[str]:
        return [name for name in super().run_validation(data).split(",") if name]


class EventDefinitionsQuerySerializer(Serializer):
    """The query for event definitions."""

    search = TextField(allow_blank=True, default="", help_text="Every word is part of the name.")
    names = SeparatedNames(help_text="Names with commas between; may be repeated.")
    event_type = serializers.ChoiceField(
        ["event", "event_custom", "event_posthog"], required=False, default="event"
    )
    exclude_hidden = Flag()
    verified = Flag()
    tags = Names(help_text="A JSON list; one of them is enough.")
    excluded_properties = Names(help_text="A JSON list of names to leave out.")
    exclude_stale = Flag(help_text="Not those that nobody has seen for 30 days.")
    ordering = serializers.ChoiceField(ORDERINGS, required=False, default=None)


class PropertyDefinitionsQuerySerializer(Serializer):
    """The query for property definitions."""

    type = serializers.ChoiceField(
        [*PropertyDefinition.Type.values, "session"], required=False, default="event"
    )
    group_type_index = TypeIndexField(
        required=False, allow_null=True, default=None, help_text="With the type group."
    )
    search = TextField(allow_blank=True, default="", help_text="Every word is part of the name.")
    properties = SeparatedNames(help_text="Names with commas between.")
    event_names = Names(help_text="A JSON list: says of each property whether these have it.")
    filter_by_event_names = Flag(help_text="Only properties of `event_names`.")
    is_numerical = Flag()
    is_feature_flag = Flag(help_text="true: only `$feature/…`; false: none of them.")
    exclude_core_properties = Flag(help_text="Not those that SDKs send by themselves.")
    exclude_hidden = Flag()
    excluded_properties = Names(help_text="A JSON list of names to leave out.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        is_group, index = attrs["type"] == "group", attrs["group_type_index"]
        if is_group and index is None:
            message = "Properties of groups need the group_type_index, from 0 to 4."
            raise ValidationError({"group_type_index": message}, code="required")
        if not is_group and index is not None:
            message = "Only properties of the type group have a group_type_index."
            raise ValidationError({"group_type_index": message})
        return attrs


class EventNameSerializer(Serializer):
    """The query for one event definition."""

    name = TextField()


class SeenTogetherQuerySerializer(Serializer):
    """The query for events that have a property."""

    event_names = serializers.ListField(child=TextField(), help_text="A JSON list.")
    property_name = TextField()
