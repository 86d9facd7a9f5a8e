"""A HogQLQuery's rows one after another, however many."""

from collections.abc import Iterator, Mapping
from typing import Any

from hogql.kinds import Run
from hogql.streaming import stream
from insights.asking import checked
from insights.concurrency import slot
from insights.hogql_query import HogQLQuerySerializer
from projects.models import Project


def streamed(
    project: Project, query: Mapping[str, Any], run: Run
) -> tuple[list[str], Iterator[list[Any]]]:
    """The columns, and the rows as they come. What is wrong is raised before the first row."""
    asked = checked(HogQLQuerySerializer, project, query)
    columns, rows = stream(
        asked.validated_data["query"],
        project,
        **asked.placeholders(),
        default_limit=run.max_rows,
        max_limit=run.max_rows,
        seconds=run.seconds,
        query_id=run.query_id,
        now=run.now,
    )
    rows = held(project, rows)
    first = next(rows, None)
    return columns, chained(first, rows)


def held(project: Project, rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
    """The rows, with a slot held until the last is taken or nobody wants more."""
    with slot(project.id):
        yield from rows


def chained(first: list[Any] | None, rest: Iterator[list[Any]]) -> Iterator[list[Any]]:
    if first is not None:
        yield first
        yield from rest
