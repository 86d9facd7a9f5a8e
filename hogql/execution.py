"""Running queries."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

import clickhouse
from hogql import ast, guard, knowledge
from hogql.answers import JSONValues
from hogql.compiler import Compiled, compile
from hogql.compiler.context import Cohorts, Context
from hogql.failures import as_api_error
from hogql.knowledge import PropertyTypes
from hogql.limits import DEFAULT_ROWS, MAX_ROWS, limited
from hogql.parser import parse_select
from hogql.placeholders import Placeholders
from hogql.printing import unbracketed
from projects.models import Project

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Result:
    columns: list[str]
    types: list[list[str]]
    """`[name, ClickHouse type]` of each column."""
    rows: list[list[Any]]
    """As JSON has them."""
    has_more: bool
    limit: int | None
    offset: int
    hogql: str
    """The query as it was understood, filled in and limited."""
    sql: str
    tables: set[str] = field(default_factory=set)
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds by part."""


def run(
    query: str | ast.Select,
    project: Project,
    *,
    values: Mapping[str, Any] | None = None,
    filters: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    property_types: PropertyTypes | None = None,
    cohorts: Cohorts | None = None,
    default_limit: int = DEFAULT_ROWS,
    max_limit: int = MAX_ROWS,
    seconds: int | None = None,
    query_id: str | None = None,
    now: datetime | None = None,
) -> Result:
    """The rows that the query gives, of the project alone.

    Raises QueryError (400) for what its author can mend, and failures.py's for the rest. `query_id`
    is for `cancel`. `now` is what relative times go back from. `property_types` and `cohorts` are
    the project's own unless given.
    """
    timings = Timings()
    with timings.of("parse"):
        tree = parse_select(query) if isinstance(query, str) else query
    with timings.of("prepare"):
        tree = prepared(tree, project, values, filters, variables, now or timezone.now())
        tree, limit, offset = limited(tree, default=default_limit, most=max_limit)
        compiled = compiled_for(tree, project, property_types, cohorts)
    with timings.of("execute"):
        answer = execute(compiled, project, seconds=seconds, query_id=query_id)
    has_more = limit is not None and len(answer.rows) > limit
    with timings.of("answer"):
        rows = JSONValues(ZoneInfo(project.timezone)).rows(answer.rows[:limit])
    return Result(
        columns=compiled.columns,
        types=[
            [name, type_name(type)]
            for name, type in zip(compiled.columns, answer.types, strict=True)
        ],
        rows=rows,
        has_more=has_more,
        limit=limit,
        offset=offset,
        hogql=unbracketed(tree),
        sql=compiled.sql,
        tables=compiled.tables,
        timings=timings.seconds,
    )


def prepared(
    tree: ast.Select,
    project: Project,
    values: Mapping[str, Any] | None,
    filters: Mapping[str, Any] | None,
    variables: Mapping[str, Any] | None,
    now: datetime,
) -> ast.Select:
    placeholders = Placeholders(
        values,
        filters,
        variables,
        now=now,
        zone=ZoneInfo(project.timezone),
        week_start_day=project.week_start_day or 0,
        test_account_filters=project.settings.get("test_account_filters") or (),
    )
    return placeholders.fill(tree)


def compiled_for(
    tree: ast.Select,
    project: Project,
    property_types: PropertyTypes | None = None,
    cohorts: Cohorts | None = None,
) -> Compiled:
    """The query's SQL, looked over by the guard."""
    property_types = property_types or knowledge.property_types(project)
    known = property_types(mentioned_names(tree))
    context = Context(
        project.id,
        timezone=project.timezone,
        week_start_day=project.week_start_day or 0,
        property_types=lambda scope, name, index: known.get((scope, name, index)),
        cohorts=cohorts or knowledge.cohorts(project),
        actions=knowledge.actions(project),
        cohort_ids=knowledge.cohort_ids(project),
        group_types=knowledge.group_types(project),
        has_rows=cache(partial(has_rows, project)),
    )
    compiled = compile(tree, context)
    guard.check(compiled)
    return compiled


def has_rows(project: Project, table: str) -> bool:
    """Whether the table of the store has any rows of the project."""
    sql = f"SELECT 1 FROM {table} WHERE team_id = {{project_id:Int64}} LIMIT 1"
    try:
        return bool(clickhouse.rows(sql, project_id=project.id))
    except clickhouse.Unavailable:
        return True  # the query itself will tell


def mentioned_names(tree: ast.Node) -> set[str]:
    """All the names of the query that properties may have."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Field):
            names.update(str(name) for name in node.chain[1:])
        elif isinstance(node, ast.ArrayAccess) and isinstance(node.index, ast.Constant):
            names.add(str(node.index.value))
    return names


def execute(
    compiled: Compiled,
    project: Project,
    *,
    seconds: int | None = None,
    query_id: str | None = None,
) -> clickhouse.Answer:
    """Run what `compiled_for` made. `seconds` is QUERY_MAX_SECONDS unless given."""
    seconds = seconds or settings.QUERY_MAX_SECONDS
    query_settings = guard.run_settings(project.id, timezone=project.timezone, seconds=seconds)
    # Both stores list a running query with its settings; only a server lets us choose its id.
    if compiled.is_slow_by_row:
        query_settings["max_block_size"] = guard.SMALL_BLOCK
    query_settings["log_comment"] = log_comment(project, query_id or str(uuid4()))
    # Without any reference to a value, the driver would take % in the SQL for one.
    params = compiled.params if "{" in compiled.sql else {}
    try:
        return clickhouse.query(compiled.sql, query_settings=query_settings, **params)
    except (clickhouse.Rejected, clickhouse.Unavailable) as error:
        raise as_api_error(error, seconds, compiled.names) from error


def cancel(query_id: str, project: Project) -> None:
    """Stop the project's query of that id, wherever it runs; nothing happens when none does."""
    clickhouse.command(
        "KILL QUERY WHERE Settings['log_comment'] = {comment:String} ASYNC",
        comment=log_comment(project, query_id),
    )


def log_comment(project: Project, query_id: str) -> str:
    return f"hogql {project.id} {query_id}"


def type_name(type: str) -> str:
    """How a column is stored is no business of the reader."""
    if type.startswith("LowCardinality(") and type.endswith(")"):
        return type.removeprefix("LowCardinality(")[:-1]
    return type


class Timings:
    def __init__(self):
        self.seconds: dict[str, float] = {}

    def of(self, part: str) -> "Timing":
        return Timing(self, part)


@dataclass(slots=True)
class Timing:
    timings: Timings
    part: str
    started: float = 0.0

    def __enter__(self):
        self.started = time.perf_counter()

    def __exit__(self, *error):
        self.timings.seconds[self.part] = time.perf_counter() - self.started
