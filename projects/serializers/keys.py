from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from posthog_clone.api.serializers import Constant, ModelSerializer
from projects.access import is_scope
from projects.models import PersonalAPIKey, Project

MAX_KEYS_PER_USER = 10


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A key that triages errors",
            {"label": "Triage", "scopes": ["error_tracking:write", "query:read"]},
            request_only=True,
        )
    ]
)
class PersonalAPIKeySerializer(ModelSerializer):
    """`value` is shown by the call that makes it, and never again."""

    value = serializers.SerializerMethodField()
    user_id = serializers.IntegerField(read_only=True)
    scopes = serializers.ListField(child=serializers.CharField(), allow_empty=False)
    scoped_teams = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=2**63 - 1),
        required=False,
        allow_null=True,
        help_text="Empty or null: all projects.",
    )
    scoped_organizations = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        allow_null=True,
        help_text="Empty or null: all organizations.",
    )
    is_legacy_hashing = Constant(False)
    local_dev_value = Constant(None, str)

    class Meta:
        model = PersonalAPIKey
        fields = [
            "id",
            "label",
            "description",
            "value",
            "mask_value",
            "created_at",
            "last_used_at",
            "last_rolled_at",
            "user_id",
            "is_legacy_hashing",
            "scopes",
            "scoped_teams",
            "scoped_organizations",
            "local_dev_value",
        ]
        read_only_fields = ["id", "mask_value", "created_at", "last_used_at", "last_rolled_at"]

    def get_value(self, key) -> str | None:
        return self.context.get("value")

    def validate_description(self, description):
        return description or None

    def validate_scopes(self, scopes):
        for scope in scopes:
            if not is_scope(scope):
                raise ValidationError(f"Invalid scope: {scope}")
        return scopes

    def validate_scoped_teams(self, ids):
        ids = ids or []
        user = self.context["request"].user
        if Project.objects.visible_to(user).filter(id__in=ids).count() < len(set(ids)):
            raise ValidationError(
                "You must be a member of all teams that you are scoping the key to."
            )
        return ids

    def validate_scoped_organizations(self, ids):
        ids = ids or []
        user = self.context["request"].user
        if user.organizations.filter(id__in=ids).count() < len(set(ids)):
            raise ValidationError(
                "You must be a member of all organizations that you are scoping the key to."
            )
        return [str(id) for id in ids]

    def validate(self, attrs):
        user = self.context["request"].user
        if not self.instance and user.personal_api_keys.count() >= MAX_KEYS_PER_USER:
            raise ValidationError(
                f"You can only have {MAX_KEYS_PER_USER} personal API keys. Remove an existing key "
                "before creating a new one."
            )
        return attrs

    def create(self, validated_data):
        key = PersonalAPIKey(user=self.context["request"].user, **validated_data)
        self.context["value"] = key.set_new_value()
        key.save()
        return key

    def update(self, key, validated_data):
        for name, value in validated_data.items():
            setattr(key, name, value)
        key.save(update_fields=list(validated_data))
        return key
