"""Events that property filters and HogQL conditions select, through the query language."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from events import queries
from events.filters import MAX_LIMIT, EventFilter
from events.queries import EventRow, Position
from hogql import ast
from hogql.execution import run
from hogql.filters.conditions import Conditions
from hogql.parser import parse_expr, parse_select
from projects.models import Project


def search(project: Project, wanted: EventFilter) -> tuple[list[EventRow], bool]:
    """The wanted rows, and whether there are more."""
    order = "DESC" if wanted.descending else "ASC"
    tree = parse_select(
        f"SELECT uuid, timestamp FROM events ORDER BY timestamp {order}, uuid {order}"
        f" LIMIT {wanted.limit} OFFSET {wanted.offset}"
    )
    # Parsed trees are cached and shared: this one is a copy.
    tree = replace(tree, where=ast.And(list(conditions(project, wanted))))
    result = run(tree, project, max_limit=MAX_LIMIT, now=wanted.now)
    found = [(UUID(uuid), datetime.fromisoformat(moment)) for uuid, moment in result.rows]
    return queries.by_uuids(project.id, found), result.has_more


def conditions(project: Project, wanted: EventFilter) -> Iterator[ast.Expr]:
    yield Conditions(now=wanted.now, zone=ZoneInfo(project.timezone)).of_group(wanted.properties)
    yield from map(parse_expr, wanted.where)
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
