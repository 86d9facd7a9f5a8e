"""Events as the API reads them."""

import itertools
from collections.abc import Mapping, Sequence
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response

from events import queries
from events.filters import EventFilter, event_filter
from events.queries import EventRow
from events.searching import find, pages
from events.selecting import select
from events.serializers.events import (
    EventListSerializer,
    EventSerializer,
    EventValuesSerializer,
    event_object,
    persons_of,
)
from events.values import values_of
from posthog_clone.api.csv import CSVRenderer, csv_response
from posthog_clone.api.flags import flag
from posthog_clone.api.renderers import JSONRenderer
from projects.viewsets import ProjectViewSet


def parameter(name: str, description: str, kind=OpenApiTypes.STR, **options) -> OpenApiParameter:
    return OpenApiParameter(name, kind, description=description, **options)


class InvalidUUID(ValidationError):
    """The one place where the API says `invalid` and not `invalid_input`."""

    also = {"code": "invalid"}


class EventViewSet(ProjectViewSet):
    scope_object = "query"
    rate_limit = "clickhouse"
    serializer_class = EventSerializer
    renderer_classes = [JSONRenderer, CSVRenderer]
    pagination_class = None

    @extend_schema(
        responses=EventListSerializer,
        parameters=[
            parameter("event", "Only events of this name."),
            parameter("distinct_id", "Only events of this distinct id."),
            parameter("person_id", "Only events of this person: its uuid or its id."),
            parameter("after", "Only events after this time: ISO 8601, or relative like `-24h`."),
            parameter("before", "Only events before this time; by default 5 s from now."),
            parameter(
                "limit",
                "At most this many: 100 by default, 50,000 at most; as CSV, which is streamed, "
                "1000 by default and 1,000,000 at most.",
                int,
            ),
            parameter(
                "offset", "Pass over this many. Better: follow `next`.", int, deprecated=True
            ),
            parameter("orderBy", '`["-timestamp"]`, the default, or `["timestamp"]`.'),
            parameter("include_person", "`false` leaves the persons out.", bool),
            parameter("action_id", "Only events that are this action."),
            parameter(
                "select",
                "Experimental: a JSON list of HogQL expressions. Rows are lists of their values, "
                "beside `columns`, `types` and `hasMore`.",
            ),
            parameter("where", "Experimental: a JSON list of HogQL conditions, all to hold."),
            parameter("properties", "A JSON list or group of property filters."),
            parameter("format", "", enum=["json", "csv"]),
        ],
    )
    def list(self, request, **kwargs):
        csv = request.accepted_renderer.format == "csv"
        wanted = event_filter(request.query_params, self.project, csv=csv)
        if wanted.select:
            return self.list_selected(wanted, csv)
        with_person = flag(request.query_params, "include_person", default=True)
        if csv:
            found = pages(self.project, wanted)
            objects = (self.objects(rows, with_person, parsed=True) for rows in found)
            return csv_response(itertools.chain.from_iterable(objects), "events.csv")
        rows, has_more = find(self.project, wanted)
        results = self.objects(rows, with_person, parsed=False)
        link = next_link(request, wanted, rows[-1]) if has_more else None
        return Response({"next": link, "results": results}, headers=self.warning)

    def list_selected(self, wanted: EventFilter, csv: bool):
        """Rows of the expressions' values."""
        answer = select(self.project, wanted, self.request.query_params)
        if csv:
            rows = (dict(zip(answer["columns"], row, strict=True)) for row in answer["results"])
            return csv_response(rows, "events.csv")
        position = answer.pop("position")
        answer["next"] = position and link_to(self.request, position)
        return Response(answer, headers=self.warning)

    @property
    def warning(self) -> dict[str, str]:
        if "offset" not in self.request.query_params:
            return {}
        return {"X-PostHog-Warn": "offset is deprecated: follow `next` instead."}

    @extend_schema(
        parameters=[
            parameter("key", "The property, or the column with `is_column`.", required=True),
            parameter("value", "Only values that contain this, in whatever case."),
            parameter("event_name", "Only of events of this name; may be repeated."),
            parameter("is_column", "`true`: the key is a column such as `event`.", bool),
        ],
        responses=EventValuesSerializer,
    )
    @action(detail=False, rate_limit="values")
    def values(self, request, **kwargs):
        """Up to 10 values of a property of the last week's events, the shortest first.

        `properties_<name>=…` narrows the events: a value, or a JSON list of them.
        """
        found = values_of(self.project, request.query_params)
        return Response(
            {"results": [{"name": value} for value in found], "refreshing": False},
            headers={"Cache-Control": "max-age=10"},
        )

    @extend_schema(
        parameters=[
            parameter("include_person", "`true` shows the person.", bool),
            parameter("format", "", enum=["json", "csv"]),
        ]
    )
    def retrieve(self, request, pk, **kwargs):
        try:
            uuid = UUID(pk)
        except ValueError:
            raise InvalidUUID("Invalid UUID") from None
        row = queries.one(self.project.id, uuid)
        if row is None:
            raise NotFound(f"No events exist for event UUID {pk}")
        with_person = flag(request.query_params, "include_person")
        csv = request.accepted_renderer.format == "csv"
        return Response(self.objects([row], with_person, parsed=csv)[0])

    def objects(self, rows: Sequence[EventRow], with_person: bool, *, parsed: bool):
        persons = persons_of(self.project, rows) if with_person else {}
        return [event_object(row, persons.get(row.distinct_id), parsed=parsed) for row in rows]


def next_link(request, wanted: EventFilter, last: EventRow) -> str:
    """The same request, going on after `last`; its uuid tells it from others of the same time."""
    bound = "before" if wanted.descending else "after"
    moment = last.timestamp.isoformat(timespec="microseconds")
    return link_to(request, {bound: moment, f"{bound}_uuid": str(last.uuid)})


def link_to(request, position: Mapping[str, str]) -> str:
    """The same request from another position on."""
    params = request.query_params.copy()
    params.pop("offset", None)
    for name, value in position.items():
        params.pop(name, None)
        if value:
            params[name] = value
    return request.build_absolute_uri(f"{request.path}?{params.urlencode()}")
