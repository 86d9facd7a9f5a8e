"""The query parameters of the events list."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.utils import timezone
from rest_framework.exceptions import ValidationError

from events.actions import condition, find
from events.queries import Position
from hogql import ast
from hogql.filters.conditions import FALSE
from hogql.filters.model import PropertyGroup, parse_properties
from persons.models import Person, PersonDistinctId
from posthog_clone.api.parsers import read_json
from posthog_clone.api.times import parse_bound
from projects.models import Project

DEFAULT_LIMIT = 100
DEFAULT_CSV_LIMIT = 1000
# Some clients page by 10,000 and take a shorter answer for the end.
MAX_LIMIT = 50_000
# CSV is streamed.
MAX_CSV_LIMIT = 1_000_000
MAX_NUMBER, MAX_DIGITS = 2**62, 20
FUTURE = timedelta(seconds=5)
NEWEST_FIRST = ["-timestamp"]


@dataclass(frozen=True, slots=True)
class EventFilter:
    after: Position | None
    before: Position | None
    event: str | None
    distinct_ids: list[str] | None
    """None is any."""
    descending: bool
    limit: int
    offset: int
    properties: PropertyGroup
    where: list[str]
    """HogQL conditions, all of which must hold."""
    select: list[str]
    """HogQL expressions instead of whole events."""
    action: ast.Expr | None
    now: datetime

    @property
    def is_empty(self) -> bool:
        """Nothing can be found."""
        return self.distinct_ids == [] or self.action == FALSE

    @property
    def needs_hogql(self) -> bool:
        return bool(self.properties or self.where or self.action)


def event_filter(params: Mapping[str, str], project: Project, *, csv: bool) -> EventFilter:
    """Read the parameters. Raises ValidationError that names the one to change."""
    now = timezone.now()
    return EventFilter(
        after=position(params, "after", project, now),
        before=position(params, "before", project, now) or Position(now + FUTURE),
        event=params.get("event") or None,
        distinct_ids=distinct_ids(params, project),
        descending=json_list(params, "orderBy", NEWEST_FIRST) == NEWEST_FIRST,
        limit=limit(params, csv=csv),
        offset=number(params, "offset"),
        properties=properties_of(params),
        where=expressions(params, "where"),
        select=expressions(params, "select"),
        action=action(params, project, now),
        now=now,
    )


def limit(params: Mapping[str, str], *, csv: bool) -> int:
    default, most = (DEFAULT_CSV_LIMIT, MAX_CSV_LIMIT) if csv else (DEFAULT_LIMIT, MAX_LIMIT)
    return min(number(params, "limit") or default, most)


def number(params: Mapping[str, str], name: str) -> int:
    """A whole number above 0; anything else counts as not given and is 0."""
    text = params.get(name, "")
    is_number = text.isascii() and text.isdecimal()
    return min(int(text[:MAX_DIGITS]), MAX_NUMBER) if is_number else 0


def position(
    params: Mapping[str, str], name: str, project: Project, now: datetime
) -> Position | None:
    text = params.get(name)
    if not text:
        return None
    week_start = project.week_start_day or 0
    moment = parse_bound(text, project.tz, now, week_start_day=week_start, attr=name)
    return moment and Position(storable(moment), tie_break(params, f"{name}_uuid"))


def storable(moment: datetime) -> datetime:
    """Within what the store can compare with; no event is beyond."""
    return min(max(moment, datetime(1900, 1, 2, tzinfo=UTC)), datetime(2299, 12, 30, tzinfo=UTC))


def tie_break(params: Mapping[str, str], name: str) -> UUID | None:
    text = params.get(name)
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise ValidationError({name: f"{text[:100]!r} is not a UUID."}) from None


def distinct_ids(params: Mapping[str, str], project: Project) -> list[str] | None:
    """Those of the person that `person_id` names, narrowed to `distinct_id` if that is given."""
    single, person_id = params.get("distinct_id"), params.get("person_id")
    if not person_id:
        return [single] if single else None
    links = PersonDistinctId.objects.filter(
        project=project, person__in=persons_named(person_id, project)
    )
    if single:
        links = links.filter(distinct_id=single)
    return list(links.values_list("distinct_id", flat=True))


def persons_named(person_id: str, project: Project):
    persons = Person.objects.filter(project=project)
    if person_id.isascii() and person_id.isdecimal() and len(person_id) < 19:
        return persons.filter(id=int(person_id))
    try:
        return persons.filter(uuid=UUID(person_id))
    except ValueError:
        return persons.none()


def action(params: Mapping[str, str], project: Project, now: datetime) -> ast.Expr | None:
    """Which events are the action; none of an unknown one, or one without steps."""
    text = params.get("action_id")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()):
        raise ValidationError({"action_id": f"{text[:100]!r} is not the id of an action."})
    if find(project, text) is None:
        return FALSE
    return condition(project, text, now=now, without_steps=FALSE)


def json_list(params: Mapping[str, str], name: str, default: list) -> list:
    text = params.get(name)
    if not text:
        return default
    try:
        value = read_json(text)
    except ValueError:
        raise ValidationError({name: f"{name} must be JSON, not {text[:100]!r}."}) from None
    if not isinstance(value, list):
        raise ValidationError({name: f"{name} must be a JSON list, not {text[:100]!r}."})
    return value


def expressions(params: Mapping[str, str], name: str) -> list[str]:
    """A JSON list of HogQL expressions."""
    value = json_list(params, name, [])
    if not all(isinstance(text, str) for text in value):
        message = f'{name} must be a JSON list of expressions such as ["event"].'
        raise ValidationError({name: message})
    return value


def properties_of(params: Mapping[str, str]) -> PropertyGroup:
    try:
        return parse_properties(read_json(params.get("properties") or "null"))
    except ValueError:
        raise ValidationError("Properties are unparsable!") from None
    except ValidationError as error:
        raise ValidationError({"properties": error.detail}) from None
