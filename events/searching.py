"""Finding the events of a list. Property filters and HogQL conditions go through the query
language."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC

from events import queries
from events.filters import EventFilter
from events.queries import EventRow, Position
from hogql import ast
from hogql.execution import compiled_for, execute, prepared
from hogql.filters.conditions import Conditions
from hogql.parser import parse_expr, parse_select
from projects.models import Project

PAGE = 5000
AT_ONCE = 1000
"""Longer pages are found first and read then: sorting whole events takes memory."""
COLUMNS = (
    *("uuid", "distinct_id", "properties", "event", "timestamp", "elements_chain"),
    *("event_person_id", "person_mode"),
)


def find(project: Project, wanted: EventFilter) -> tuple[list[EventRow], bool]:
    """The wanted rows, and whether there are more."""
    if wanted.is_empty:
        return [], False
    if wanted.needs_hogql:
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


def pages(project: Project, wanted: EventFilter) -> Iterator[list[EventRow]]:
    """The same rows, some at a time."""
    left, has_more = wanted.limit, True
    while left and has_more:
        rows, has_more = find(project, replace(wanted, limit=min(PAGE, left)))
        yield rows
        left -= len(rows)
        if has_more:
            last = Position(rows[-1].timestamp, rows[-1].uuid)
            bound = {"before": last} if wanted.descending else {"after": last}
            wanted = replace(wanted, offset=0, **bound)


def search(project: Project, wanted: EventFilter) -> tuple[list[EventRow], bool]:
    """The wanted rows, and whether there are more."""
    is_short = wanted.limit <= AT_ONCE
    columns = ", ".join(COLUMNS if is_short else ("uuid", "timestamp"))
    order = "DESC" if wanted.descending else "ASC"
    tree = parse_select(
        f"SELECT {columns} FROM events ORDER BY timestamp {order}, uuid {order}"
        f" LIMIT {wanted.limit + 1} OFFSET {wanted.offset}"
    )
    # Parsed trees are cached and shared: this one is a copy.
    tree = replace(tree, where=ast.And(list(conditions(project, wanted))))
    tree = prepared(tree, project, None, None, None, wanted.now)
    # Not by `run`, which would spell out every value for JSON.
    found = execute(compiled_for(tree, project), project).rows
    rows, has_more = found[: wanted.limit], len(found) > wanted.limit
    if is_short:
        return [in_utc(EventRow(*row)) for row in rows], has_more
    return queries.by_uuids(project.id, rows), has_more


def in_utc(row: EventRow) -> EventRow:
    """HogQL's times are in the project's zone."""
    return replace(row, timestamp=row.timestamp.astimezone(UTC))


def conditions(project: Project, wanted: EventFilter) -> Iterator[ast.Expr]:
    yield Conditions(now=wanted.now, zone=project.tz).of_group(wanted.properties)
    yield from map(parse_expr, wanted.where)
    if wanted.action is not None:
        yield wanted.action
    if wanted.event is not None:
        yield ast.Compare("==", ast.Field(["event"]), ast.Constant(wanted.event))
    if wanted.distinct_ids is not None:
        ids = [ast.Constant(distinct_id) for distinct_id in wanted.distinct_ids]
        yield ast.Compare("in", ast.Field(["distinct_id"]), ast.Tuple(ids))
    for position, sign in ((wanted.after, ">"), (wanted.before, "<")):
        if position is not None:
            yield beyond(position, sign)


def beyond(position: Position, sign: str) -> ast.Expr:
    timestamp, moment = ast.Field(["timestamp"]), ast.Constant(position.timestamp)
    if position.uuid is None:
        return ast.Compare(sign, timestamp, moment)
    tie = ast.Compare(sign, ast.Field(["uuid"]), ast.Constant(position.uuid))
    return ast.And(
        [
            ast.Compare(f"{sign}=", timestamp, moment),
            ast.Or([ast.Compare(sign, timestamp, moment), tie]),
        ]
    )
