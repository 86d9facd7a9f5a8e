from django.utils.functional import cached_property
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from posthog_clone.api.serializers import Constant, ModelSerializer
from projects.defaults import NOTIFICATIONS, USER_PREFERENCES
from projects.models import Organization, Project, User
from projects.serializers.basic import OrganizationBasicSerializer, ProjectBasicSerializer
from projects.serializers.organizations import OrganizationSerializer

ROLES = "engineering data product founder leadership marketing sales other"


def does_not_exist(attr: str, message: str) -> ValidationError:
    return ValidationError({attr: [ErrorDetail(message, code="does_not_exist")]})


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Name and mails",
            {"first_name": "Ada", "notification_settings": {"error_tracking_issue_created": True}},
            request_only=True,
        )
    ]
)
class UserSerializer(ModelSerializer):
    """The caller. Everything about keys to the account stays out."""

    notification_settings = serializers.DictField(required=False)
    anonymize_data = serializers.BooleanField(required=False, allow_null=True)
    toolbar_mode = serializers.ChoiceField(
        ["disabled", "toolbar"], required=False, allow_null=True, allow_blank=True
    )
    events_column_config = serializers.DictField(required=False)
    has_seen_product_intro_for = serializers.DictField(required=False, allow_null=True)
    theme_mode = serializers.ChoiceField(
        ["light", "dark", "system"], required=False, allow_null=True, allow_blank=True
    )
    hedgehog_config = serializers.DictField(required=False, allow_null=True)
    role_at_organization = serializers.ChoiceField(
        ROLES.split(), required=False, allow_null=True, allow_blank=True
    )
    has_password = serializers.BooleanField(source="has_usable_password", read_only=True)
    team = serializers.SerializerMethodField()
    organization = serializers.SerializerMethodField()
    organizations = serializers.SerializerMethodField()
    set_current_organization = serializers.UUIDField(write_only=True, required=False)
    set_current_team = serializers.IntegerField(write_only=True, required=False)
    pending_email = Constant(None, str)
    is_email_verified = Constant(None, bool)
    is_impersonated = Constant(False)
    is_impersonated_until = Constant(None, str)
    sensitive_session_expires_at = Constant(None, str)
    is_2fa_enabled = Constant(False)
    has_social_auth = Constant(False)
    has_sso_enforcement = Constant(False)
    scene_personalisation = Constant([])

    class Meta:
        model = User
        fields = [
            "date_joined",
            "uuid",
            "distinct_id",
            "first_name",
            "last_name",
            "email",
            "pending_email",
            "is_email_verified",
            "notification_settings",
            "anonymize_data",
            "toolbar_mode",
            "has_password",
            "id",
            "is_staff",
            "is_impersonated",
            "is_impersonated_until",
            "sensitive_session_expires_at",
            "team",
            "organization",
            "organizations",
            "set_current_organization",
            "set_current_team",
            "events_column_config",
            "is_2fa_enabled",
            "has_social_auth",
            "has_sso_enforcement",
            "has_seen_product_intro_for",
            "scene_personalisation",
            "theme_mode",
            "hedgehog_config",
            "role_at_organization",
        ]
        read_only_fields = ["date_joined", "uuid", "distinct_id", "email", "id", "is_staff"]

    def get_fields(self):
        fields = super().get_fields()
        for name in USER_PREFERENCES:
            fields[name].source = f"all_preferences.{name}"
        return fields

    @cached_property
    def visible_organizations(self) -> list[Organization]:
        visible = Organization.objects.visible_to(self.instance)
        return list(visible.prefetch_related("projects").order_by("created_at", "id"))

    def get_team(self, user) -> ProjectBasicSerializer(allow_null=True):
        for organization in self.visible_organizations:
            for project in organization.projects.all():
                if project.id == user.current_project_id:
                    return ProjectBasicSerializer(project).data
        return None

    def get_organization(self, user) -> OrganizationSerializer(allow_null=True):
        for organization in self.visible_organizations:
            if organization.id == user.current_organization_id:
                return OrganizationSerializer(organization, context=self.context).data
        return None

    def get_organizations(self, user) -> OrganizationBasicSerializer(many=True):
        return OrganizationBasicSerializer(self.visible_organizations, many=True).data

    def validate_notification_settings(self, value):
        for name in NOTIFICATIONS:
            if not isinstance(value.get(name, True), bool):
                raise ValidationError(f"{name} is either true or false.")
        return value

    def validate(self, attrs):
        user = self.instance
        if organization_id := attrs.pop("set_current_organization", None):
            organization = user.organizations.filter(id=organization_id).first()
            if organization is None:
                message = f"You are in no organization with the id {organization_id}."
                raise does_not_exist("set_current_organization", message)
            attrs["current_organization"] = organization
            attrs["current_project"] = organization.projects.order_by("id").first()
        project_id = attrs.pop("set_current_team", None)
        if project_id is not None:
            project = Project.objects.visible_to(user).filter(id=project_id).first()
            if project is None:
                message = f"You have access to no project with the id {project_id}."
                raise does_not_exist("set_current_team", message)
            attrs["current_project"] = project
            attrs["current_organization"] = project.organization
        return attrs

    def update(self, user, validated_data):
        if preferences := validated_data.pop("all_preferences", None):
            validated_data["preferences"] = user.preferences | preferences
        for name, value in validated_data.items():
            setattr(user, name, value)
        user.save(update_fields=list(validated_data))
        return user
