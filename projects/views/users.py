from rest_framework.exceptions import NotFound
from rest_framework.mixins import RetrieveModelMixin

from posthog_clone.api.updating import PatchModelMixin
from projects.models import User
from projects.serializers.users import UserSerializer
from projects.viewsets import ScopedViewSet, as_uuid


class UsersViewSet(RetrieveModelMixin, PatchModelMixin, ScopedViewSet):
    """The caller, as `@me` or by uuid. Keys limited to projects or organizations do here too."""

    scope_object = "user"
    queryset = User.objects.all()
    serializer_class = UserSerializer
    lookup_field = "uuid"

    def check_reach(self):
        pass

    def get_object(self):
        user = self.request.user
        if self.kwargs["uuid"] != "@me" and as_uuid(self.kwargs["uuid"]) != user.uuid:
            raise NotFound
        return user
