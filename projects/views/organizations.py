from rest_framework.mixins import ListModelMixin, RetrieveModelMixin

from posthog_clone.api.updating import PatchModelMixin
from projects import access
from projects.models import MembershipLevel, Organization
from projects.serializers.organizations import OrganizationSerializer
from projects.viewsets import ScopedViewSet, find_membership


class OrganizationsViewSet(ListModelMixin, RetrieveModelMixin, PatchModelMixin, ScopedViewSet):
    """The organizations that the caller belongs to."""

    scope_object = "organization"
    queryset = Organization.objects.prefetch_related("projects").order_by("created_at", "id")
    serializer_class = OrganizationSerializer
    membership = None

    def find_parent(self):
        if "pk" in self.kwargs:
            self.membership = find_membership(self.kwargs["pk"], self.request.user)

    def check_reach(self):
        super().check_reach()
        if self.membership and self.key:
            access.check_key_reaches_organization(self.key, self.membership.organization_id)
        if self.action == "partial_update":
            access.check_level(self.membership.level, MembershipLevel.ADMIN)

    def get_queryset(self):
        queryset = super().get_queryset().visible_to(self.request.user)
        if self.key and self.key.scoped_organizations:
            queryset = queryset.filter(id__in=self.key.scoped_organizations)
        return queryset

    def get_object(self):
        return self.get_queryset().get(pk=self.membership.organization_id)
