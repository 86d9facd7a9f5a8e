from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.mixins import (
    CreateModelMixin,
    DestroyModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
)
from rest_framework.response import Response

from posthog_clone.api.updating import PatchModelMixin
from projects import access
from projects.lifecycle import delete_project
from projects.models import MembershipLevel, OrganizationMembership, Project
from projects.serializers.basic import ProjectBasicSerializer
from projects.serializers.projects import ProjectSerializer
from projects.viewsets import ScopedViewSet, find_membership, find_project

SEARCH = OpenApiParameter("search", str, description="Part of the name, in any case.")


@extend_schema_view(
    list=extend_schema(responses=ProjectBasicSerializer(many=True), parameters=[SEARCH])
)
class EnvironmentsViewSet(ListModelMixin, RetrieveModelMixin, PatchModelMixin, ScopedViewSet):
    """The environments that the caller can reach; each is its project."""

    scope_object = "project"
    needs_admin = {"create", "destroy", "reset_token"}
    queryset = Project.objects.order_by("id")
    serializer_class = ProjectSerializer
    project: Project | None = None
    membership: OrganizationMembership | None = None
    """In the organization of the URL, or the one that a new project is to join."""

    def find_parent(self):
        if "organization_id" in self.kwargs or self.action == "create":
            organization_id = self.kwargs.get("organization_id", "@current")
            self.membership = find_membership(organization_id, self.request.user)
        if "pk" in self.kwargs:
            self.project = self.find_own_project()

    def find_own_project(self) -> Project:
        try:
            project = find_project(self.kwargs["pk"], self.request.user)
        except NotFound:
            project = None
        elsewhere = (
            project
            and self.membership
            and (project.organization_id != self.membership.organization_id)
        )
        if project is None or elsewhere or project.membership_level is None:
            raise NotFound
        return project

    def check_reach(self):
        if self.key and self.project:
            access.check_key_reaches_project(self.key, self.project)
        elif self.key:
            access.check_key_is_not_project_scoped(self.key)
        if self.key and self.membership:
            access.check_key_reaches_organization(self.key, self.membership.organization_id)
        if self.action in self.needs_admin:
            level = self.project.membership_level if self.project else self.membership.level
            access.check_level(level, MembershipLevel.ADMIN)

    def get_queryset(self):
        queryset = super().get_queryset().visible_to(self.request.user)
        if self.membership:
            queryset = queryset.filter(organization=self.membership.organization_id)
        if self.key and self.key.scoped_organizations:
            queryset = queryset.filter(organization__in=self.key.scoped_organizations)
        if search := self.request.query_params.get("search", "").replace("\0", ""):
            queryset = queryset.filter(name__icontains=search)
        return queryset

    def get_object(self):
        return self.project

    def get_serializer_class(self):
        return ProjectBasicSerializer if self.action == "list" else ProjectSerializer


class ProjectsViewSet(CreateModelMixin, DestroyModelMixin, EnvironmentsViewSet):
    """The projects that the caller can reach, and their settings."""

    def perform_create(self, serializer):
        serializer.save(
            organization=self.membership.organization, membership_level=self.membership.level
        )

    def perform_destroy(self, project):
        delete_project(project)

    @extend_schema(request=None, responses=ProjectSerializer)
    @action(detail=True, methods=["patch"])
    def reset_token(self, request, **kwargs):
        """Give the project a new token; events sent with the old one are refused from now on."""
        self.project.reset_token()
        return Response(self.get_serializer(self.project).data)
