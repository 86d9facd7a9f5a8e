"""Accounts at other services, and what can be chosen there."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import (
    CreateModelMixin,
    DestroyModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
)
from rest_framework.response import Response

from notifications.integrations import connect, disconnect
from notifications.models import Integration
from notifications.providers import github, jira, linear, slack
from notifications.serializers.integrations import (
    ChannelsSerializer,
    IntegrationSerializer,
    JiraProjectsSerializer,
    LinearTeamsSerializer,
    RepositoriesSerializer,
)
from projects.viewsets import ProjectViewSet

READ = ["integration:read"]


class IntegrationViewSet(
    CreateModelMixin, ListModelMixin, RetrieveModelMixin, DestroyModelMixin, ProjectViewSet
):
    """Connected accounts. Connecting tries the token; connecting an account again replaces it."""

    scope_object = "integration"
    queryset = Integration.objects.select_related("project", "created_by").order_by("-id")
    serializer_class = IntegrationSerializer
    filterset_fields = ["kind"]

    def perform_create(self, serializer):
        serializer.instance = connect(
            self.project, user=self.request.user, **serializer.validated_data
        )

    def perform_destroy(self, instance):
        disconnect(instance, self.request.user)

    @extend_schema(responses=ChannelsSerializer)
    @action(detail=True, required_scopes=READ)
    def channels(self, request, **kwargs):
        """The Slack channels that the bot sees."""
        return Response({"channels": self.choices("slack", slack.channels)})

    @extend_schema(responses=RepositoriesSerializer)
    @action(detail=True, required_scopes=READ)
    def github_repos(self, request, **kwargs):
        """The account's repositories, the last pushed to first."""
        found = self.choices("github", github.repositories)
        return Response({"repositories": found, "has_more": False, "total": len(found)})

    @extend_schema(responses=LinearTeamsSerializer)
    @action(detail=True, required_scopes=READ)
    def linear_teams(self, request, **kwargs):
        return Response({"teams": self.choices("linear", linear.teams)})

    @extend_schema(responses=JiraProjectsSerializer)
    @action(detail=True, required_scopes=READ)
    def jira_projects(self, request, **kwargs):
        return Response({"projects": self.choices("jira", jira.projects)})

    def choices(self, kind, find):
        integration = self.get_object()
        if integration.kind != kind:
            raise ValidationError(f"This is an integration of kind {integration.kind}, not {kind}.")
        return find(integration.config, integration.secrets)
