"""Log lines as files, written a block at a time."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import orjson

from logs.queries import Line
from logs.search import Search
from logs.serializers.lines import line_object
from posthog_clone.api.csv import cell

MAX_LINES = 10_000
MAPS = ("attributes", "resource_attributes")
FIELDS = (
    "timestamp",
    "severity_text",
    "service_name",
    "body",
    "attributes",
    "resource_attributes",
    "trace_id",
    "span_id",
    "uuid",
    "observed_timestamp",
    "level",
    "severity_number",
    "trace_flags",
    "resource_fingerprint",
    "instrumentation_scope",
    "event_name",
)
DEFAULT_COLUMNS = FIELDS[:8]
LINES_PER_CHUNK = 200


def is_column(name: str) -> bool:
    """A field of a line, or one attribute: `attributes.http.route`."""
    prefix, dot, key = name.partition(".")
    return name in FIELDS or (bool(dot and key) and prefix in MAPS)


def filename(search: Search) -> str:
    names = search.services
    if len(names) == 1:
        services = re.sub(r"[^\w.-]+", "-", names[0])[:100] or "no-service"
    else:
        services = f"{len(names)}-services" if names else "all-services"
    return f"logs-{services}-{stamp(search.date_from)}-to-{stamp(search.date_to)}"


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H-%M-%S")


def to_csv(lines: Iterable[Line], columns: list[str]) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for number, line in enumerate(lines, start=1):
        row = line_object(line)
        writer.writerow([cell(text(value_of(row, column))) for column in columns])
        if number % LINES_PER_CHUNK == 0:
            yield take(out)
    yield take(out)


def to_json_lines(lines: Iterable[Line], columns: list[str]) -> Iterator[bytes]:
    for line in lines:
        row = line_object(line)
        if columns:
            row = {column: value_of(row, column) for column in columns}
        yield orjson.dumps(row, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def value_of(row: dict[str, Any], column: str) -> Any:
    if column in row:
        return row[column]
    prefix, _, key = column.partition(".")
    return row[prefix].get(key)


def text(value: Any) -> Any:
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def take(out: io.StringIO) -> bytes:
    content = out.getvalue().encode()
    out.seek(0)
    out.truncate()
    return content
