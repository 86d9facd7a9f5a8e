"""Definitions of events and properties: ingestion makes them, people mend them."""

from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.mixins import (
    CreateModelMixin,
    DestroyModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
)
from rest_framework.response import Response

from events.definitions import changing, finding
from events.models import EventDefinition, PropertyDefinition
from events.serializers.definitions import (
    EventDefinitionSerializer,
    EventDefinitionsQuerySerializer,
    EventNameSerializer,
    PropertyDefinitionSerializer,
    PropertyDefinitionsQuerySerializer,
    SeenTogetherQuerySerializer,
)
from posthog_clone.api.serializers import Serializer
from posthog_clone.api.updating import PutAsPatch
from projects.viewsets import ProjectViewSet


class DefinitionViewSet(
    ListModelMixin, RetrieveModelMixin, PutAsPatch, DestroyModelMixin, ProjectViewSet
):
    def perform_update(self, serializer):
        changing.change(serializer.instance, serializer.validated_data, self.request.user)

    def perform_destroy(self, instance):
        changing.delete(instance, self.request.user)


@extend_schema_view(list=extend_schema(parameters=[EventDefinitionsQuerySerializer]))
class EventDefinitionViewSet(CreateModelMixin, DefinitionViewSet):
    """The names that events have. The first event of a name defines it."""

    scope_object = "event_definition"
    queryset = EventDefinition.objects.select_related("project", "updated_by", "verified_by")
    serializer_class = EventDefinitionSerializer

    def filter_queryset(self, queryset):
        if self.action != "list":
            return queryset
        params = self.request.query_params.copy()
        params["names"] = ",".join(params.getlist("names"))
        return finding.event_definitions(queryset, read(EventDefinitionsQuerySerializer, params))

    def perform_create(self, serializer):
        serializer.instance = changing.create(
            self.project, serializer.validated_data, self.request.user
        )

    @extend_schema(parameters=[EventNameSerializer], filters=False)
    @action(detail=False, pagination_class=None)
    def by_name(self, request, **kwargs):
        """The definition of a name."""
        name = read(EventNameSerializer, request.query_params)["name"]
        definition = self.get_queryset().filter(name=name).first()
        if definition is None:
            raise NotFound
        return Response(self.get_serializer(definition).data)


@extend_schema_view(list=extend_schema(parameters=[PropertyDefinitionsQuerySerializer]))
class PropertyDefinitionViewSet(DefinitionViewSet):
    """The properties that events, persons, groups and sessions have, and of what type they are."""

    scope_object = "property_definition"
    queryset = PropertyDefinition.objects.select_related("project", "updated_by", "verified_by")
    serializer_class = PropertyDefinitionSerializer

    def filter_queryset(self, queryset):
        if self.action != "list":
            return queryset
        wanted = read(PropertyDefinitionsQuerySerializer, self.request.query_params)
        if wanted["type"] == "session":
            return finding.session_properties(wanted)
        return finding.property_definitions(queryset, wanted)

    @extend_schema(
        parameters=[SeenTogetherQuerySerializer],
        responses={200: OpenApiTypes.OBJECT},
        filters=False,
    )
    @action(detail=False, pagination_class=None)
    def seen_together(self, request, **kwargs):
        """Which of the events have come with the property."""
        wanted = read(SeenTogetherQuerySerializer, request.query_params)
        names, name = wanted["event_names"], wanted["property_name"]
        return Response(finding.seen_together(self.project, names, name))


def read(serializer_class: type[Serializer], params: QueryDict) -> dict:
    serializer = serializer_class(data=params)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data
