"""The exceptions of an issue, as events."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from error_tracking.reports.scope import Scope, moment

SHOWN = (
    "$exception_types",
    "$exception_values",
    "$exception_list",
    "$exception_fingerprint",
    "$exception_issue_id",
    "$session_id",
    "$lib",
    "$browser",
    "$browser_version",
    "$os",
    "$os_version",
    "$current_url",
)
MAX_TEXT = 1000
SUMMARY_KEYS = ("type", "value", "module", "mechanism")


class Verbosity(StrEnum):
    SUMMARY = "summary"
    STACK = "stack"
    RAW = "raw"


@dataclass(slots=True)
class Occurrence:
    uuid: UUID
    timestamp: datetime
    distinct_id: str
    properties: dict[str, Any]


def report_occurrences(
    scope: Scope, limit: int, offset: int, *, descending: bool = True
) -> tuple[list[Occurrence], bool]:
    """A page of exceptions in the scope, and whether there are more."""
    direction = "DESC" if descending else "ASC"
    result = scope.run(
        f"""
        SELECT uuid, timestamp, distinct_id, properties, toString(issue_id) AS issue
        FROM events
        WHERE {scope.where}
        ORDER BY timestamp {direction}, uuid {direction}
        LIMIT {int(limit)} OFFSET {int(offset)}
        """
    )
    found = []
    for uuid, timestamp, distinct_id, text, issue in result.rows:
        properties = orjson.loads(text)
        properties["$exception_issue_id"] = issue  # where it belongs now
        found.append(Occurrence(UUID(uuid), moment(timestamp), distinct_id, properties))
    return found, result.has_more


def shown(properties: dict[str, Any], verbosity: Verbosity, only_app_frames: bool) -> dict:
    """Of the properties what tells of the exception, its list as long as asked for."""
    found = {key: properties[key] for key in SHOWN if properties.get(key) is not None}
    entries = found.get("$exception_list")
    if verbosity is not Verbosity.RAW and isinstance(entries, list):
        found["$exception_list"] = [
            shortened(entry, verbosity, only_app_frames)
            for entry in entries
            if isinstance(entry, dict)
        ]
    return found


def shortened(entry: dict, verbosity: Verbosity, only_app_frames: bool) -> dict:
    kept = {key: cut(entry[key]) for key in SUMMARY_KEYS if entry.get(key) is not None}
    if verbosity is Verbosity.STACK:
        frames = frames_of(entry)
        kept["stacktrace"] = {
            "type": "resolved",
            "frames": [frame for frame in frames if frame.get("in_app") or not only_app_frames],
        }
    return kept


def cut(value: Any) -> Any:
    return value[:MAX_TEXT] if isinstance(value, str) else value


def frames_of(entry: Any) -> list[dict]:
    stack = entry.get("stacktrace") if isinstance(entry, dict) else None
    frames = stack.get("frames") if isinstance(stack, dict) else None
    return [frame for frame in frames or [] if isinstance(frame, dict)]
