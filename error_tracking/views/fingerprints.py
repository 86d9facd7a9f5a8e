from rest_framework.mixins import ListModelMixin, RetrieveModelMixin

from error_tracking.filters import FingerprintFilter
from error_tracking.models import Fingerprint
from error_tracking.serializers.fingerprints import FingerprintSerializer
from posthog_clone.api.deletion import HardDeleteForbidden
from projects.viewsets import ProjectViewSet


class FingerprintViewSet(HardDeleteForbidden, ListModelMixin, RetrieveModelMixin, ProjectViewSet):
    """Which issue each fingerprint leads to."""

    scope_object = "error_tracking"
    queryset = Fingerprint.objects.order_by("created_at", "id")
    serializer_class = FingerprintSerializer
    filterset_class = FingerprintFilter
