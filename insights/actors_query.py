"""The query kind ActorsQuery: persons, in columns of the client's choice."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from hogql import ast
from hogql.execution import prepared
from hogql.execution import run as run_hogql
from hogql.filters.conditions import Conditions
from hogql.kinds import Run, unwrapped
from hogql.parser import parse_select
from insights.asking import ExpressionsField, PageSerializer, PropertiesField, TextField, checked
from insights.hogql_query import HogQLQuerySerializer
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
from persons.models import Person
from persons.naming import name_of, telling_first
from posthog_clone.api.times import iso
from projects.models import Project

DEFAULT_COLUMNS = ["person", "id", "created_at", "person.$delete"]
ID_COLUMNS = ("actor_id", "person_id", "id")
PERSONS_AT_ONCE = 500


class ActorsQuerySerializer(PageSerializer):
    select = ExpressionsField(
        help_text="HogQL expressions about persons; also `person` (or `actor`), "
        "`person_display_name` and `person.$delete`. What follows `--` is a label.",
    )
    search = TextField(
        required=False,
        allow_null=True,
        help_text="Part of the e-mail or name, or a distinct id, or a uuid.",
    )
    properties = PropertiesField()
    fixedProperties = PropertiesField()
    orderBy = ExpressionsField(help_text='`["created_at DESC"]`')
    source = serializers.DictField(
        required=False,
        allow_null=True,
        help_text="A HogQLQuery with a column `actor_id`, `person_id` or `id`: only these persons.",
    )


def check(project: Project, query: Mapping[str, Any]) -> None:
    checked(ActorsQuerySerializer, project, query)


def answer(project: Project, query: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """A page of rows. Raises QueryError for an expression that can't be followed."""
    asked = checked(ActorsQuerySerializer, project, query)
    fields = asked.validated_data
    limit, offset = asked.page(run.max_rows)
    special = special_columns(project)
    columns = columns_of(fields.get("select") or DEFAULT_COLUMNS, special)
    order = order_of(fields.get("orderBy"), columns, special, has_time, "created_at")
    if not any(column.is_aggregate for column in columns):
        order = [*order, ast.OrderBy(ast.Field(["id"]))]
    tree = select("persons", columns, list(conditions(project, fields, run)), order)
    tree.limit, tree.offset = ast.Constant(limit + 1), ast.Constant(offset)
    result = run_hogql(
        tree,
        project,
        max_limit=limit + 1,
        seconds=run.seconds,
        query_id=run.query_id,
        now=run.now,
    )
    rows = result.rows[:limit]
    missing = fill_in(project, columns, rows)
    return {
        "results": rows,
        **answer_keys(columns, result.types),
        "hogql": result.hogql,
        "limit": limit,
        "offset": offset,
        "hasMore": len(result.rows) > limit,
        "missing_actors_count": missing,
        "modifiers": fields.get("modifiers"),
        "timings": result.timings,
    }


def special_columns(project: Project) -> dict[str, ast.Expr]:
    id = ast.Call("toString", [ast.Field(["id"])])
    return {
        "person": ast.Field(["id"]),
        "actor": ast.Field(["id"]),
        "person.$delete": ast.Constant(1),
        "person_display_name": ast.Tuple([display_name(project, ["properties"], id), id]),
    }


def has_time(columns: Sequence[Column]) -> bool:
    return any(plain_name(column.text) == "created_at" for column in columns)


def conditions(project: Project, fields: Mapping[str, Any], run: Run) -> Iterator[ast.Expr]:
    writer = Conditions(now=run.now, zone=ZoneInfo(project.timezone), table="persons")
    yield from property_conditions(
        writer, project, fields.get("properties"), fields.get("fixedProperties")
    )
    if fields.get("search"):
        yield found_by(fields["search"])
    if fields.get("source"):
        yield among(project, fields["source"], run)


def found_by(text: str) -> ast.Expr:
    """Part of the e-mail or name in any case, or all of a distinct id or the uuid."""
    wanted = ast.Constant(text.lower())
    parts = [
        ast.Compare(
            ">",
            ast.Call(
                "position",
                [ast.Call("lowerUTF8", [ast.Call("ifNull", [value, ast.Constant("")])]), wanted],
            ),
            ast.Constant(0),
        )
        for value in (ast.Text(ast.Field(["properties", key])) for key in ("email", "name"))
    ]
    links = ast.SelectQuery(
        select=[ast.Field(["person_id"])],
        joins=[ast.Join(ast.Field(["person_distinct_ids"]))],
        where=ast.Compare("==", ast.Field(["distinct_id"]), ast.Constant(text)),
    )
    own_id = ast.Compare("==", ast.Call("toString", [ast.Field(["id"])]), wanted)
    return ast.Or([*parts, ast.Compare("in", ast.Field(["id"]), links), own_id])


def among(project: Project, source: Mapping[str, Any], run: Run) -> ast.Expr:
    """The person is one of those that the source selects. Raises ValidationError."""
    source = unwrapped(source)
    if source["kind"] != "HogQLQuery":
        raise ValidationError(
            {"source": f"Persons can be those of a HogQLQuery, not of a {source['kind']}."}
        )
    given = checked(HogQLQuerySerializer, project, source)
    tree = parse_select(given.validated_data["query"])
    tree = prepared(tree, project, **given.placeholders(), now=run.now)
    ids = ast.SelectQuery(select=[ast.Field([id_column(tree)])], joins=[ast.Join(tree, "source")])
    return ast.Compare("in", ast.Field(["id"]), ids)


def id_column(tree: ast.Select) -> str:
    first = tree
    while isinstance(first, ast.SelectSet):
        first = first.first
    names = []
    for expr in first.select:
        if isinstance(expr, ast.Alias):
            names.append(expr.alias)
        elif isinstance(expr, ast.Field):
            names.append(str(expr.chain[-1]))
    for name in ID_COLUMNS:
        if name in names:
            return name
    raise ValidationError(
        {"source": f"The source query needs a column named {', '.join(ID_COLUMNS[:-1])} or id."}
    )


def fill_in(project: Project, columns: Sequence[Column], rows: list[Row]) -> int:
    """Objects in place of ids. Returns how many persons are gone from the database."""
    missing = 0
    for index, column in enumerate(columns):
        name = plain_name(column.text)
        if name in ("person", "actor"):
            persons = persons_of(project, [row[index] for row in rows])
            missing = len({row[index] for row in rows}) - len(persons)
            for row in rows:
                row[index] = persons.get(row[index], {"id": row[index]})
        elif name == "person_display_name":
            for row in rows:
                shown, id = row[index]
                row[index] = {"display_name": shown, "id": id}
    return missing


def persons_of(project: Project, uuids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By uuid."""
    found = {}
    for start in range(0, len(uuids), PERSONS_AT_ONCE):
        persons = Person.objects.filter(
            project=project, uuid__in=uuids[start : start + PERSONS_AT_ONCE]
        )
        for person in persons.with_distinct_ids():
            found[str(person.uuid)] = {
                "id": str(person.uuid),
                "name": name_of(person, project),
                "distinct_ids": telling_first(person.distinct_ids),
                "properties": person.properties,
                "created_at": iso(person.created_at),
                "is_identified": person.is_identified,
            }
    return found
