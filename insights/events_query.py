"""The query kind EventsQuery: events, or numbers about them, in columns of the client's choice."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from events.filters import storable
from hogql import ast, knowledge
from hogql.execution import run as run_hogql
from hogql.filters.conditions import Conditions
from hogql.kinds import Run
from hogql.parser import parse_expr
from insights.asking import (
    ExpressionsField,
    PageSerializer,
    PropertiesField,
    TextField,
    bound,
    checked,
    resolved,
)
from insights.selecting import (
    Column,
    Row,
    answer_keys,
    columns_of,
    display_name,
    order_of,
    plain_name,
    property_conditions,
    select,
)
from persons.models import Person, PersonDistinctId
from posthog_clone.api.times import iso, parse_timestamp
from projects.models import Project

FUTURE = timedelta(seconds=5)
STAR = (
    *("uuid", "event", "properties", "timestamp", "team_id", "distinct_id", "elements_chain"),
    *("created_at", "person_mode"),
)

CURSOR = (ast.Field(["timestamp"]), ast.Field(["uuid"]))
PERSONS_AT_ONCE = 500


class EventsQuerySerializer(PageSerializer):
    select = ExpressionsField(
        help_text="HogQL expressions; also `*`, `person` and `person_display_name`. What follows "
        "`--` is a label.",
    )
    where = ExpressionsField(help_text="HogQL conditions, all to hold.")
    event = TextField(required=False, allow_null=True)
    events = serializers.ListField(
        child=TextField(), required=False, allow_null=True, max_length=1000
    )
    properties = PropertiesField()
    fixedProperties = PropertiesField()
    actionId = serializers.IntegerField(required=False, allow_null=True)
    personId = TextField(required=False, allow_null=True, help_text="A person's uuid or id.")
    after = TextField(required=False, allow_null=True, help_text="`-24h` by default, or `all`.")
    before = TextField(required=False, allow_null=True, help_text="By default 5 s from now.")
    orderBy = ExpressionsField(help_text='`["timestamp DESC"]`')
    filterTestAccounts = serializers.BooleanField(required=False, allow_null=True)


def check(project: Project, query: Mapping[str, Any]) -> None:
    checked(EventsQuerySerializer, project, query)


def answer(project: Project, query: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """A page of rows. Raises QueryError for an expression that can't be followed."""
    asked = checked(EventsQuerySerializer, project, query)
    fields = asked.validated_data
    limit, offset = asked.page(run.max_rows)
    special = special_columns(project)
    columns = columns_of(fields.get("select") or ["*"], special)
    order = order_of(fields.get("orderBy"), columns, special, has_time, "timestamp")
    goes_on = can_go_on(columns, order)
    if goes_on:
        order = [*order, ast.OrderBy(ast.Field(["uuid"]), descending=order[0].descending)]
    after, before = bounds(project, fields, run.now)
    tree = select(
        "events",
        columns,
        list(conditions(project, fields, run.now, after, before)),
        order,
        extra=CURSOR if goes_on else (),
    )
    tree.limit, tree.offset = ast.Constant(limit + 1), ast.Constant(offset)
    result = run_hogql(
        tree,
        project,
        max_limit=limit + 1,
        seconds=run.seconds,
        query_id=run.query_id,
        now=run.now,
    )
    has_more = len(result.rows) > limit
    cursor = next_cursor(result.rows, limit) if goes_on and has_more else None
    rows = [row[: len(columns)] for row in result.rows[:limit]]
    fill_in(project, columns, rows)
    return {
        "results": rows,
        **answer_keys(columns, result.types),
        "hogql": result.hogql,
        "limit": limit,
        "offset": offset,
        "hasMore": has_more,
        "nextCursor": cursor,
        "modifiers": fields.get("modifiers"),
        "timings": result.timings,
        "resolved_date_range": resolved(after[0] if after else None, before[0]),
    }


def special_columns(project: Project) -> dict[str, ast.Expr]:
    name = display_name(project, ["person", "properties"], ast.Field(["distinct_id"]))
    id = ast.Call("toString", [ast.Field(["person_id"])])
    return {
        "*": ast.Tuple([ast.Field([field]) for field in STAR]),
        "person": ast.Field(["distinct_id"]),
        "person_display_name": ast.Tuple([name, id, ast.Field(["distinct_id"])]),
    }


def has_time(columns: Sequence[Column]) -> bool:
    return any(plain_name(column.text) in ("timestamp", "*") for column in columns)


def can_go_on(columns: Sequence[Column], order: Sequence[ast.OrderBy]) -> bool:
    """Whether a page can begin after the last row of another: in the order of time alone."""
    by_time = len(order) == 1 and order[0].expr == ast.Field(["timestamp"])
    return by_time and not any(column.is_aggregate for column in columns)


Bound = tuple[datetime, UUID | None]


def bounds(
    project: Project, fields: Mapping[str, Any], now: datetime
) -> tuple[Bound | None, Bound]:
    """Raises ValidationError."""
    after = position(fields.get("after") or "-24h", project, now, "after")
    before = position(fields.get("before"), project, now, "before")
    return after, before or (now + FUTURE, None)


def position(text: str | None, project: Project, now: datetime, attr: str) -> Bound | None:
    """A bound, which may be the cursor of an answer: a time, and a uuid among those of that
    time."""
    moment, _, uuid = (text or "").partition("|")
    if not uuid:
        found = bound(text, project, now, attr)
        return found and (storable(found), None)
    try:
        return storable(parse_timestamp(moment) or now), UUID(uuid)
    except ValueError:
        raise ValidationError({attr: f"{text[:100]!r} is not a time."}) from None


def next_cursor(rows: Sequence[Row], limit: int) -> str:
    """Where the next page begins: the last row's time, with its uuid if the next has that time
    too."""
    (time, uuid), (next_time, _) = rows[limit - 1][-2:], rows[limit][-2:]
    time = iso(parse_timestamp(time))
    return f"{time}|{uuid}" if next_time == rows[limit - 1][-2] else time


def conditions(
    project: Project,
    fields: Mapping[str, Any],
    now: datetime,
    after: Bound | None,
    before: Bound,
) -> Iterator[ast.Expr]:
    yield from map(parse_expr, fields.get("where") or [])
    writer = Conditions(now=now, zone=ZoneInfo(project.timezone))
    yield from property_conditions(
        writer,
        project,
        fields.get("properties"),
        fields.get("fixedProperties"),
        test_accounts=bool(fields.get("filterTestAccounts")),
    )
    names = [name for name in [fields.get("event"), *(fields.get("events") or [])] if name]
    if names:
        wanted = ast.Tuple([ast.Constant(name) for name in names])
        yield ast.Compare("in", ast.Field(["event"]), wanted)
    if fields.get("actionId") is not None:
        yield knowledge.action_condition(project, fields["actionId"], now=now)
    if fields.get("personId"):
        uuid = ast.Constant(person_uuid(project, fields["personId"]))
        yield ast.Compare("==", ast.Field(["person_id"]), uuid)
    if after:
        yield beyond(after, ">")
    yield beyond(before, "<")


def person_uuid(project: Project, given: str) -> UUID | None:
    """The person's, by its uuid or id; None for an unknown one, which has no events."""
    try:
        return UUID(given)
    except ValueError:
        pass
    if not (given.isascii() and given.isdecimal() and len(given) < 19):
        return None
    persons = Person.objects.filter(project=project, id=int(given))
    return persons.values_list("uuid", flat=True).first()


def beyond(bound: Bound, sign: str) -> ast.Expr:
    moment, uuid = bound
    time, at = ast.Field(["timestamp"]), ast.Constant(moment)
    if uuid is None:
        return ast.Compare(sign, time, at)
    tie = ast.And(
        [
            ast.Compare("==", time, at),
            ast.Compare(sign, ast.Field(["uuid"]), ast.Constant(uuid)),
        ]
    )
    return ast.Or([ast.Compare(sign, time, at), tie])


def fill_in(project: Project, columns: Sequence[Column], rows: list[Row]) -> None:
    """Objects in place of what stood for them."""
    for index, column in enumerate(columns):
        name = plain_name(column.text)
        if name == "*":
            for row in rows:
                row[index] = star(row[index])
        elif name == "person":
            persons = persons_of(project, {row[index] for row in rows})
            for row in rows:
                row[index] = {**persons.get(row[index], {}), "distinct_id": row[index]}
        elif name == "person_display_name":
            for row in rows:
                shown, id, distinct_id = row[index]
                row[index] = {"display_name": shown, "id": id, "distinct_id": distinct_id}


def star(values: Row) -> dict[str, Any]:
    event = dict(zip(STAR, values, strict=True))
    event["properties"] = json.loads(event["properties"] or "{}")
    return event


def persons_of(project: Project, distinct_ids: set[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    ids = sorted(distinct_ids)
    for start in range(0, len(ids), PERSONS_AT_ONCE):
        links = PersonDistinctId.objects.filter(
            project=project, distinct_id__in=ids[start : start + PERSONS_AT_ONCE]
        ).select_related("person")
        for link in links:
            found[link.distinct_id] = {
                "uuid": str(link.person.uuid),
                "created_at": iso(link.person.created_at),
                "properties": link.person.properties,
            }
    return found
