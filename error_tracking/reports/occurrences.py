"""The exceptions of an issue, as events."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from error_tracking.reports.scope import Scope, moment
from logs.around import Moment, lines_around
from logs.queries import Line
from logs.serializers.lines import line_object
from projects.models import Project

GROUPS = {
    "exception": (
        *("$exception_types", "$exception_values", "$exception_list", "$exception_fingerprint"),
        *("$exception_issue_id", "$exception_level", "$exception_handled"),
    ),
    "stacktrace": ("$exception_list",),
    "code_variables": ("$exception_list",),
    "environment": ("$lib", "$lib_version", "$browser", "$browser_version", "$os", "$os_version"),
    "release": ("$exception_releases", "$release_id"),
    "navigation": ("$current_url", "$pathname", "$referrer"),
    "correlation": ("$session_id", "$trace_id", "$span_id", "trace_id", "span_id", "$ai_trace_id"),
    "diagnostics": ("$cymbal_errors", "$exception_fingerprint_version"),
}
"""What can be asked for of an event, and the properties that are it."""
USUAL = ("exception", "environment", "navigation", "correlation")
WITH_FRAMES = {"stacktrace", "code_variables"}
LINE_KEYS = (
    *("uuid", "timestamp", "severity_text", "service_name", "body", "trace_id", "span_id"),
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
        SELECT uuid, timestamp, distinct_id, properties, toString({scope.issue}) AS issue
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


def logs_around(project: Project, occurrences: Sequence[Occurrence]) -> list[list[Line]]:
    """The log lines of the trace and session of each, near to when it happened."""
    moments = [Moment.of_event(each.timestamp, each.properties) for each in occurrences]
    return lines_around(project.id, moments)


@dataclass(frozen=True)
class Wanted:
    """How much of an event is shown."""

    verbosity: Verbosity = Verbosity.SUMMARY
    only_app_frames: bool = True
    include: Collection[str] | None = None
    """Some of GROUPS; the usual ones unless given."""

    @property
    def groups(self) -> Collection[str]:
        return USUAL if self.include is None else self.include

    @property
    def with_frames(self) -> bool:
        return self.verbosity is Verbosity.STACK or not WITH_FRAMES.isdisjoint(self.groups)

    @property
    def with_variables(self) -> bool:
        return self.include is None or "code_variables" in self.include

    @property
    def with_logs(self) -> bool:
        return "correlation" in self.groups

    def properties(self, properties: dict[str, Any]) -> dict[str, Any]:
        """Of an event's properties those asked for, the list of exceptions as long as asked for."""
        names = dict.fromkeys(
            name for group in GROUPS if group in self.groups for name in GROUPS[group]
        )
        found = {name: properties[name] for name in names if properties.get(name) is not None}
        entries = found.get("$exception_list")
        if self.verbosity is not Verbosity.RAW and isinstance(entries, list):
            found["$exception_list"] = [
                self.shortened(entry) for entry in entries if isinstance(entry, dict)
            ]
        return found

    def shortened(self, entry: dict) -> dict:
        kept = {key: cut(entry[key]) for key in SUMMARY_KEYS if entry.get(key) is not None}
        if self.with_frames:
            frames = [
                frame
                for frame in frames_of(entry)
                if frame.get("in_app") or not self.only_app_frames
            ]
            if not self.with_variables:
                frames = [without_variables(frame) for frame in frames]
            kept["stacktrace"] = {"type": "resolved", "frames": frames}
        return kept

    def line(self, line: Line) -> dict[str, Any]:
        found = line_object(line)
        if self.verbosity is Verbosity.RAW:
            return found
        return {key: cut(found[key]) for key in LINE_KEYS}


def without_variables(frame: dict) -> dict:
    return {key: value for key, value in frame.items() if key != "code_variables"}


def cut(value: Any) -> Any:
    return value[:MAX_TEXT] if isinstance(value, str) else value


def frames_of(entry: Any) -> list[dict]:
    stack = entry.get("stacktrace") if isinstance(entry, dict) else None
    frames = stack.get("frames") if isinstance(stack, dict) else None
    return [frame for frame in frames or [] if isinstance(frame, dict)]
