"""The server's own routes, and a list that reads nothing: the baseline of the page benchmark."""

from django.urls import include, path
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin

from folders.models import PersistedFolder
from posthog_clone.api.routers import Router
from posthog_clone.urls import *  # noqa: F403
from posthog_clone.urls import urlpatterns as served
from projects.viewsets import ProjectViewSet

ROWS = [{"id": n, "name": f"Row {n}", "created_at": "2026-01-01T00:00:00Z"} for n in range(100)]


class RowSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    created_at = serializers.CharField()


class NoopViewSet(ListModelMixin, ProjectViewSet):
    scope_object = "project"
    queryset = PersistedFolder.objects.order_by("id")
    serializer_class = RowSerializer

    def filter_queryset(self, queryset):
        return ROWS


router = Router()
router.register("noop", NoopViewSet, basename="noop")
urlpatterns = [path("api/environments/<str:project_id>/", include(router.urls)), *served]
