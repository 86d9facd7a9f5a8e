from rest_framework.mixins import CreateModelMixin, ListModelMixin, RetrieveModelMixin

from error_tracking.creating import create_reference
from error_tracking.models import ExternalReference
from error_tracking.serializers.external_references import ExternalReferenceSerializer
from posthog_clone.api.deletion import HardDeleteForbidden
from projects.viewsets import ProjectViewSet


class ExternalReferenceViewSet(
    HardDeleteForbidden, CreateModelMixin, ListModelMixin, RetrieveModelMixin, ProjectViewSet
):
    """Tickets at other services. Creating one creates the ticket there."""

    scope_object = "error_tracking"
    queryset = ExternalReference.objects.select_related("integration").order_by("created_at", "id")
    serializer_class = ExternalReferenceSerializer

    def perform_create(self, serializer):
        serializer.instance = create_reference(self.project, **serializer.validated_data)
