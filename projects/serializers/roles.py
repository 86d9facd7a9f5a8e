from django.db import IntegrityError, transaction
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from posthog_clone.api.serializers import Constant, ModelSerializer
from projects.models import OrganizationMembership, Role, RoleMembership
from projects.serializers.basic import UserBasicSerializer
from projects.serializers.members import MemberSerializer


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Add a member",
            {"user_uuid": "0d3b0b3e-6f0a-4f53-9a53-0a1c7e1c2b4d"},
            request_only=True,
            description="The uuid of a member's user: `GET /api/organizations/@current/members/`.",
        )
    ]
)
class RoleMembershipSerializer(ModelSerializer):
    """A member's part in a role."""

    user = UserBasicSerializer(source="organization_member.user", read_only=True)
    organization_member = MemberSerializer(read_only=True)
    user_uuid = serializers.UUIDField(write_only=True)

    class Meta:
        model = RoleMembership
        fields = [
            "id",
            "role_id",
            "organization_member",
            "user",
            "joined_at",
            "updated_at",
            "user_uuid",
        ]
        read_only_fields = ["id", "role_id", "joined_at", "updated_at"]

    def create(self, validated_data):
        role = validated_data["role"]
        member = OrganizationMembership.objects.filter(
            organization=role.organization_id,
            user__uuid=validated_data["user_uuid"],
            user__is_active=True,
        ).first()
        if member is None:
            raise ValidationError("User does not exist.")
        membership, is_new = RoleMembership.objects.get_or_create(
            role=role, organization_member=member
        )
        if not is_new:
            raise ValidationError("User is already part of the role.")
        return membership


@extend_schema_serializer(
    examples=[OpenApiExample("A role", {"name": "Backend"}, request_only=True)]
)
class RoleSerializer(ModelSerializer):
    """Some members of an organization, under a name that issues can be assigned to."""

    created_by = Constant(None, str)
    members = RoleMembershipSerializer(many=True, read_only=True)
    is_default = Constant(False)

    class Meta:
        model = Role
        fields = ["id", "name", "created_at", "created_by", "members", "is_default"]
        read_only_fields = ["id", "created_at"]

    def save(self, **kwargs):
        try:
            with transaction.atomic():
                return super().save(**kwargs)
        except IntegrityError as error:
            message = f"There is a role named {self.validated_data['name']} already."
            raise ValidationError({"name": message}, code="unique") from error
