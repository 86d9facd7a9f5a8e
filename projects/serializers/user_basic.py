"""A user as other objects show it: who created, who is assigned, who is a member."""

from rest_framework import serializers

from posthog_clone.api.serializers import ModelSerializer
from projects.models import User


class UserBasicSerializer(ModelSerializer):
    is_email_verified = serializers.SerializerMethodField()
    hedgehog_config = serializers.SerializerMethodField()
    role_at_organization = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            "id",
            "uuid",
            "distinct_id",
            "first_name",
            "last_name",
            "email",
            "is_email_verified",
            "hedgehog_config",
            "role_at_organization",
        ]
        read_only_fields = fields

    def get_is_email_verified(self, user: User) -> bool | None:
        return user.preferences.get("is_email_verified")

    def get_hedgehog_config(self, user: User) -> dict | None:
        return user.preferences.get("hedgehog_config")

    def get_role_at_organization(self, user: User) -> str | None:
        return user.preferences.get("role_at_organization")
