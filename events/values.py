"""The values that a property or a column of recent events has."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.http import QueryDict
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from hogql import ast
from hogql.database import EVENTS, Column
from hogql.execution import run
from hogql.filters.conditions import Conditions
from hogql.filters.model import PropertyFilter
from hogql.parser import parse_select
from posthog_clone.api.flags import flag
from posthog_clone.api.times import end_of, start_of
from projects.models import Project

MAX_VALUES = 10
DAYS = 7
PREFIX = "properties_"
EVENT_NAMES = "custom_event"
MAX_NAMES = 1000
BOOLEANS = {"true", "false"}


def values_of(project: Project, params: QueryDict) -> list[str]:
    """Raises ValidationError that names the parameter to change."""
    key = params.get("key")
    if not key:
        raise ValidationError({"key": "You must provide a key"})
    containing = params.get("value", "").lower()
    if key == EVENT_NAMES:
        return event_names(project, containing)
    now = timezone.now()
    tree = parse_select(
        f"""
        SELECT value FROM (
            SELECT arrayJoin(if(
                JSONType({{text}}) = 'Array',
                JSONExtract({{text}}, 'Array(Nullable(String))'),
                [{{text}}]
            )) AS value
            FROM events WHERE {{wanted}}
        )
        WHERE value != '' AND position(lowerUTF8(value), {{containing}}) > 0
        GROUP BY value ORDER BY length(value), value LIMIT {MAX_VALUES}
        """
    )
    text = ast.Call("ifNull", [subject(key, params), ast.Constant("")])
    wanted = ast.And(list(conditions(project, params, now)))
    values = {"text": text, "wanted": wanted, "containing": containing}
    return [value for (value,) in run(tree, project, values=values, now=now).rows]


def event_names(project: Project, containing: str) -> list[str]:
    """All that are not PostHog's own."""
    tree = parse_select(
        f"SELECT DISTINCT event FROM events WHERE not startsWith(event, '$') ORDER BY event"
        f" LIMIT {MAX_NAMES}"
    )
    if containing:
        found = parse_select("SELECT 1 WHERE position(lowerUTF8(event), {containing}) > 0")
        tree = replace(tree, where=ast.And([tree.where, found.where]))
    return [name for (name,) in run(tree, project, values={"containing": containing}).rows]


def subject(key: str, params: QueryDict) -> ast.Expr:
    """The property's or the column's text."""
    if not flag(params, "is_column"):
        return ast.Text(ast.Field(["properties", key]))
    if not isinstance(EVENTS.fields.get(key), Column):
        raise ValidationError({"key": f"Events have no column {key[:100]!r}."})
    return ast.Call("toString", [ast.Field([key])])


def conditions(project: Project, params: QueryDict, now: datetime) -> Iterator[ast.Expr]:
    local, timestamp = now.astimezone(project.tz), ast.Field(["timestamp"])
    yield ast.Compare(">=", timestamp, ast.Constant(start_of(local - timedelta(days=DAYS), "d")))
    yield ast.Compare("<=", timestamp, ast.Constant(end_of(local, "d")))
    if names := [name for name in params.getlist("event_name") if name]:
        listed = ast.Tuple([ast.Constant(name) for name in names])
        yield ast.Compare("in", ast.Field(["event"]), listed)
    writer = Conditions(now=now, zone=project.tz)
    for name in params:
        if name.startswith(PREFIX) and (key := name.removeprefix(PREFIX)):
            values = tuple(map(lower_booleans, wanted_values(params[name])))
            yield writer.of_filter(PropertyFilter(key, "event", "exact", values))


def wanted_values(text: str) -> list:
    """A JSON list, or a single value."""
    try:
        value = orjson.loads(text)
    except ValueError:
        return [text]
    return value if isinstance(value, list) else [text]


def lower_booleans(value: Any) -> Any:
    return value.lower() if isinstance(value, str) and value.lower() in BOOLEANS else value
