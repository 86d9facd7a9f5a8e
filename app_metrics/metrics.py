"""Runs over time, as the API shows them."""

from app_metrics import queries
from app_metrics.filters import Runs, Span
from app_metrics.queries import Counts

LABELS = {"hour": "%Y-%m-%d %H:00:00", "day": "%Y-%m-%d"}


def series(runs: Runs, span: Span | None) -> dict:
    """Every bucket of the span, also those without runs."""
    if span is None:
        return as_columns([])
    found = dict(queries.counts(runs, span))
    label = LABELS[span.interval]
    return as_columns([(b.start.strftime(label), found.get(b.key, Counts())) for b in span.buckets])


def days_with_runs(runs: Runs, span: Span | None) -> dict:
    """Only the days that have runs; takes a span of days."""
    if span is None:
        return as_columns([])
    return as_columns([(day.isoformat(), counts) for day, counts in queries.counts(runs, span)])


def as_columns(rows: list[tuple[str, Counts]]) -> dict:
    columns = {name: [getattr(counts, name) for _, counts in rows] for name in Counts._fields}
    return {
        "dates": [label for label, _ in rows],
        **columns,
        "totals": {name: sum(values) for name, values in columns.items()},
    }


def errors(runs: Runs, span: Span | None) -> list[dict]:
    if span is None:
        return []
    names = ("error_type", "count", "last_seen")
    return [dict(zip(names, row, strict=True)) for row in queries.errors(runs, span)]
