"""The admin's page of an issue: what happened, where in the code, and what can be done about it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from rest_framework.exceptions import APIException

from error_tracking.models import ExternalReference, Fingerprint, Issue, StackFrame
from error_tracking.reports.issues import Numbers, numbers_of
from error_tracking.reports.occurrences import (
    Occurrence,
    frames_of,
    logs_around,
    report_occurrences,
)
from error_tracking.reports.releases import SeenRelease, releases_of
from error_tracking.reports.scope import Scope
from error_tracking.reports.volumes import Bucket, buckets_of
from logs.browsing import COLORS
from logs.queries import Line
from posthog_clone.api.times import iso

DAYS = 14
DAY = timedelta(days=1)
MAX_FRAMES = 200
MAX_SKIPPED = 10_000
MAX_FINGERPRINTS = 20
MAX_EVENT = 1000
LARGE = {"$exception_list", "$exception_fingerprint_record", "$exception_steps", "$debug_images"}
CHART_WIDTH, CHART_HEIGHT, GAP = 700, 120, 6


@dataclass(frozen=True, slots=True)
class CodeLine:
    number: int
    text: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class ShownFrame:
    name: str
    place: str
    in_app: bool
    failure: str | None
    lines: list[CodeLine]


@dataclass(frozen=True, slots=True)
class ShownException:
    type: str
    value: str
    is_handled: bool | None
    frames: list[ShownFrame]
    """The place where it was raised comes first."""
    hidden: int = 0
    """How many frames more there are than are shown."""

    @property
    def app_frames(self) -> list[ShownFrame]:
        return [frame for frame in self.frames if frame.in_app]

    @property
    def other_frames(self) -> list[ShownFrame]:
        return [frame for frame in self.frames if not frame.in_app]


@dataclass(frozen=True, slots=True)
class Bar:
    day: datetime
    count: int
    x: float
    y: float
    width: float
    height: float


@dataclass(slots=True)
class Happened:
    """What the analytics store knows of an issue."""

    numbers: Numbers | None = None
    bars: list[Bar] = field(default_factory=list)
    event: Occurrence | None = None
    has_older: bool = False
    exceptions: list[ShownException] = field(default_factory=list)
    properties: list[tuple[str, str]] = field(default_factory=list)
    logs: list[tuple[Line, str]] = field(default_factory=list)
    releases: list[SeenRelease] = field(default_factory=list)


def happened(issue: Issue, now: datetime, skip: int) -> Happened:
    """Of the last days, and the latest event but `skip`.

    Raises an APIException while the store is away.
    """
    today = now.astimezone(issue.project.tz).replace(hour=0, minute=0, second=0, microsecond=0)
    lately = scope_of(issue, now, iso(today - (DAYS - 1) * DAY), iso(today + DAY))
    days = buckets_of(lately, DAYS)
    numbers = numbers_of(lately, days).get(issue.id)
    found = Happened(
        numbers=numbers,
        bars=bars(numbers.volume if numbers else days.filled()),
        releases=releases_of(lately),
    )
    events, found.has_older = report_occurrences(scope_of(issue, now, "all", None), 1, skip)
    if events:
        found.event = event = events[0]
        found.exceptions = shown_exceptions(issue.project_id, event.properties)
        found.properties = shown_properties(event)
        (lines,) = logs_around(issue.project, events)
        found.logs = [(line, COLORS.get(line.severity_text, COLORS["unknown"])) for line in lines]
    return found


def scope_of(issue: Issue, now: datetime, date_from: str, date_to: str | None) -> Scope:
    return Scope(
        project=issue.project,
        now=now,
        date_from=date_from,
        date_to=date_to,
        filter_test_accounts=False,
        issue_ids=[issue.id],
    )


def bars(buckets: list[Bucket]) -> list[Bar]:
    """The chart's, in its own coordinates: the highest fills it, and something is never nothing."""
    most = max((bucket.count for bucket in buckets), default=0) or 1
    step = CHART_WIDTH / DAYS
    found = []
    for number, bucket in enumerate(buckets):
        height = max(CHART_HEIGHT * bucket.count / most, 2 if bucket.count else 0.5)
        x, y = number * step + GAP / 2, CHART_HEIGHT - height
        found.append(Bar(bucket.start, bucket.count, x, y, step - GAP, height))
    return found


def shown_exceptions(project_id: int, properties: dict[str, Any]) -> list[ShownException]:
    entries = properties.get("$exception_list")
    entries = [entry for entry in entries if isinstance(entry, dict)] if entries else []
    stacks = [frames_of(entry)[-MAX_FRAMES:] for entry in entries]
    contexts = contexts_of(project_id, (frame for stack in stacks for frame in stack))
    return [
        ShownException(
            type=str(entry.get("type") or ""),
            value=str(entry.get("value") or ""),
            is_handled=handled(entry),
            frames=[shown_frame(frame, contexts) for frame in reversed(stack)],
            hidden=len(frames_of(entry)) - len(stack),
        )
        for entry, stack in zip(entries, stacks, strict=True)
    ]


def handled(entry: dict) -> bool | None:
    mechanism = entry.get("mechanism")
    value = mechanism.get("handled") if isinstance(mechanism, dict) else None
    return value if isinstance(value, bool) else None


def contexts_of(project_id: int, frames: Iterable[dict]) -> dict[str, dict]:
    """Source lines by raw id, of the frames that have some."""
    ids = {raw_id for frame in frames if isinstance(raw_id := frame.get("raw_id"), str)}
    rows = StackFrame.objects.filter(
        project=project_id, raw_id__in=ids, context__isnull=False
    ).values_list("raw_id", "context")
    return dict(rows)


def shown_frame(frame: dict, contexts: dict[str, dict]) -> ShownFrame:
    place = [frame.get("source") or frame.get("module"), frame.get("line"), frame.get("column")]
    raw_id = frame.get("raw_id")
    return ShownFrame(
        name=str(frame.get("resolved_name") or frame.get("mangled_name") or "<anonymous>"),
        place=":".join(str(part) for part in place if part is not None),
        in_app=bool(frame.get("in_app")),
        failure=frame.get("resolve_failure"),
        lines=list(code_lines(contexts.get(raw_id) if isinstance(raw_id, str) else None)),
    )


def code_lines(context: dict | None) -> Iterator[CodeLine]:
    if context is None:
        return
    for part in (*context["before"], context["line"], *context["after"]):
        yield CodeLine(part["number"], part["line"], part is context["line"])


def shown_properties(event: Occurrence) -> list[tuple[str, str]]:
    """Names and texts of the event's other properties, the longest of them cut."""
    found = [("distinct id", event.distinct_id), ("uuid", str(event.uuid))]
    for name, value in sorted(event.properties.items()):
        if name not in LARGE and value is not None:
            text = value if isinstance(value, str) else orjson.dumps(value).decode()
            found.append((name, text[:MAX_EVENT]))
    return found


def page_of(issue: Issue, now: datetime, skip: int) -> dict[str, Any]:
    """All that the page shows, also while the analytics store is away."""
    fingerprints = Fingerprint.objects.filter(issue=issue).order_by("created_at", "id")
    shown = {
        "issue": issue,
        "fingerprints": list(fingerprints[:MAX_FINGERPRINTS]),
        "fingerprint_count": fingerprints.count(),
        "references": list(ExternalReference.objects.filter(issue=issue).order_by("created_at")),
        "chart_width": CHART_WIDTH,
        "chart_height": CHART_HEIGHT,
        "newer": skip - 1 if skip else None,
        "skip": skip,
    }
    try:
        found = happened(issue, now, skip)
    except APIException as failure:
        return {**shown, "happened": Happened(), "error": failure.detail}
    return {**shown, "happened": found, "older": skip + 1 if found.has_older else None}
