from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.response import Response

from error_tracking.filters import SpikeEventFilter
from error_tracking.models import ErrorTrackingSettings, SpikeDetectionConfig, SpikeEvent
from error_tracking.serializers.settings import (
    ErrorTrackingSettingsSerializer,
    RecommendationSerializer,
    SpikeDetectionConfigSerializer,
    SpikeEventSerializer,
)
from projects.viewsets import ProjectViewSet


class OneOfProject(ProjectViewSet):
    """A resource that a project has one of, made when it is first asked for."""

    scope_object = "error_tracking"
    pagination_class = None

    def show(self):
        return Response(self.get_serializer(self.find()).data)

    def change(self, request):
        serializer = self.get_serializer(self.find(), data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)

    def find(self):
        row, _ = self.queryset.model.objects.get_or_create(project=self.project)
        return row


class SettingsViewSet(OneOfProject):
    """How many exceptions are taken, of the project and of each issue."""

    queryset = ErrorTrackingSettings.objects.all()
    serializer_class = ErrorTrackingSettingsSerializer

    @action(detail=False)
    def retrieve_settings(self, request, **kwargs):
        return self.show()

    @action(detail=False, methods=["patch"])
    def update_settings(self, request, **kwargs):
        return self.change(request)


class SpikeDetectionConfigViewSet(OneOfProject):
    """When an issue is said to spike."""

    queryset = SpikeDetectionConfig.objects.all()
    serializer_class = SpikeDetectionConfigSerializer

    @extend_schema(responses=SpikeDetectionConfigSerializer)
    def list(self, request, **kwargs):
        return self.show()

    @action(detail=False, methods=["patch"])
    def update_config(self, request, **kwargs):
        return self.change(request)


class SpikeEventViewSet(ListModelMixin, ProjectViewSet):
    """Issues that suddenly happened far more often, newest first."""

    scope_object = "error_tracking"
    queryset = SpikeEvent.objects.select_related("issue").order_by("-detected_at", "-id")
    serializer_class = SpikeEventSerializer
    filterset_class = SpikeEventFilter


class RecommendationViewSet(ProjectViewSet):
    """PostHog's hints for a better use of error tracking: this server gives none."""

    scope_object = "error_tracking"
    serializer_class = RecommendationSerializer
    queryset = SpikeEvent.objects.none()

    @extend_schema(responses=RecommendationSerializer(many=True))
    def list(self, request, **kwargs):
        return self.get_paginated_response(self.paginate_queryset([]))
