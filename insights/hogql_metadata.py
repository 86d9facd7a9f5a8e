"""The query kind HogQLMetadata: whether SQL would run, and what is wrong with it where."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from hogql import ast, execution
from hogql.errors import QueryError
from hogql.kinds import Run
from hogql.parser import parse_expr, parse_select
from insights.asking import KindSerializer, TextField, checked
from insights.hogql_query import HogQLQuerySerializer
from posthog_clone.api.errors import first_error
from projects.models import Project

LANGUAGES = ["hogQL", "hogQLExpr"]


class HogQLMetadataSerializer(KindSerializer):
    language = serializers.ChoiceField(LANGUAGES, default="hogQL")
    query = TextField()
    sourceQuery = serializers.DictField(
        required=False,
        allow_null=True,
        help_text="With `hogQLExpr`: the HogQLQuery whose FROM the expression is about; without "
        "it, events.",
    )
    filters = serializers.DictField(required=False, allow_null=True)
    variables = serializers.DictField(required=False, allow_null=True)
    globals = serializers.DictField(required=False, allow_null=True)
    debug = serializers.BooleanField(required=False, allow_null=True)


def check(project: Project, query: Mapping[str, Any]) -> None:
    checked(HogQLMetadataSerializer, project, query)


def answer(project: Project, query: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """What there is to say of the query's text. Nothing runs."""
    asked = checked(HogQLMetadataSerializer, project, query).validated_data
    text, errors, tables = asked["query"], [], set()
    try:
        tables = tables_of(project, asked, run)
    except ValidationError as error:
        errors.append(notice(error, text))
    return {
        "isValid": not errors,
        "query": text,
        "errors": errors,
        "warnings": [],
        "notices": [],
        "table_names": sorted(tables),
        "ch_table_names": None,
        "isUsingIndices": None,
    }


def tables_of(project: Project, asked: Mapping[str, Any], run: Run) -> set[str]:
    """The tables that the query would read. Raises QueryError, with its place in the text."""
    tree = tree_of(project, asked)
    filling = {
        "kind": "HogQLQuery",
        "query": "",
        "filters": asked.get("filters"),
        "variables": asked.get("variables"),
        "values": asked.get("globals"),
    }
    placeholders = checked(HogQLQuerySerializer, project, filling).placeholders()
    tree = execution.prepared(tree, project, **placeholders, now=run.now)
    return execution.compiled_for(tree, project).tables


def tree_of(project: Project, asked: Mapping[str, Any]) -> ast.Select:
    if asked["language"] == "hogQL":
        return parse_select(asked["query"])
    source = parse_select("SELECT 1 FROM events")
    if asked.get("sourceQuery"):
        given = checked(HogQLQuerySerializer, project, asked["sourceQuery"])
        source = parse_select(given.validated_data["query"])
        if not isinstance(source, ast.SelectQuery):
            raise QueryError("An expression can't be about a UNION.")
    return ast.SelectQuery(
        select=[parse_expr(asked["query"])], joins=source.joins, ctes=source.ctes
    )


def notice(error: ValidationError, text: str) -> dict[str, Any]:
    start = getattr(error, "start", None)
    end = getattr(error, "end", None)
    if start is None:
        start, end = 0, len(text)
    message = str(first_error(error.detail)[1])
    return {"message": message, "start": start, "end": max(end or start, start), "fix": None}
