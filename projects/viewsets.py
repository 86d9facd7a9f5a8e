"""Base classes of every view: they check the caller and narrow the data.

The order of checks: format → credentials (401) → project or organization (404) → scope (403) →
membership (403) → rate limit (429) → body.
"""

from uuid import UUID

from django.conf import settings
from rest_framework.exceptions import NotAuthenticated, NotFound, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.viewsets import GenericViewSet

from posthog_clone.api.deletion import HardDeleteForbidden
from posthog_clone.api.errors import ContentTooLarge
from posthog_clone.api.metadata import Metadata
from projects import access
from projects.models import Organization, OrganizationMembership, PersonalAPIKey, Project
from projects.throttling import KeyRateThrottle


class ScopedViewSet(GenericViewSet):
    """A view that takes keys with the right scope, and sessions.

    Keys need `<scope_object>:read` to GET and `<scope_object>:write` for the rest. An action names
    its own with `@action(…, required_scopes=["activity_log:read"])`: all of them are needed, and of
    a tuple within, one. `[]` takes any valid key. Where neither is named, keys are refused.
    """

    scope_object: str | None = None
    required_scopes: list[str | tuple[str, ...]] | None = None
    max_body_bytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    lookup_value_regex = "[^/]+"
    metadata_class = Metadata
    permission_classes = []
    throttle_classes = [KeyRateThrottle]
    rate_limit = "default"

    @property
    def key(self) -> PersonalAPIKey | None:
        """The personal API key of the request; None for a session."""
        return self.request.auth

    def get_required_scopes(self) -> list[str | tuple[str, ...]] | None:
        if self.action == "destroy" and isinstance(self, HardDeleteForbidden):
            return self.hard_delete_scopes
        if self.required_scopes is not None or self.scope_object is None:
            return self.required_scopes
        verb = "read" if self.request.method in SAFE_METHODS else "write"
        return [f"{self.scope_object}:{verb}"]

    def initial(self, request, *args, **kwargs):
        if declared_length(request) > self.max_body_bytes:
            raise ContentTooLarge(
                f"The request body is larger than {self.max_body_bytes // 1024 // 1024} MiB."
            )
        super().initial(request, *args, **kwargs)
        if any("\0" in str(value) for value in kwargs.values()):
            raise NotFound  # PostgreSQL wouldn't even look for it
        unreadable = getattr(request, "unreadable_body", None)
        if unreadable and self.action and request.method not in SAFE_METHODS:
            raise unreadable

    def check_permissions(self, request):
        if not request.user.is_authenticated:
            raise NotAuthenticated
        self.find_parent()
        # A method that is not offered has no action, and so no scope: its answer is 405.
        if self.key and self.action:
            access.check_scopes(self.key, self.get_required_scopes())
        self.check_reach()
        super().check_permissions(request)

    def find_parent(self) -> None:
        """Find what the URL is below, or raise NotFound."""

    def check_reach(self) -> None:
        """Raise PermissionDenied unless the caller reaches the parent."""
        if self.key:
            access.check_key_is_not_project_scoped(self.key)


class PublicViewSet(ScopedViewSet):
    """A view open to everybody."""

    authentication_classes = []

    def check_permissions(self, request):
        pass


class ProjectViewSet(ScopedViewSet):
    """A view below /api/environments/:project_id/ and /api/projects/:project_id/.

    `self.project` is the project, with the caller's `membership_level`. The queryset holds nothing
    of another one.
    """

    project: Project | None = None

    def find_parent(self):
        self.project = find_project(self.kwargs["project_id"], self.request.user)

    def check_reach(self):
        if self.key:
            access.check_key_reaches_project(self.key, self.project)
        if self.project.membership_level is None:
            raise PermissionDenied(access.NO_PROJECT_ACCESS)

    def get_queryset(self):
        queryset = super().get_queryset()
        if self.project is None:  # the OpenAPI document is being made
            return queryset.none()
        return queryset.filter(project=self.project)

    def get_serializer_context(self):
        return {**super().get_serializer_context(), "project": self.project}

    def perform_create(self, serializer):
        serializer.save(project=self.project)


class OrganizationViewSet(ScopedViewSet):
    """A view below /api/organizations/:organization_id/; `self.membership` is the caller's."""

    membership: OrganizationMembership | None = None

    @property
    def organization(self) -> Organization | None:
        return self.membership and self.membership.organization

    def find_parent(self):
        self.membership = find_membership(self.kwargs["organization_id"], self.request.user)

    def check_reach(self):
        super().check_reach()
        if self.key:
            access.check_key_reaches_organization(self.key, self.membership.organization_id)

    def get_queryset(self):
        queryset = super().get_queryset()
        if self.membership is None:  # the OpenAPI document is being made
            return queryset.none()
        return queryset.filter(organization=self.organization)

    def get_serializer_context(self):
        return {**super().get_serializer_context(), "organization": self.organization}


def declared_length(request) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0  # which is also what Django reads then


def find_project(project_id: str, user) -> Project:
    """The project of a URL, whoever it belongs to; `@current` is the user's current one."""
    if project_id == "@current":
        project_id = user.current_project_id
    elif not (project_id.isascii() and project_id.isdecimal()):
        project_id = None
    project = project_id and Project.objects.with_level_of(user).filter(id=project_id).first()
    if not project:
        raise NotFound("Project not found.")
    return project


def find_membership(organization_id: str, user) -> OrganizationMembership:
    """The user's membership in the organization of a URL; others' organizations are not found."""
    if organization_id == "@current":
        organization_id = user.current_organization_id
    membership = None
    if uuid := as_uuid(organization_id):
        membership = (
            user.memberships.select_related("organization").filter(organization_id=uuid).first()
        )
    if membership is None:
        raise NotFound("Organization not found.")
    return membership


def as_uuid(value: str | UUID | None) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
