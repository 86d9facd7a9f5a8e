"""The query kind HogQLQuery: SQL over a project's data."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rest_framework import serializers

from hogql import execution
from hogql.kinds import Run
from hogql.limits import limited
from hogql.parser import parse_select
from insights.asking import (
    MAX_ROWS,
    DateRangeSerializer,
    KindSerializer,
    PropertiesField,
    TextField,
    bound,
    checked,
    resolved,
)
from posthog_clone.api.serializers import Serializer
from projects.models import Project


class HogQLFiltersSerializer(Serializer):
    """What `{filters}` in the query stands for."""

    dateRange = DateRangeSerializer(required=False, allow_null=True)
    properties = PropertiesField()
    filterTestAccounts = serializers.BooleanField(required=False, allow_null=True)


class HogQLVariableSerializer(Serializer):
    variableId = TextField(required=False, allow_null=True)
    code_name = serializers.CharField(help_text="`{variables.code_name}` in the query.")
    value = serializers.JSONField(required=False, allow_null=True)
    isNull = serializers.BooleanField(required=False, allow_null=True)


class HogQLQuerySerializer(KindSerializer):
    query = TextField(help_text="SELECT …")
    values = serializers.DictField(
        required=False, allow_null=True, help_text="`{name}` in the query stands for these."
    )
    filters = HogQLFiltersSerializer(required=False, allow_null=True)
    variables = serializers.DictField(
        child=HogQLVariableSerializer(),
        required=False,
        allow_null=True,
        help_text="By their ids.",
    )
    explain = serializers.BooleanField(
        required=False, allow_null=True, help_text="How the store would go about it."
    )

    def placeholders(self) -> dict[str, Any]:
        """The options of hogql.execution.run that fill in the query."""
        asked = self.validated_data
        return {
            "values": asked.get("values"),
            "filters": asked.get("filters"),
            "variables": {
                variable["code_name"]: None if variable.get("isNull") else variable.get("value")
                for variable in (asked.get("variables") or {}).values()
            },
        }


def check(project: Project, query: Mapping[str, Any]) -> None:
    checked(HogQLQuerySerializer, project, query)


def answer(project: Project, query: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """Rows as lists. Raises QueryError for what the query's author can mend."""
    asked = checked(HogQLQuerySerializer, project, query)
    fields = asked.validated_data
    result = execution.run(
        fields["query"],
        project,
        **asked.placeholders(),
        seconds=run.seconds,
        query_id=run.query_id,
        now=run.now,
        **limits_of(run),
    )
    return {
        "results": result.rows,
        "columns": result.columns,
        "types": result.types,
        "hogql": result.hogql,
        "query": fields["query"],
        "clickhouse": None,
        "explain": explained(project, asked, run) if fields.get("explain") else None,
        "metadata": None,
        "modifiers": fields.get("modifiers"),
        "limit": result.limit,
        "offset": result.offset,
        "hasMore": result.has_more,
        "timings": result.timings,
        "resolved_date_range": date_range(project, fields.get("filters"), run),
    }


def limits_of(run: Run) -> dict[str, int]:
    return {"default_limit": run.max_rows, "max_limit": run.max_rows} if run.max_rows else {}


def explained(project: Project, asked: HogQLQuerySerializer, run: Run) -> list[str]:
    """The store's plan, line by line."""
    tree = parse_select(asked.validated_data["query"])
    tree = execution.prepared(tree, project, **asked.placeholders(), now=run.now)
    tree, _, _ = limited(tree, most=MAX_ROWS)
    compiled = execution.compiled_for(tree, project)
    plan = replace(compiled, sql=f"EXPLAIN {compiled.sql}")
    return [line for (line,) in execution.execute(plan, project, seconds=run.seconds).rows]


def date_range(project: Project, filters: Mapping | None, run: Run) -> dict[str, Any] | None:
    dates = (filters or {}).get("dateRange") or {}
    return resolved(
        *(bound(dates.get(name), project, run.now, name) for name in ("date_from", "date_to"))
    )
