"""Resources of PostHog that this server does not have.

Connectors and tools list them before they do anything else and give up on a 404, so they are
served as what they are here: empty.
"""

from rest_framework.mixins import ListModelMixin

from posthog_clone.api.serializers import Serializer
from projects.viewsets import ProjectViewSet


class Absent(Serializer):
    """There are none."""


class AbsentViewSet(ListModelMixin, ProjectViewSet):
    """Always an empty list: this server has none of these."""

    serializer_class = Absent

    def get_queryset(self):
        return []


class AnnotationsViewSet(AbsentViewSet):
    scope_object = "annotation"


class FeatureFlagsViewSet(AbsentViewSet):
    scope_object = "feature_flag"
