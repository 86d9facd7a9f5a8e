from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from posthog_clone.api.serializers import Constant, ModelSerializer
from projects.models import Organization
from projects.serializers.basic import ProjectBasicSerializer


@extend_schema_serializer(examples=[OpenApiExample("Rename", {"name": "Acme"}, request_only=True)])
class OrganizationSerializer(ModelSerializer):
    membership_level = serializers.IntegerField(read_only=True)
    member_count = serializers.IntegerField(read_only=True)
    teams = ProjectBasicSerializer(source="projects", many=True, read_only=True)
    projects = ProjectBasicSerializer(many=True, read_only=True)
    logo_media_id = Constant(None, str)
    plugins_access_level = Constant(0)
    available_product_features = Constant([])
    is_member_join_email_enabled = Constant(False)
    metadata = Constant({})
    customer_id = Constant(None, str)
    enforce_2fa = Constant(False)
    members_can_invite = Constant(False)
    members_can_use_personal_api_keys = Constant(True)
    allow_publicly_shared_resources = Constant(False)
    is_ai_data_processing_approved = Constant(False)

    class Meta:
        model = Organization
        fields = [
            "id",
            "name",
            "slug",
            "logo_media_id",
            "created_at",
            "updated_at",
            "membership_level",
            "plugins_access_level",
            "teams",
            "projects",
            "available_product_features",
            "is_member_join_email_enabled",
            "metadata",
            "customer_id",
            "enforce_2fa",
            "members_can_invite",
            "members_can_use_personal_api_keys",
            "allow_publicly_shared_resources",
            "member_count",
            "is_ai_data_processing_approved",
        ]
        read_only_fields = ["id", "slug", "created_at", "updated_at"]

    def update(self, organization, validated_data):
        organization.name = validated_data.get("name", organization.name)
        organization.save(update_fields=["name", "updated_at"])
        return organization
