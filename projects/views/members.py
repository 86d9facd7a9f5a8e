from rest_framework.exceptions import NotFound
from rest_framework.mixins import DestroyModelMixin, ListModelMixin

from posthog_clone.api.updating import PatchModelMixin
from projects import access
from projects.memberships import remove
from projects.models import MembershipLevel, OrganizationMembership
from projects.serializers.members import MemberSerializer
from projects.viewsets import OrganizationViewSet, as_uuid


class MembersViewSet(ListModelMixin, PatchModelMixin, DestroyModelMixin, OrganizationViewSet):
    """The members of an organization, by the uuids of their users.

    Admins change levels and remove members; anybody may leave. The last owner stays.
    """

    scope_object = "organization_member"
    queryset = OrganizationMembership.objects.select_related("user").order_by("joined_at", "id")
    serializer_class = MemberSerializer
    lookup_url_kwarg = "user_uuid"

    def check_reach(self):
        super().check_reach()
        if self.action == "partial_update" or (self.action == "destroy" and not self.is_own()):
            access.check_level(self.membership.level, MembershipLevel.ADMIN)

    def is_own(self) -> bool:
        return as_uuid(self.kwargs["user_uuid"]) == self.request.user.uuid

    def get_object(self):
        uuid = as_uuid(self.kwargs["user_uuid"])
        member = uuid and self.get_queryset().filter(user__uuid=uuid).first()
        if not member:
            raise NotFound
        return member

    def get_serializer_context(self):
        return {**super().get_serializer_context(), "membership": self.membership}

    def perform_destroy(self, instance):
        remove(instance, by=self.membership)
