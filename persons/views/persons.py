"""Persons: read, changed and deleted by hand. It is events that make them."""

from collections.abc import Iterable, Iterator, Mapping

from django.db.models import QuerySet
from drf_spectacular.utils import (
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import (
    ErrorDetail,
    MethodNotAllowed,
    NotFound,
    ValidationError,
)
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response

from persons import queries
from persons.changing import set_properties, unset_property
from persons.cohorts.querying import cohorts_of
from persons.filters import PersonFilter, named, person_id
from persons.models import Person, PersonDistinctId, PersonQuerySet
from persons.pagination import MAX_DISTINCT_IDS, PersonPagination
from persons.serializers import bodies
from persons.serializers.cohorts import PersonsCohortsSerializer
from persons.serializers.persons import ListedPersonSerializer, PersonSerializer
from persons.serializers.values import MAX_VALUES, PropertyValuesSerializer
from persons.splitting import keep_only, move_out
from persons.views.deletion import ACCEPTED, DeletionMixin
from posthog_clone.api.csv import CSVRenderer, csv_response
from posthog_clone.api.renderers import JSONRenderer
from projects.views.activity import ActivityMixin
from projects.viewsets import ProjectViewSet, as_uuid

MAX_CSV_ROWS = 10_000
CSV_CHUNK = 500
MAX_BATCH = 200
MAX_BATCH_DISTINCT_IDS = 10

FORMAT = OpenApiParameter("format", description="", enum=["csv", "json"])
SUCCESS = inline_serializer("PersonSuccess", {"success": serializers.BooleanField()})
BATCH = inline_serializer(
    "PersonsByKey", {"results": serializers.DictField(child=PersonSerializer())}
)


@extend_schema_view(
    list=extend_schema(parameters=[FORMAT]), retrieve=extend_schema(parameters=[FORMAT])
)
class PersonViewSet(
    DeletionMixin, ActivityMixin, ListModelMixin, RetrieveModelMixin, ProjectViewSet
):
    """People that events are about. Events make and change them; so can these, by hand."""

    scope_object = "person"
    rate_limit = "clickhouse"
    activity_scope = "Person"
    queryset = Person.objects.order_by("-created_at", "-id")
    serializer_class = PersonSerializer
    filterset_class = PersonFilter
    pagination_class = PersonPagination
    renderer_classes = [JSONRenderer, CSVRenderer]

    def get_serializer_class(self):
        return ListedPersonSerializer if self.action == "list" else PersonSerializer

    def get_object(self) -> Person:
        text = self.kwargs["pk"]
        if (id_ := person_id(text)) is None:
            raise ValidationError(
                "The ID provided does not look like a personID. "
                f"If you are using a distinctId, please use /persons?distinct_id={text} instead."
            )
        person = self.get_queryset().filter(named(id_)).with_distinct_ids().first()
        if person is None:
            raise NotFound
        return person

    # Reading

    def list(self, request, **kwargs):
        if request.accepted_renderer.format != "csv":
            return super().list(request, **kwargs)
        persons = self.filter_queryset(self.get_queryset())
        return csv_response(self.all_of(persons.values_list("id", flat=True)), "persons.csv")

    def all_of(self, ids: QuerySet) -> Iterator[dict]:
        """The persons of the ids, some in memory at a time."""
        ids = list(ids[:MAX_CSV_ROWS])
        for start in range(0, len(ids), CSV_CHUNK):
            persons = self.get_queryset().filter(id__in=ids[start : start + CSV_CHUNK])
            yield from self.get_serializer(
                persons.with_distinct_ids(MAX_DISTINCT_IDS), many=True
            ).data

    @extend_schema(request=bodies.DistinctIdsSerializer, responses=BATCH)
    @action(detail=False, methods=["post"], required_scopes=["person:read"])
    def batch_by_distinct_ids(self, request, **kwargs):
        """The persons of up to 200 distinct ids, by those."""
        wanted = wanted_strings(request.data, "distinct_ids")
        links = PersonDistinctId.objects.filter(project=self.project, distinct_id__in=wanted)
        owners = dict(links.values_list("distinct_id", "person_id"))
        persons = self.shown(self.get_queryset().filter(id__in=owners.values()))
        found = {person["id"]: person for person in persons}
        return Response(
            {"results": {id_: found[owners[id_]] for id_ in wanted if owners.get(id_) in found}}
        )

    @extend_schema(request=bodies.UuidsSerializer, responses=BATCH)
    @action(detail=False, methods=["post"], required_scopes=["person:read"])
    def batch_by_uuids(self, request, **kwargs):
        """Up to 200 persons, by their uuids."""
        uuids = [as_uuid(text) for text in wanted_strings(request.data, "uuids")]
        if None in uuids:
            raise ValidationError("One or more UUIDs are invalid.")
        persons = self.shown(self.get_queryset().filter(uuid__in=uuids))
        return Response({"results": {person["uuid"]: person for person in persons}})

    def shown(self, persons: PersonQuerySet) -> Iterable[dict]:
        persons = persons.with_distinct_ids(MAX_BATCH_DISTINCT_IDS)
        return self.get_serializer(persons, many=True).data

    @extend_schema(
        parameters=[
            OpenApiParameter("key", description="The property."),
            OpenApiParameter("value", description="Only values that contain this."),
        ],
        responses=PropertyValuesSerializer,
        filters=False,
    )
    @action(detail=False, pagination_class=None, rate_limit="values")
    def values(self, request, **kwargs):
        """The values that persons have for a property, most frequent first."""
        key, value = request.query_params.get("key"), request.query_params.get("value", "")
        rows = (
            queries.person_property_values(self.project.id, key, value, limit=MAX_VALUES)
            if key
            else []
        )
        results = [{"name": name, "count": count} for name, count in rows]
        return Response({"results": results, "refreshing": False})

    @extend_schema(
        parameters=[OpenApiParameter("person_id", required=True, description="Its id or uuid.")],
        responses=PersonsCohortsSerializer,
        filters=False,
    )
    @action(detail=False, pagination_class=None, required_scopes=["person:read", "cohort:read"])
    def cohorts(self, request, **kwargs):
        """The cohorts that a person is in."""
        text = request.query_params.get("person_id")
        if not text:
            raise ValidationError({"person_id": "This field is required."}, code="required")
        id_ = person_id(text)
        person = None if id_ is None else self.get_queryset().filter(named(id_)).first()
        if person is None:
            raise NotFound
        rows = [
            {"id": cohort.id, "name": cohort.name, "count": cohort.count}
            for cohort in cohorts_of(person, self.project)
        ]
        return Response({"results": rows})

    # Changing

    @extend_schema(exclude=True)
    def create(self, request, **kwargs):
        raise MethodNotAllowed(
            "POST",
            detail="Persons can't be created through this API. Send an $identify event instead.",
        )

    @extend_schema(request=bodies.PropertiesSerializer, responses={202: ACCEPTED})
    def update(self, request, **kwargs):
        """Set the properties given; the others stay."""
        person = self.get_object()
        body = self.body(bodies.PropertiesSerializer)
        set_properties(person, body["properties"], user=request.user)
        return Response(status=202)

    @extend_schema(request=bodies.PropertiesSerializer, responses={202: ACCEPTED})
    def partial_update(self, request, **kwargs):
        """Set the properties given; the others stay."""
        return self.update(request, **kwargs)

    @extend_schema(request=bodies.UpdatePropertySerializer, responses={202: ACCEPTED})
    @action(detail=True, methods=["post"])
    def update_property(self, request, **kwargs):
        """Set one property."""
        person = self.get_object()
        body = self.body(bodies.UpdatePropertySerializer)
        set_properties(person, {body["key"]: body["value"]}, user=request.user)
        return Response(status=202)

    @extend_schema(request=bodies.DeletePropertySerializer, responses={201: SUCCESS})
    @action(detail=True, methods=["post"])
    def delete_property(self, request, **kwargs):
        """Remove the property that `$unset` names."""
        person = self.get_object()
        body = self.body(bodies.DeletePropertySerializer)
        unset_property(person, body["$unset"], user=request.user)
        return Response({"success": True}, status=201)

    @extend_schema(request=bodies.SplitPersonSerializer, responses={201: SUCCESS})
    @action(detail=True, methods=["post"])
    def split(self, request, **kwargs):
        """Give some distinct ids persons of their own, without properties."""
        person = self.get_object()
        body = bodies.SplitPersonSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        if leaving := body.validated_data.get("distinct_ids_to_split"):
            move_out(person, leaving, user=request.user)
        else:
            keep_only(person, body.validated_data.get("main_distinct_id"), user=request.user)
        return Response({"success": True}, status=201)

    @extend_schema(request=bodies.DistinctIdSerializer, responses={202: ACCEPTED})
    @action(detail=False, methods=["post"])
    def reset_person_distinct_id(self, request, **kwargs):
        """Nothing to do here: a deleted person's distinct id can be used again at once."""
        bodies.DistinctIdSerializer(data=request.data).is_valid(raise_exception=True)
        return Response(status=202)

    def body(self, serializer_class) -> dict:
        """The validated body. What is missing is said in this resource's own, inverted way."""
        data = self.request.data
        for name in serializer_class().fields:
            if not isinstance(data, Mapping) or name not in data:
                missing = ErrorDetail("required", code="This field is required.")
                raise ValidationError({name: missing})
        body = serializer_class(data=data)
        body.is_valid(raise_exception=True)
        return body.validated_data


def wanted_strings(body, name: str) -> list[str]:
    """The first of the body's list, whose other members are passed over; [] if it is none."""
    wanted = body.get(name) if isinstance(body, Mapping) else None
    return (
        [item for item in wanted[:MAX_BATCH] if isinstance(item, str)]
        if isinstance(wanted, list)
        else []
    )
