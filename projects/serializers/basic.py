"""The short forms that other resources show."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from posthog_clone.api.serializers import Constant, ModelSerializer
from projects.models import Organization, Project, User


class UserBasicSerializer(ModelSerializer):
    """A user as in `created_by` and its like."""

    is_email_verified = Constant(None, bool)
    hedgehog_config = serializers.DictField(
        source="all_preferences.hedgehog_config", read_only=True, allow_null=True
    )
    role_at_organization = serializers.CharField(
        source="all_preferences.role_at_organization", read_only=True, allow_null=True
    )

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


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A project",
            {
                "id": 1,
                "uuid": "0d3b0b3e-6f0a-4f53-9a53-0a1c7e1c2b4d",
                "organization": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
                "project_id": 1,
                "api_token": "phc_Yk3vT9wQ2mXcR7bL5nZ8pD4sF6gH1jKaEoUiWtVxNqM",
                "name": "Web shop",
                "completed_snippet_onboarding": False,
                "has_completed_onboarding_for": None,
                "ingested_event": True,
                "is_demo": False,
                "timezone": "Europe/Berlin",
                "access_control": False,
            },
        )
    ]
)
class ProjectBasicSerializer(ModelSerializer):
    """A project, environment or team, which are one here, as in lists."""

    organization = serializers.UUIDField(source="organization_id", read_only=True)
    project_id = serializers.IntegerField(source="id", read_only=True)
    completed_snippet_onboarding = serializers.BooleanField(
        source="all_settings.completed_snippet_onboarding", read_only=True
    )
    has_completed_onboarding_for = serializers.DictField(
        source="all_settings.has_completed_onboarding_for", read_only=True, allow_null=True
    )
    is_demo = serializers.BooleanField(source="all_settings.is_demo", read_only=True)
    access_control = serializers.BooleanField(source="all_settings.access_control", read_only=True)

    class Meta:
        model = Project
        fields = [
            "id",
            "uuid",
            "organization",
            "project_id",
            "api_token",
            "name",
            "completed_snippet_onboarding",
            "has_completed_onboarding_for",
            "ingested_event",
            "is_demo",
            "timezone",
            "access_control",
        ]
        read_only_fields = fields


class OrganizationBasicSerializer(ModelSerializer):
    logo_media_id = Constant(None, str)
    membership_level = serializers.IntegerField(read_only=True)
    members_can_use_personal_api_keys = Constant(True)

    class Meta:
        model = Organization
        fields = [
            "id",
            "name",
            "slug",
            "logo_media_id",
            "membership_level",
            "members_can_use_personal_api_keys",
        ]
        read_only_fields = fields
