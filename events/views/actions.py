"""Actions."""

from rest_framework.mixins import CreateModelMixin, ListModelMixin, RetrieveModelMixin

from events import actions
from events.models import Action
from events.serializers.actions import ActionSerializer
from posthog_clone.api.deletion import SoftDelete
from posthog_clone.api.updating import PutAsPatch
from projects.views.activity import ActivityMixin
from projects.viewsets import ProjectViewSet


class ActionViewSet(
    ActivityMixin,
    SoftDelete,
    CreateModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
    PutAsPatch,
    ProjectViewSet,
):
    """Names for events: an action is every event that satisfies one of its steps.

    One is deleted by PATCH `{"deleted": true}`, and restored by `{"deleted": false}`.
    """

    scope_object = "action"
    activity_scope = "Action"
    queryset = Action.objects.select_related("project", "created_by").order_by(
        "-last_calculated_at", "name", "id"
    )
    serializer_class = ActionSerializer

    def perform_create(self, serializer):
        serializer.instance = actions.create(
            self.project, serializer.validated_data, self.request.user
        )

    def perform_update(self, serializer):
        actions.change(serializer.instance, serializer.validated_data, self.request.user)
