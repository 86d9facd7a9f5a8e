"""The log lines around something that happened: those of its trace and of its session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import clickhouse
from logs.conditions import Params, any_of
from logs.filters import bytes_to_hex
from logs.otlp.rows import NO_TRACE
from logs.queries import COLUMNS, LIMITS, ORDER, Line

WINDOW = timedelta(minutes=30)
MAX_LINES = 50
TRACE_PROPERTIES = ("$trace_id", "trace_id")
SESSION_PROPERTY = "$session_id"
SESSION_ATTRIBUTES = ("sessionId", "session.id", "$session_id")
"""Where lines have it: as posthog-js writes it, and as OpenTelemetry's conventions do."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened, and what links log lines to it."""

    at: datetime
    trace_id: str = ""
    session_id: str = ""

    @classmethod
    def of_event(cls, at: datetime, properties: Mapping[str, Any]) -> "Moment":
        return cls(at, trace_id_of(properties), text_of(properties, SESSION_PROPERTY))

    @property
    def is_linked(self) -> bool:
        return bool(self.trace_id or self.session_id)


def trace_id_of(properties: Mapping[str, Any]) -> str:
    """As log lines have it; empty when the event has none."""
    for name in TRACE_PROPERTIES:
        trace_id = bytes_to_hex(text_of(properties, name), 16)
        if len(trace_id) == len(NO_TRACE) and trace_id != NO_TRACE:
            return trace_id
    return ""


def text_of(properties: Mapping[str, Any], name: str) -> str:
    value = properties.get(name)
    return value if isinstance(value, str) else ""


def lines_around(project_id: int, moments: Sequence[Moment]) -> list[list[Line]]:
    """For each moment the lines nearest to it, in the order in which they came; by one query."""
    params = Params(project_id=project_id)
    linked = [number for number, moment in enumerate(moments) if moment.is_linked]
    selects = [select(number, moments[number], params) for number in linked]
    found: list[list[Line]] = [[] for _ in moments]
    if selects:
        sql = f"SELECT * FROM ({' UNION ALL '.join(selects)}) ORDER BY moment, {in_order}"
        for number, *line in clickhouse.rows(sql, query_settings=LIMITS, **params):
            found[number].append(Line(*line))
    return found


in_order = ORDER.format(direction="ASC")


def select(number: int, moment: Moment, params: Params) -> str:
    kind = "DateTime64(6, 'UTC')"
    at = params.bind(moment.at, kind)
    start, end = params.bind(moment.at - WINDOW, kind), params.bind(moment.at + WINDOW, kind)
    links = []
    if moment.trace_id:
        links.append(f"trace_id = {params.bind(moment.trace_id)}")
    if moment.session_id:
        session = params.bind(moment.session_id)
        for column in ("attributes", "resource_attributes"):
            keys = ", ".join(f"{column}[{params.bind(key)}]" for key in SESSION_ATTRIBUTES)
            # The first half is what the index can answer.
            links.append(f"has(mapValues({column}), {session}) AND {session} IN ({keys})")
    return (
        f"(SELECT {number:d} AS moment, {COLUMNS} FROM logs"
        f" WHERE team_id = {{project_id:Int64}} AND timestamp >= {start} AND timestamp <= {end}"
        f" AND {any_of(links)}"
        f" ORDER BY abs(dateDiff('microsecond', {at}, timestamp)), toUInt128(uuid)"
        f" LIMIT {MAX_LINES:d})"
    )
