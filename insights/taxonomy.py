"""What there is in a project to ask about: events, properties and some of their values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rest_framework.exceptions import ValidationError

from hogql import ast, knowledge
from hogql.database import SESSIONS
from hogql.execution import run
from insights.database_schema import TYPES
from persons.models import GroupType
from projects.models import Project

SAMPLE = 2_000
"""The newest rows that properties are looked for in."""
MAX_PROPERTIES = 1_000
MAX_VALUES = 25
SAMPLES = 5
RECENT = "timestamp > now() - INTERVAL 30 DAY"
JSON_TYPES = {
    "String": "String",
    "Int64": "Numeric",
    "UInt64": "Numeric",
    "Double": "Numeric",
    "Bool": "Boolean",
    "Array": "Array",
    "Object": "Object",
}


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    type: str | None
    sample: list[str]
    count: int = 0
    """How many different ones there are, of the rows looked at."""


def events(
    project: Project, now: datetime, limit: int, offset: int
) -> tuple[list[tuple[str, int]], bool]:
    """Names and how often each came in the last 30 days, the most frequent first; and whether
    there are more."""
    result = run(
        f"SELECT event, count() FROM events WHERE {RECENT} GROUP BY event "
        "ORDER BY count() DESC, event LIMIT {most} OFFSET {skipped}",
        project,
        values={"most": limit, "skipped": offset},
        now=now,
    )
    return [(name, count) for name, count in result.rows], result.has_more


def event_condition(name: str) -> ast.Expr:
    return ast.Compare("==", ast.Field(["event"]), ast.Constant(name))


def action_condition(project: Project, action_id: int, now: datetime) -> ast.Expr:
    return knowledge.action_condition(project, action_id, now=now)


def event_properties(
    project: Project, condition: ast.Expr, now: datetime, samples: int = SAMPLES
) -> list[Property]:
    """The properties of the newest events that satisfy the condition."""
    return properties(project, "events", condition, "timestamp", now, samples)


def event_values(
    project: Project, condition: ast.Expr, name: str, now: datetime
) -> list[tuple[str, int]]:
    return values(project, "events", condition, "timestamp", ["properties", name], now)


def entity_properties(project: Project, entity: str, now: datetime) -> list[Property]:
    """Of `person`, `session` or a group type. Raises ValidationError for another."""
    if named(entity) == "session":
        return [
            Property(name, TYPES.get(field.type.kind), [])
            for name, field in SESSIONS.fields.items()
            if name != "team_id"
        ]
    table, condition, time = entity_table(project, entity)
    return properties(project, table, condition, time, now)


def entity_values(project: Project, entity: str, name: str, now: datetime) -> list[tuple[str, int]]:
    if named(entity) == "session":
        if name not in SESSIONS.fields:
            raise ValidationError(f"Sessions have no property {name[:100]!r}.")
        return values(project, "sessions", ast.Constant(True), "$start_timestamp", [name], now)
    table, condition, time = entity_table(project, entity)
    return values(project, table, condition, time, ["properties", name], now)


def named(entity: str) -> str:
    """In the singular, in lower case."""
    entity = entity.strip().lower()
    return {"people": "person", "persons": "person", "sessions": "session"}.get(entity, entity)


def entity_table(project: Project, entity: str) -> tuple[str, ast.Expr, str]:
    if named(entity) == "person":
        return "persons", ast.Constant(True), "created_at"
    types = list(GroupType.objects.filter(project=project).order_by("index"))
    for group_type in types:
        names = (group_type.name, group_type.name_singular, group_type.name_plural)
        spellings = {name.lower() for name in names if name} | {f"group/{group_type.index}"}
        if named(entity) in spellings | {f"{group_type.name.lower()}s"}:
            index = ast.Compare("==", ast.Field(["index"]), ast.Constant(group_type.index))
            return "groups", index, "created_at"
    known = ", ".join(["person", "session", *(group_type.name for group_type in types)])
    raise ValidationError(f"There is no entity {entity[:100]!r}. There are {known}.")


def properties(
    project: Project,
    table: str,
    condition: ast.Expr,
    time: str,
    now: datetime,
    samples: int = SAMPLES,
) -> list[Property]:
    result = run(
        "SELECT pair.1, anyLast(JSONType(pair.2)), uniq(pair.2),"
        " groupUniqArray({samples})(substring(trim(BOTH '\"' FROM pair.2), 1, 100))"
        " FROM (SELECT arrayJoin(JSONExtractKeysAndValuesRaw(properties)) AS pair FROM {newest})"
        " GROUP BY pair.1 ORDER BY count() DESC, pair.1 LIMIT {most}",
        project,
        values={
            "newest": newest(table, condition, time, [ast.Field(["properties"])]),
            "most": MAX_PROPERTIES,
            "samples": samples,
        },
        now=now,
    )
    return [
        Property(name, JSON_TYPES.get(kind), sorted(sample), count)
        for name, kind, count, sample in result.rows
    ]


def values(
    project: Project,
    table: str,
    condition: ast.Expr,
    time: str,
    chain: Sequence[str],
    now: datetime,
) -> list[tuple[str, int]]:
    """Values and how many of the newest rows have each, the most frequent first."""
    value = ast.Alias(ast.Call("toString", [ast.Text(ast.Field(list(chain)))]), "value")
    if table == "sessions":
        value = ast.Alias(ast.Call("toString", [ast.Field(list(chain))]), "value")
    result = run(
        "SELECT value, count() FROM {newest} WHERE value IS NOT NULL AND value != ''"
        " GROUP BY value ORDER BY count() DESC, value LIMIT {most}",
        project,
        values={"newest": newest(table, condition, time, [value]), "most": MAX_VALUES},
        now=now,
    )
    return [(value, count) for value, count in result.rows]


def newest(table: str, condition: ast.Expr, time: str, select: list[ast.Expr]) -> ast.SelectQuery:
    return ast.SelectQuery(
        select=select,
        joins=[ast.Join(ast.Field([table]))],
        where=condition,
        order_by=[ast.OrderBy(ast.Field([time]), descending=True)],
        limit=ast.Constant(SAMPLE),
    )
