from rest_framework import serializers

from posthog_clone.api.serializers import Constant, ModelSerializer
from projects.memberships import change_level
from projects.models import OrganizationMembership
from projects.serializers.basic import UserBasicSerializer


class MemberSerializer(ModelSerializer):
    """A user as a member of an organization."""

    user = UserBasicSerializer(read_only=True)
    is_2fa_enabled = Constant(False)
    has_social_auth = Constant(False)
    last_login = serializers.DateTimeField(
        source="user.last_login", read_only=True, allow_null=True
    )

    class Meta:
        model = OrganizationMembership
        fields = [
            "id",
            "user",
            "level",
            "joined_at",
            "updated_at",
            "is_2fa_enabled",
            "has_social_auth",
            "last_login",
        ]
        read_only_fields = ["id", "joined_at", "updated_at"]

    def update(self, membership, validated_data):
        if "level" in validated_data:
            change_level(membership, validated_data["level"], by=self.context["membership"])
        return membership
