"""The query kind DatabaseSchemaQuery: the tables and fields that HogQL knows."""

from collections.abc import Mapping
from typing import Any

from hogql.database import PUBLIC_TABLES, TABLES
from hogql.kinds import Run
from hogql.printing import name as quoted
from hogql.shapes import Column, Field, Link, Table
from insights.asking import KindSerializer, checked
from projects.models import Project

# hogql/types.py → PostHog's names.
TYPES = {
    "text": "string",
    "number": "float",
    "bool": "boolean",
    "datetime": "datetime",
    "date": "date",
    "uuid": "string",
    "array": "array",
    "map": "json",
    "json": "json",
}


class DatabaseSchemaQuerySerializer(KindSerializer):
    pass


def check(project: Project, query: Mapping[str, Any]) -> None:
    checked(DatabaseSchemaQuerySerializer, project, query)


def answer(project: Project, query: Mapping[str, Any], run: Run) -> dict[str, Any]:
    checked(DatabaseSchemaQuerySerializer, project, query)
    return {"tables": schema(), "joins": []}


def schema() -> dict[str, dict[str, Any]]:
    return {name: described(table) for name, table in PUBLIC_TABLES.items()}


def described(table: Table) -> dict[str, Any]:
    fields = {name: field_of(name, field) for name, field in table.fields.items()}
    for name, link in table.links.items():
        if not link.hidden:
            fields[name] = link_of(name, link)
    return {
        "type": "posthog",
        "id": table.name,
        "name": table.name,
        "fields": fields,
        "row_count": None,
    }


def field_of(name: str, field: Field) -> dict[str, Any]:
    kind = TYPES.get(field.type.kind, "unknown") if isinstance(field, Column) else "json"
    return {"name": name, "hogql_value": quoted(name), "type": kind, "schema_valid": True}


def link_of(name: str, link: Link) -> dict[str, Any]:
    return {
        "name": name,
        "hogql_value": quoted(name),
        "type": "lazy_table",
        "schema_valid": True,
        "table": link.table,
        "fields": list(TABLES[link.table].fields),
    }
