from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response

from error_tracking.models import StackFrame, SymbolSet
from error_tracking.serializers.stack_frames import FramesWantedSerializer, StackFrameSerializer
from error_tracking.stack_frames import with_releases
from posthog_clone.api.deletion import HardDeleteForbidden
from projects.viewsets import ProjectViewSet

MAX_FRAMES = 10_000


class StackFrameViewSet(HardDeleteForbidden, ListModelMixin, RetrieveModelMixin, ProjectViewSet):
    """Frames as they were resolved, with the source lines around them."""

    scope_object = "error_tracking"
    queryset = StackFrame.objects.order_by("created_at", "id")
    serializer_class = StackFrameSerializer

    def get_object(self):
        return with_releases([super().get_object()])[0]

    def paginate_queryset(self, queryset):
        return with_releases(super().paginate_queryset(queryset))

    @extend_schema(
        request=FramesWantedSerializer,
        responses={200: {"type": "object", "properties": {"results": {"type": "array"}}}},
    )
    @action(
        detail=False,
        methods=["post"],
        pagination_class=None,
        required_scopes=["error_tracking:read"],
    )
    def batch_get(self, request, **kwargs):
        body = FramesWantedSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        frames = self.get_queryset()
        if "raw_ids" in body.validated_data:
            raw_ids = body.validated_data["raw_ids"]
            frames = frames.filter(raw_id__in={full_raw_id(raw_id) for raw_id in raw_ids})
        if symbol_set := body.validated_data.get("symbol_set"):
            refs = SymbolSet.objects.filter(project=self.project, id=symbol_set).values("ref")
            frames = frames.filter(symbol_set_ref__in=refs)
        found = with_releases(frames[:MAX_FRAMES])
        return Response({"results": self.get_serializer(found, many=True).data})


def full_raw_id(raw_id: str) -> str:
    """One frame of the code may stand for several of the source; without a number, the first."""
    return raw_id if "/" in raw_id else f"{raw_id}/0"
