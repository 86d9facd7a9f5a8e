"""Persons, as the API reads them."""

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import MethodNotAllowed, NotFound, ValidationError
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response

from persons.filters import PersonFilter
from persons.models import Person
from persons.pagination import MAX_DISTINCT_IDS, PersonPagination
from persons.serializers import ListedPersonSerializer, PersonSerializer
from posthog_clone.api.csv import CSVRenderer
from posthog_clone.api.renderers import JSONRenderer
from projects.viewsets import ProjectViewSet, as_uuid

MAX_CSV_ROWS = 10_000
FORMAT = OpenApiParameter("format", description="", enum=["csv", "json"])


@extend_schema_view(
    list=extend_schema(parameters=[FORMAT]), retrieve=extend_schema(parameters=[FORMAT])
)
class PersonViewSet(ListModelMixin, RetrieveModelMixin, ProjectViewSet):
    """People that events are about. Events make and change them; here they are read."""

    scope_object = "person"
    queryset = Person.objects.order_by("-created_at", "-id")
    serializer_class = PersonSerializer
    filterset_class = PersonFilter
    pagination_class = PersonPagination
    renderer_classes = [JSONRenderer, CSVRenderer]

    def get_serializer_class(self):
        return ListedPersonSerializer if self.action == "list" else PersonSerializer

    def get_object(self) -> Person:
        persons = self.get_queryset().with_distinct_ids()
        person = persons.filter(**lookup(self.kwargs["pk"])).first()
        if person is None:
            raise NotFound
        return person

    def list(self, request, **kwargs):
        if request.accepted_renderer.format != "csv":
            return super().list(request, **kwargs)
        persons = self.filter_queryset(self.get_queryset()).with_distinct_ids(MAX_DISTINCT_IDS)
        return Response(self.get_serializer(persons[:MAX_CSV_ROWS], many=True).data)

    @extend_schema(exclude=True)
    def create(self, request, **kwargs):
        raise MethodNotAllowed(
            "POST",
            detail="Persons can't be created through this API. Send an $identify event instead.",
        )


def lookup(value: str) -> dict[str, int | UUID]:
    """The condition for a person named in a path: by id or by uuid."""
    if value.isascii() and value.isdecimal():
        return {"id": int(value[:20])}
    if uuid := as_uuid(value):
        return {"uuid": uuid}
    raise ValidationError(
        "The ID provided does not look like a personID. "
        f"If you are using a distinctId, please use /persons?distinct_id={value} instead."
    )
