"""Cohorts and who is in them."""

from collections.abc import Callable, Iterator

import django_filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.mixins import CreateModelMixin, ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response

from persons.cohorts import changing, members
from persons.cohorts.querying import page_of_members
from persons.filters import named, person_id
from persons.models import Cohort, Person
from persons.pagination import ALL, MAX_DISTINCT_IDS
from persons.serializers.cohorts import (
    AddPersonsSerializer,
    CohortPersonsSerializer,
    CohortSerializer,
    RemovePersonSerializer,
)
from persons.serializers.persons import ListedPersonSerializer
from posthog_clone.api.csv import CSVRenderer, csv_response
from posthog_clone.api.deletion import SoftDelete
from posthog_clone.api.pagination import Pagination
from posthog_clone.api.renderers import JSONRenderer
from posthog_clone.api.updating import PutAsPatch
from projects.views.activity import ActivityMixin
from projects.viewsets import ProjectViewSet

MAX_CSV_ROWS = 10_000
CSV_CHUNK = 1000
SUCCESS = inline_serializer("CohortSuccess", {"success": serializers.BooleanField()})


class CohortFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(field_name="name", lookup_expr="icontains")
    type = django_filters.ChoiceFilter(
        choices=[("static", "static"), ("dynamic", "dynamic")], method="of_type"
    )
    created_by_id = django_filters.NumberFilter(min_value=0, max_value=2**31 - 1)

    class Meta:
        model = Cohort
        fields = []

    def of_type(self, cohorts, name: str, value: str):
        return cohorts.filter(is_static=value == "static")


class MemberPages(Pagination):
    """Pages of what is found a page at a time, and whose number nobody knows."""

    def read(self, request, found) -> list:
        """The page that `found(limit, offset)` gives, which tells too whether there are more."""
        self.request = request
        self.limit, self.offset = self.get_limit(request), self.get_offset(request)
        page, has_more = found(self.limit, min(self.offset, ALL))
        self.count = self.offset + len(page) + has_more
        return page


class CohortViewSet(
    ActivityMixin,
    SoftDelete,
    CreateModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
    PutAsPatch,
    ProjectViewSet,
):
    """Some of the project's persons: listed one by one, or all who satisfy conditions.

    One is deleted by PATCH `{"deleted": true}`, and restored by `{"deleted": false}`.
    """

    scope_object = "cohort"
    activity_scope = "Cohort"
    queryset = Cohort.objects.select_related("project", "created_by").order_by("-created_at", "-id")
    serializer_class = CohortSerializer
    filterset_class = CohortFilter

    def filter_queryset(self, queryset):
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def perform_create(self, serializer):
        fields = dict(serializer.validated_data)
        source = fields.pop("source", None)
        serializer.instance = changing.create(self.project, fields, self.request.user)
        self.add(serializer.instance, source)

    def perform_update(self, serializer):
        fields = dict(serializer.validated_data)
        source = fields.pop("source", None)
        changing.change(serializer.instance, fields, self.request.user)
        self.add(serializer.instance, source)

    def add(self, cohort: Cohort, source: tuple[str, list[str]] | None) -> None:
        if source is not None:
            members.add(cohort, source[1], by=source[0])
            cohort.refresh_from_db(fields=["count", "version", "last_calculation"])

    @extend_schema(
        parameters=[
            OpenApiParameter("limit", OpenApiTypes.INT),
            OpenApiParameter("offset", OpenApiTypes.INT),
            OpenApiParameter("format", enum=["json", "csv"]),
        ],
        responses=CohortPersonsSerializer,
        filters=False,
    )
    @action(
        detail=True,
        required_scopes=["cohort:read", "person:read"],
        pagination_class=None,
        renderer_classes=[JSONRenderer, CSVRenderer],
    )
    def persons(self, request, **kwargs):
        """The persons in the cohort, the newest first."""
        cohort, pages = self.get_object(), MemberPages()
        found = self.listed if cohort.is_static else self.calculated
        if request.accepted_renderer.format == "csv":
            return csv_response(self.all_of(cohort, found), "persons.csv")
        page = pages.read(request, lambda limit, offset: found(cohort, limit, offset))
        return Response(
            {
                "results": self.shown(page),
                "next": pages.get_next_link(),
                "previous": pages.get_previous_link(),
            }
        )

    def all_of(self, cohort: Cohort, found: Callable) -> Iterator[dict]:
        for offset in range(0, MAX_CSV_ROWS, CSV_CHUNK):
            persons, has_more = found(cohort, CSV_CHUNK, offset)
            yield from self.shown(persons)
            if not has_more:
                return

    def shown(self, persons: list[Person]):
        context = self.get_serializer_context()
        return ListedPersonSerializer(persons, many=True, context=context).data

    def listed(self, cohort: Cohort, limit: int, offset: int) -> tuple[list[Person], bool]:
        persons = Person.objects.filter(
            project=self.project, id__in=cohort.members.values("person_id")
        ).order_by("-created_at", "-id")
        page = persons.with_distinct_ids(MAX_DISTINCT_IDS)[offset : offset + limit + 1]
        return page[:limit], len(page) > limit

    def calculated(self, cohort: Cohort, limit: int, offset: int) -> tuple[list[Person], bool]:
        uuids, has_more = page_of_members(cohort, self.project, limit, offset)
        persons = Person.objects.filter(project=self.project, uuid__in=uuids)
        by_uuid = {each.uuid: each for each in persons.with_distinct_ids(MAX_DISTINCT_IDS)}
        return [by_uuid[uuid] for uuid in uuids if uuid in by_uuid], has_more

    @extend_schema(request=AddPersonsSerializer, responses=SUCCESS)
    @action(detail=True, methods=["patch"])
    def add_persons_to_static_cohort(self, request, **kwargs):
        """Add persons, by their uuids; unknown ones are passed over."""
        cohort = self.get_object()
        if not cohort.is_static:
            raise ValidationError("Can only add users to static cohorts")
        body = AddPersonsSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        ids = body.validated_data["person_ids"]
        if not members.persons_named(self.project.id, ids, "person_id"):
            raise ValidationError({"person_ids": "The project has none of these persons."})
        changing.add_members(cohort, ids, request.user)
        return Response({"success": True})

    @extend_schema(request=RemovePersonSerializer, responses=SUCCESS)
    @action(detail=True, methods=["patch"])
    def remove_person_from_static_cohort(self, request, **kwargs):
        """Remove a person, by its uuid."""
        cohort = self.get_object()
        if not cohort.is_static:
            raise ValidationError("Can only remove users from static cohorts")
        body = RemovePersonSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        persons = Person.objects.filter(project=self.project)
        id_ = person_id(body.validated_data["person_id"])
        person = persons.filter(named(id_)).first() if id_ is not None else None
        if person is None:
            raise NotFound
        changing.remove_member(cohort, person, request.user)
        return Response({"success": True})
