from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from error_tracking.models import Release
from error_tracking.releases import create_release, save_release
from error_tracking.serializers.releases import ReleaseSerializer, ReleaseUpdateSerializer
from posthog_clone.api.updating import PutAsPatch
from projects.viewsets import ProjectViewSet


class ReleaseViewSet(PutAsPatch, ProjectViewSet, ModelViewSet):
    """Versions of what a project ships. Deleting one deletes its symbol sets and their files."""

    scope_object = "error_tracking"
    queryset = Release.objects.order_by("-created_at", "-id")
    serializer_class = ReleaseSerializer

    def get_serializer_class(self):
        updates = self.action in {"update", "partial_update"}
        return ReleaseUpdateSerializer if updates else ReleaseSerializer

    def perform_create(self, serializer):
        fields = serializer.validated_data
        serializer.instance = create_release(Release(project=self.project, **fields))

    def perform_update(self, serializer):
        release, changes = serializer.instance, serializer.validated_data
        for field, value in changes.items():
            setattr(release, field, value)
        save_release(release, update_fields=list(changes))

    @action(detail=False, url_path=r"hash/(?P<hash_id>[^/.]+)", pagination_class=None)
    def hash(self, request, hash_id, **kwargs):
        release = get_object_or_404(self.get_queryset(), hash_id=hash_id)
        return Response(self.get_serializer(release).data)
