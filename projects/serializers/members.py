from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from posthog_clone.api.serializers import Constant, ModelSerializer
from projects.memberships import change_level
from projects.models import OrganizationMembership
from projects.serializers.basic import UserBasicSerializer


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Make an administrator",
            {"level": 8},
            request_only=True,
            description="1 is a member, 8 an administrator, 15 an owner.",
        )
    ]
)
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
