"""Groups and their types."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from persons.models import Group, GroupType
from persons.processing.groups import MAX_LENGTH, MAX_TYPES
from persons.serializers.fields import PropertiesField, PropertyValueField, TextField
from posthog_clone.api.serializers import ModelSerializer, Serializer


class GroupTypeSerializer(ModelSerializer):
    group_type = serializers.CharField(source="name", read_only=True)
    group_type_index = serializers.IntegerField(source="index", read_only=True)
    detail_dashboard = serializers.SerializerMethodField()
    default_columns = serializers.SerializerMethodField()

    class Meta:
        model = GroupType
        fields = [
            *("group_type", "group_type_index", "name_singular", "name_plural"),
            *("detail_dashboard", "default_columns", "created_at"),
        ]
        read_only_fields = fields

    def get_detail_dashboard(self, group_type: GroupType) -> int | None:
        return None

    def get_default_columns(self, group_type: GroupType) -> list[str] | None:
        return None


class TypeIndexField(serializers.IntegerField):
    def __init__(self, **options):
        super().__init__(min_value=0, max_value=MAX_TYPES - 1, **options)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Name the first type",
            {"group_type_index": 0, "name_singular": "Company", "name_plural": "Companies"},
            request_only=True,
            description="The index of a group type: `GET groups_types/`.",
        )
    ]
)
class GroupTypeNamesSerializer(Serializer):
    """What to call a type; names left out stay."""

    group_type_index = TypeIndexField()
    name_singular = TextField(max_length=MAX_LENGTH, allow_null=True, required=False)
    name_plural = TextField(max_length=MAX_LENGTH, allow_null=True, required=False)


class GroupSerializer(ModelSerializer):
    group_type_index = serializers.IntegerField(source="type_index")
    group_key = serializers.CharField(source="key")
    group_properties = extend_schema_field(OpenApiTypes.OBJECT)(serializers.JSONField)(
        source="properties"
    )

    class Meta:
        model = Group
        fields = ["group_type_index", "group_key", "group_properties", "created_at"]
        read_only_fields = fields


class FoundGroupSerializer(GroupSerializer):
    notebook = serializers.SerializerMethodField()

    class Meta(GroupSerializer.Meta):
        fields = [*GroupSerializer.Meta.fields, "notebook"]
        read_only_fields = fields

    def get_notebook(self, group: Group) -> str | None:
        return None


class GroupOfTypeSerializer(Serializer):
    """The query that names a type."""

    group_type_index = TypeIndexField()


class GroupListSerializer(GroupOfTypeSerializer):
    """The query for groups of a type."""

    group_key = TextField(allow_blank=True, default="", help_text="Part of the key.")
    search = TextField(allow_blank=True, default="", help_text="Part of the key or name.")


class GroupKeySerializer(GroupOfTypeSerializer):
    """The query that names a group."""

    group_key = TextField()


class GroupPropertySerializer(GroupOfTypeSerializer):
    """The query for the values of a property."""

    key = TextField()
    value = TextField(allow_blank=True, default="")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A company",
            {
                "group_type_index": 0,
                "group_key": "acme",
                "group_properties": {"name": "Acme", "seats": 25},
            },
            request_only=True,
            description="The index of a group type: `GET groups_types/`. Events make types.",
        )
    ]
)
class NewGroupSerializer(GroupOfTypeSerializer):
    group_key = TextField(max_length=MAX_LENGTH)
    group_properties = PropertiesField(default=dict, allow_null=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Set the seats",
            {"key": "seats", "value": 30},
            request_only=True,
            description="The query names the group: `?group_type_index=0&group_key=acme`.",
        )
    ]
)
class UpdateGroupPropertySerializer(Serializer):
    key = TextField()
    value = PropertyValueField(allow_null=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Remove the seats",
            {"$unset": "seats"},
            request_only=True,
            description="The query names the group: `?group_type_index=0&group_key=acme`.",
        )
    ]
)
class DeleteGroupPropertySerializer(Serializer):
    def get_fields(self):
        return {"$unset": TextField()}
