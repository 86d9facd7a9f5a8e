from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.mixins import (
    CreateModelMixin,
    DestroyModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
)
from rest_framework.response import Response

from posthog_clone.api.updating import PatchModelMixin
from projects.models import PersonalAPIKey
from projects.serializers.keys import PersonalAPIKeySerializer
from projects.viewsets import ScopedViewSet


class PersonalAPIKeysViewSet(
    ListModelMixin,
    CreateModelMixin,
    RetrieveModelMixin,
    PatchModelMixin,
    DestroyModelMixin,
    ScopedViewSet,
):
    """The caller's keys. A key may look at one (`@current` is itself); the rest takes a session."""

    queryset = PersonalAPIKey.objects.order_by("-created_at", "id")
    serializer_class = PersonalAPIKeySerializer
    pagination_class = None

    def get_required_scopes(self):
        return [] if self.action in ("retrieve", "metadata") else None

    def check_reach(self):
        pass

    def get_queryset(self):
        return super().get_queryset().filter(user=self.request.user)

    def get_object(self):
        if self.kwargs["pk"] != "@current":
            return super().get_object()
        if self.key is None:
            raise NotFound
        return self.key

    @extend_schema(request=None, responses=PersonalAPIKeySerializer)
    @action(detail=True, methods=["post"])
    def roll(self, request, **kwargs):
        """Give the key a new value; the old one stops working at once."""
        key = self.get_object()
        value = key.set_new_value()
        key.last_rolled_at = timezone.now()
        key.save(update_fields=["secure_value", "mask_value", "last_rolled_at"])
        context = {**self.get_serializer_context(), "value": value}
        return Response(PersonalAPIKeySerializer(key, context=context).data)
