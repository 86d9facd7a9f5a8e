"""Asking for insights in tests."""

from datetime import UTC, datetime, timedelta

from hogql.kinds import Run, answer
from tests.hogql.store import add_events

NOW = datetime(2026, 6, 15, 12, 30, tzinfo=UTC)
"""A Monday."""


def ask(project, kind="TrendsQuery", *, now=NOW, **query) -> dict:
    return answer(project, {"kind": kind, **query}, Run(now=now))


def trends(project, *series, now=NOW, **query) -> list[dict]:
    """The rows of some series, given as events' names or nodes."""
    nodes = [{"event": one} if isinstance(one, str) else one for one in series]
    nodes = [{"kind": "EventsNode", **node} for node in nodes]
    return ask(project, "TrendsQuery", now=now, series=nodes, **query)["results"]


def happen(project, *events, event="buy", **defaults) -> None:
    """Events, each `(days before NOW, {…})` or a `{"time", …}`."""
    rows = []
    for one in events:
        if isinstance(one, tuple):
            days, fields = one
            one = {"time": NOW - timedelta(days=days), **fields}
        rows.append({"event": event, **defaults, **one})
    add_events(project.id, *rows)
