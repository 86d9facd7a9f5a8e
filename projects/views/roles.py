from django.db.models import Prefetch
from rest_framework.exceptions import NotFound
from rest_framework.mixins import (
    CreateModelMixin,
    DestroyModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
)
from rest_framework.permissions import SAFE_METHODS

from posthog_clone.api.updating import PatchModelMixin
from projects import access
from projects.models import MembershipLevel, Role, RoleMembership
from projects.serializers.roles import RoleMembershipSerializer, RoleSerializer
from projects.viewsets import OrganizationViewSet, as_uuid

MEMBERS = RoleMembership.objects.select_related("organization_member__user").order_by(
    "joined_at", "id"
)


class AdminsWrite(OrganizationViewSet):
    """All members read, admins write."""

    scope_object = "organization"

    def check_reach(self):
        super().check_reach()
        if self.action and self.request.method not in SAFE_METHODS:
            access.check_level(self.membership.level, MembershipLevel.ADMIN)


class RolesViewSet(
    CreateModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
    PatchModelMixin,
    DestroyModelMixin,
    AdminsWrite,
):
    queryset = Role.objects.prefetch_related(Prefetch("members", MEMBERS)).order_by(
        "created_at", "id"
    )
    serializer_class = RoleSerializer

    def perform_create(self, serializer):
        serializer.save(organization=self.organization)


class RoleMembershipsViewSet(
    CreateModelMixin, ListModelMixin, RetrieveModelMixin, DestroyModelMixin, AdminsWrite
):
    """Who is part of a role."""

    queryset = MEMBERS
    serializer_class = RoleMembershipSerializer

    role: Role | None = None

    def find_parent(self):
        super().find_parent()
        id = as_uuid(self.kwargs["role_id"])
        self.role = id and Role.objects.filter(organization=self.organization, id=id).first()
        if not self.role:
            raise NotFound

    def get_queryset(self):
        if self.role is None:  # the OpenAPI document is being made
            return self.queryset.none()
        return self.queryset.filter(role=self.role)

    def perform_create(self, serializer):
        serializer.save(role=self.role)
