from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from error_tracking.models import ExternalReference, Issue
from notifications.models import Integration
from posthog_clone.api.serializers import ModelSerializer, Serializer


class IntegrationBasicSerializer(ModelSerializer):
    class Meta:
        model = Integration
        fields = ["id", "kind", "display_name"]


class OfProject(serializers.PrimaryKeyRelatedField):
    """An id of something in the URL's project."""

    def get_queryset(self):
        project = self.context.get("project")
        return super().get_queryset().filter(project=project)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A ticket at GitHub",
            {
                "integration_id": 1,
                "issue": "0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e",
                "config": {
                    "repository": "web-shop",
                    "title": "Checkout times out",
                    "body": "Since the last release.",
                },
            },
            request_only=True,
            description="The ids of a GitHub integration (`GET integrations/`) and of an issue.",
        )
    ]
)
class ExternalReferenceSerializer(ModelSerializer):
    integration = IntegrationBasicSerializer(read_only=True)
    integration_id = OfProject(queryset=Integration.objects.all(), source="integration")
    config = serializers.DictField()
    issue = OfProject(queryset=Issue.objects.all())

    class Meta:
        model = ExternalReference
        fields = ["id", "integration", "integration_id", "config", "issue", "external_url"]
        read_only_fields = ["id", "external_url"]


class ReferenceOfNewIssueSerializer(Serializer):
    """A ticket for an issue that is being made: it has no id yet, so a given one is ignored."""

    integration_id = OfProject(queryset=Integration.objects.all(), source="integration")
    config = serializers.DictField(allow_null=True, required=False, default=None)
