"""`select`: columns of the client's choice instead of whole events, by an EventsQuery."""

from collections.abc import Mapping
from typing import Any

from events.filters import EventFilter
from events.queries import Position
from hogql import ast, functions, kinds
from hogql.parser import parse_expr
from hogql.printing import hogql
from posthog_clone.api.parsers import read_json
from projects.models import Project

NEVER = "1 = 0"


def select(project: Project, wanted: EventFilter, params: Mapping[str, str]) -> dict[str, Any]:
    """`columns`, `types`, `results`, `hasMore` and the `position` to go on from, if any."""
    query = {
        "kind": "EventsQuery",
        "select": wanted.select,
        "where": [*wanted.where, *conditions(wanted)],
        "event": wanted.event,
        "properties": read_json(params.get("properties") or "null"),
        "after": bound(wanted.after) or "all",
        "before": bound(wanted.before),
        "orderBy": order(wanted, params),
        "limit": wanted.limit,
        "offset": wanted.offset,
    }
    run = kinds.Run(now=wanted.now, max_rows=wanted.limit)
    answer = kinds.answer(project, query, run)
    return {
        "columns": answer["columns"],
        "types": list(zip(answer["columns"], answer["types"], strict=True)),
        "results": answer["results"],
        "hasMore": answer["hasMore"],
        "position": next_position(answer, wanted),
    }


def conditions(wanted: EventFilter) -> list[str]:
    if wanted.is_empty:
        return [NEVER]
    parts = [] if wanted.action is None else [wanted.action]
    if wanted.distinct_ids is not None:
        ids = ast.Tuple([ast.Constant(distinct_id) for distinct_id in wanted.distinct_ids])
        parts.append(ast.Compare("in", ast.Field(["distinct_id"]), ids))
    return [hogql(part) for part in parts]


def bound(position: Position | None) -> str | None:
    if position is None or position.uuid is None:
        return position and position.timestamp.isoformat()
    return f"{position.timestamp.isoformat()}|{position.uuid}"


def order(wanted: EventFilter, params: Mapping[str, str]) -> list[str] | None:
    """By time, unless rows are added up and nobody asked for that."""
    if not params.get("orderBy") and any(map(adds_up, wanted.select)):
        return None
    return ["timestamp DESC" if wanted.descending else "timestamp ASC"]


def adds_up(text: str) -> bool:
    if text.partition("--")[0].strip() in ("*", "person", "person_display_name"):
        return False
    calls = (node for node in ast.walk(parse_expr(text)) if isinstance(node, ast.Call))
    found = (functions.find(call.name) for call in calls)
    return any(function is not None and function.is_aggregate for function in found)


def next_position(answer: Mapping[str, Any], wanted: EventFilter) -> dict[str, str] | None:
    if not answer["hasMore"]:
        return None
    if not (cursor := answer.get("nextCursor")):
        return {"offset": str(wanted.offset + wanted.limit)}
    name = "before" if wanted.descending else "after"
    moment, _, uuid = cursor.partition("|")
    return {name: moment, f"{name}_uuid": uuid}
