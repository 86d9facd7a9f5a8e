"""Answers that don't fit in memory."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

import clickhouse
from hogql import ast, guard
from hogql.answers import JSONValues
from hogql.execution import compiled_for, log_comment, prepared
from hogql.failures import as_api_error
from hogql.limits import limited
from hogql.parser import parse_select
from projects.models import Project


def stream(
    query: str | ast.Select,
    project: Project,
    *,
    values: Mapping[str, Any] | None = None,
    filters: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    default_limit: int,
    max_limit: int,
    seconds: int | None = None,
    query_id: str | None = None,
    now: datetime | None = None,
) -> tuple[list[str], Iterator[list[Any]]]:
    """The columns, and the rows as they come, as hogql.execution.run would give them.

    Raises what that raises, and the iterator what the store says of the query.
    """
    tree = parse_select(query) if isinstance(query, str) else query
    tree = prepared(tree, project, values, filters, variables, now or timezone.now())
    tree, limit, _ = limited(tree, default=default_limit, most=max_limit)
    compiled = compiled_for(tree, project)
    seconds = seconds or settings.QUERY_MAX_SECONDS
    query_settings = guard.run_settings(project.id, timezone=project.timezone, seconds=seconds)
    query_settings["log_comment"] = log_comment(project, query_id or str(uuid4()))
    query_settings["max_result_rows"] = 0
    query_settings["max_result_bytes"] = 0
    if compiled.is_slow_by_row:
        query_settings["max_block_size"] = guard.SMALL_BLOCK
    params = compiled.params if "{" in compiled.sql else {}

    def rows() -> Iterator[list[Any]]:
        found = clickhouse.stream(compiled.sql, query_settings=query_settings, **params)
        try:
            for number, row in enumerate(found):
                if number == limit:
                    break  # it shows that there are more
                # Each row has the limit of values to itself: none of them is kept.
                yield JSONValues(ZoneInfo(project.timezone)).items(row)
        except (clickhouse.Rejected, clickhouse.Unavailable) as error:
            raise as_api_error(error, seconds) from error

    return compiled.columns, rows()
