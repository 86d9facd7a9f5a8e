"""Questions to ClickHouse about log lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import clickhouse
from logs.buckets import Buckets
from logs.conditions import contains
from logs.search import Cursor, Search

# Ties of one microsecond in the order of arrival; a UUID by itself sorts by its second half.
ORDER = "timestamp {direction}, toUInt128(uuid) {direction}"
LIMITS = {"max_execution_time": 30}
# Lists of keys and values are for picking one: of too many lines, some have to do.
SAMPLING = {"max_execution_time": 3, "timeout_overflow_mode": "break"}
FIRST_PART = 1 / 20
MAX_VALUES = 100
MAX_KEYS = 10_000


class Line(NamedTuple):
    uuid: UUID
    timestamp: datetime
    observed_timestamp: datetime
    severity_number: int
    severity_text: str
    service_name: str
    body: str
    attributes: dict[str, str]
    resource_attributes: dict[str, str]
    resource_fingerprint: int
    instrumentation_scope: str
    event_name: str
    trace_id: str
    span_id: str
    trace_flags: int

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.timestamp, self.uuid)


COLUMNS = ", ".join(Line._fields)


def page(search: Search) -> tuple[list[Line], bool]:
    """Up to `limit` lines after the cursor, and whether there are more.

    A small part of the range comes first: what is frequent fills a page from it, and the indexes
    of the rest, which ClickHouse reads in full before the first line, stay unread.
    """
    lines: list[Line] = []
    for part in search.parts(FIRST_PART):
        sql, params = select(part, search.limit + 1 - len(lines))
        lines += [Line(*row) for row in clickhouse.rows(sql, query_settings=LIMITS, **params)]
        if len(lines) > search.limit:
            break
    return lines[: search.limit], len(lines) > search.limit


def stream(search: Search) -> Iterator[Line]:
    """Up to `limit` lines, a block at a time."""
    sql, params = select(search, search.limit)
    return (Line(*row) for row in clickhouse.stream(sql, query_settings=LIMITS, **params))


def select(search: Search, limit: int) -> tuple[str, dict[str, Any]]:
    where, params = search.where()
    if search.after:
        sign = "<" if search.newest_first else ">"
        timestamp = params.bind(search.after.timestamp, "DateTime64(6, 'UTC')")
        uuid = params.bind(str(search.after.uuid), "UUID")
        where += (
            f" AND timestamp {sign}= {timestamp}"
            f" AND (timestamp, toUInt128(uuid)) {sign} ({timestamp}, toUInt128({uuid}))"
        )
    order = ORDER.format(direction="DESC" if search.newest_first else "ASC")
    sql = f"SELECT {COLUMNS} FROM logs WHERE {where} ORDER BY {order} LIMIT {limit:d}"
    return sql, params


def has_logs(project_id: int) -> bool:
    return bool(
        clickhouse.rows(
            "SELECT 1 FROM logs WHERE team_id = {project_id:Int64} LIMIT 1", project_id=project_id
        )
    )


def count(search: Search) -> int:
    where, params = search.where()
    ((total,),) = clickhouse.rows(
        f"SELECT count() FROM logs WHERE {where}", query_settings=LIMITS, **params
    )
    return total


def counts_over_time(search: Search, buckets: Buckets) -> dict[datetime, int]:
    where, params = search.where()
    rows = clickhouse.rows(
        f"SELECT {start_of(buckets)} AS start, count() FROM logs WHERE {where} GROUP BY start",
        query_settings=LIMITS,
        **params,
    )
    return dict(rows)


def counts_by_value(
    search: Search, buckets: Buckets, column: str, max_values: int = MAX_VALUES
) -> tuple[list[str], dict[tuple[datetime, str], int]]:
    """The column's most frequent values, and how often each comes in each bucket."""
    where, params = search.where()
    rows = clickhouse.rows(
        f"SELECT {start_of(buckets)} AS start, {column} AS value, count() FROM logs"
        f" WHERE {where} GROUP BY start, value",
        query_settings=LIMITS,
        **params,
    )
    totals: dict[str, int] = {}
    for _, value, number in rows:
        totals[value] = totals.get(value, 0) + number
    values = sorted(totals, key=lambda value: (-totals[value], value))[:max_values]
    return values, {(start, value): number for start, value, number in rows}


def start_of(buckets: Buckets) -> str:
    step = f"{buckets.seconds:d}"
    return f"toDateTime(intDiv(toUnixTimestamp(timestamp), {step}) * {step}, 'UTC')"


@dataclass(frozen=True)
class Service:
    name: str
    lines: int
    errors: int


def services(search: Search) -> list[Service]:
    where, params = search.where()
    rows = clickhouse.rows(
        "SELECT service_name, count() AS lines, countIf(severity_text IN ('error', 'fatal'))"
        f" FROM logs WHERE {where} GROUP BY service_name ORDER BY lines DESC, service_name"
        f" LIMIT {MAX_VALUES:d}",
        query_settings=LIMITS,
        **params,
    )
    return [Service(*row) for row in rows]


def attribute_keys(search: Search, column: str, part: str) -> list[str]:
    """The keys of a column of attributes that contain `part`, the most frequent first."""
    where, params = search.where()
    having = f" WHERE {contains('key', part, params)}" if part else ""
    rows = clickhouse.rows(
        f"SELECT key FROM (SELECT arrayJoin({column}.keys) AS key FROM logs WHERE {where}){having}"
        f" GROUP BY key ORDER BY count() DESC, key LIMIT {MAX_KEYS:d}",
        query_settings=SAMPLING,
        **params,
    )
    return [key for (key,) in rows]


def keys_with_value(search: Search, column: str, part: str) -> dict[str, str]:
    """The keys of a column of attributes that have values that contain `part`, and one such."""
    where, params = search.where()
    rows = clickhouse.rows(
        "SELECT key, any(value) FROM (SELECT arrayJoin("
        f"CAST({column}, 'Array(Tuple(String, String))')) AS pair, pair.1 AS key, pair.2 AS value"
        f" FROM logs WHERE {where}) WHERE {contains('value', part, params)}"
        f" GROUP BY key ORDER BY count() DESC, key LIMIT {MAX_KEYS:d}",
        query_settings=SAMPLING,
        **params,
    )
    return dict(rows)


def attribute_values(
    search: Search, column: str, key: str, part: str, limit: int, offset: int = 0
) -> list[tuple[str, int]]:
    """The values that contain `part` of an attribute, and their counts, most frequent first."""
    where, params = search.where()
    name = params.bind(key)
    return frequent(
        f"{column}[{name}]",
        f"{where} AND mapContains({column}, {name})",
        params,
        part,
        limit,
        offset,
    )


def column_values(search: Search, column: str, part: str, limit: int) -> list[tuple[str, int]]:
    where, params = search.where()
    return frequent(column, where, params, part, limit)


def frequent(
    text: str, where: str, params: Any, part: str, limit: int, offset: int = 0
) -> list[tuple[str, int]]:
    having = f" WHERE {contains('value', part, params)}" if part else ""
    return clickhouse.rows(
        f"SELECT value, count() AS lines FROM (SELECT {text} AS value FROM logs WHERE {where})"
        f"{having} GROUP BY value ORDER BY lines DESC, value LIMIT {limit:d} OFFSET {offset:d}",
        query_settings=SAMPLING,
        **params,
    )
