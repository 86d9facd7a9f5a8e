"""Events as the API reads them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response

from events import queries
from events.filters import EventFilter, event_filter, expressions
from events.queries import EventRow
from events.searching import search
from events.serializers import EventListSerializer, EventSerializer, event_object, persons_of
from posthog_clone.api.csv import CSVRenderer
from posthog_clone.api.renderers import JSONRenderer
from projects.models import Project
from projects.viewsets import ProjectViewSet

TRUE, FALSE = {"true", "1", ""}, {"false", "0"}


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
            parameter("limit", "At most this many: 100 by default, 50,000 at most.", int),
            parameter(
                "offset", "Pass over this many. Better: follow `next`.", int, deprecated=True
            ),
            parameter("orderBy", '`["-timestamp"]`, the default, or `["timestamp"]`.'),
            parameter("include_person", "`false` leaves the persons out.", bool),
            parameter("select", "Experimental: a JSON list of expressions; passed over."),
            parameter("where", "Experimental: a JSON list of HogQL conditions, all to hold."),
            parameter("properties", "A JSON list or group of property filters."),
            parameter("format", "", enum=["json", "csv"]),
        ],
    )
    def list(self, request, **kwargs):
        csv = request.accepted_renderer.format == "csv"
        wanted = event_filter(request.query_params, self.project, csv=csv)
        expressions(request.query_params, "select")
        rows, has_more = find(self.project, wanted)
        with_person = request.query_params.get("include_person", "").lower() not in FALSE
        results = self.objects(rows, with_person, parsed=csv)
        if csv:
            return Response(results)
        headers = {}
        if "offset" in request.query_params:
            headers["X-PostHog-Warn"] = "offset is deprecated: follow `next` instead."
        link = next_link(request, wanted, rows[-1]) if has_more else None
        return Response({"next": link, "results": results}, headers=headers)

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
        with_person = request.query_params.get("include_person", "false").lower() in TRUE
        csv = request.accepted_renderer.format == "csv"
        return Response(self.objects([row], with_person, parsed=csv)[0])

    def objects(self, rows: Sequence[EventRow], with_person: bool, *, parsed: bool):
        persons = persons_of(self.project, rows) if with_person else {}
        return [event_object(row, persons.get(row.distinct_id), parsed=parsed) for row in rows]


def find(project: Project, wanted: EventFilter) -> tuple[list[EventRow], bool]:
    """The wanted rows, and whether there are more."""
    if wanted.distinct_ids == []:
        return [], False
    if wanted.properties or wanted.where:
        return search(project, wanted)
    rows = queries.page(
        project.id,
        after=wanted.after,
        before=wanted.before,
        event=wanted.event,
        distinct_ids=wanted.distinct_ids,
        descending=wanted.descending,
        limit=wanted.limit + 1,
        offset=wanted.offset,
    )
    return rows[: wanted.limit], len(rows) > wanted.limit


def next_link(request, wanted: EventFilter, last: EventRow) -> str:
    """The same request, going on after `last`; its uuid tells it from others of the same time."""
    bound = "before" if wanted.descending else "after"
    params = request.query_params.copy()
    params.pop("offset", None)
    params[bound] = with_microseconds(last.timestamp)
    params[f"{bound}_uuid"] = str(last.uuid)
    return request.build_absolute_uri(f"{request.path}?{params.urlencode()}")


def with_microseconds(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
