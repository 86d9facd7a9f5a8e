from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from notifications.models import Integration
from posthog_clone.api.serializers import Constant, ModelSerializer
from projects.serializers.basic import UserBasicSerializer

# What PostHog connects to beyond these.
OTHER_KINDS = """
    slack-posthog-code salesforce hubspot google-pubsub google-cloud-service-account
    google-cloud-storage google-ads google-sheets linkedin-ads snapchat intercom email twilio
    meta-ads clickup reddit-ads databricks tiktok-ads bing-ads vercel azure-blob firebase
    pinterest-ads customerio-app customerio-webhook customerio-track
""".split()  # noqa: SIM905


class KindField(serializers.ChoiceField):
    def to_internal_value(self, data):
        if isinstance(data, str) and data in OTHER_KINDS:
            served = ", ".join(self.choices)
            raise ValidationError(
                f"Integrations of kind {data} are not served; these are: {served}."
            )
        return super().to_internal_value(data)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Connect a GitLab project",
            {
                "kind": "gitlab",
                "config": {
                    "hostname": "https://gitlab.com",
                    "project_id": "123",
                    "project_access_token": "glpat-your-access-token",
                },
            },
            request_only=True,
            description="GitLab is asked whether the token is good, so take one of your own.",
        ),
        OpenApiExample(
            "A connected GitHub account",
            {
                "id": 1,
                "kind": "github",
                "config": {"account": {"name": "ada"}},
                "created_at": "2026-01-31T09:15:00Z",
                "created_by": None,
                "errors": "",
                "display_name": "ada",
            },
            response_only=True,
        ),
    ]
)
class IntegrationSerializer(ModelSerializer):
    """An account at another service."""

    kind = KindField(Integration.Kind.choices)
    config = serializers.DictField(
        help_text="On the way in the service's keys, among them the token; on the way out what "
        "everybody may see."
    )
    created_by = UserBasicSerializer(read_only=True)
    errors = Constant("")

    class Meta:
        model = Integration
        fields = ["id", "kind", "config", "created_at", "created_by", "errors", "display_name"]
        read_only_fields = ["id", "created_at", "display_name"]


class ChannelSerializer(serializers.Serializer):
    id = serializers.CharField()
    name = serializers.CharField()
    is_private = serializers.BooleanField()
    is_member = serializers.BooleanField(help_text="Whether the bot can post here.")
    is_ext_shared = serializers.BooleanField()
    is_private_without_access = serializers.BooleanField()


class ChannelsSerializer(serializers.Serializer):
    channels = ChannelSerializer(many=True)


class RepositorySerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    full_name = serializers.CharField()


class RepositoriesSerializer(serializers.Serializer):
    repositories = RepositorySerializer(many=True)
    has_more = serializers.BooleanField()
    total = serializers.IntegerField()


class LinearTeamSerializer(serializers.Serializer):
    id = serializers.CharField()
    name = serializers.CharField()


class LinearTeamsSerializer(serializers.Serializer):
    teams = LinearTeamSerializer(many=True)


class JiraProjectSerializer(serializers.Serializer):
    id = serializers.CharField()
    key = serializers.CharField()
    name = serializers.CharField()


class JiraProjectsSerializer(serializers.Serializer):
    projects = JiraProjectSerializer(many=True)
