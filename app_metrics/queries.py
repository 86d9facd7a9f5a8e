"""The app_metrics table's SQL."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import clickhouse
from app_metrics.buckets import KEY
from app_metrics.filters import Runs, Span

SUMS = "sum(successes), sum(successes_on_retry), sum(failures)"
MAX_ERROR_DETAILS = 20


class Counts(NamedTuple):
    successes: int = 0
    successes_on_retry: int = 0
    failures: int = 0


class ErrorRow(NamedTuple):
    timestamp: datetime
    error_uuid: UUID
    error_type: str
    error_details: str
    """JSON text."""


def counts(runs: Runs, span: Span) -> list[tuple[int | date, Counts]]:
    """What each bucket that has runs counts, oldest first."""
    where, params = condition(runs, span)
    found = clickhouse.rows(
        f"SELECT {KEY[span.interval]} AS bucket, {SUMS} FROM app_metrics WHERE {where}"
        " GROUP BY bucket ORDER BY bucket",
        tz=span.tz.key,
        first_bucket=int(span.start.timestamp()),
        **params,
    )
    return [(bucket, Counts(*row)) for bucket, *row in found]


def totals(runs: Runs, span: Span | None) -> Counts:
    where, params = condition(runs, span)
    return Counts(*clickhouse.rows(f"SELECT {SUMS} FROM app_metrics WHERE {where}", **params)[0])


def errors(runs: Runs, span: Span) -> list[tuple[str, int, datetime]]:
    """Each type of error, how often and when last it came; the most frequent first."""
    where, params = condition(runs, span)
    return clickhouse.rows(
        f"""
        SELECT error_type, count() AS times, max(timestamp) FROM app_metrics
        WHERE {where} AND error_type != ''
        GROUP BY error_type ORDER BY times DESC, error_type
        """,
        **params,
    )


def error_details(runs: Runs, error_type: str | None) -> list[ErrorRow]:
    """The newest errors."""
    where, params = condition(runs)
    if error_type is None:
        where += " AND error_type != ''"
    else:
        where += " AND error_type = {error_type:String}"
        params["error_type"] = error_type
    found = clickhouse.rows(
        f"""
        SELECT timestamp, error_uuid, error_type, error_details FROM app_metrics
        WHERE {where} AND error_uuid IS NOT NULL
        ORDER BY timestamp DESC LIMIT {MAX_ERROR_DETAILS}
        """,
        **params,
    )
    return [ErrorRow(*row) for row in found]


def condition(runs: Runs, span: Span | None = None) -> tuple[str, dict[str, Any]]:
    where, params = ["team_id = {project_id:Int64}"], {"project_id": runs.project_id}
    for name, type in (("plugin_config_id", "Int64"), ("category", "String"), ("job_id", "String")):
        if (value := getattr(runs, name)) is not None:
            where.append(f"{name} = {{{name}:{type}}}")
            params[name] = value
    if span:
        where.append("timestamp >= {start:DateTime64(6, 'UTC')}")
        where.append("timestamp < {end:DateTime64(6, 'UTC')}")
        params |= {"start": span.start, "end": span.end}
    return " AND ".join(where), params
