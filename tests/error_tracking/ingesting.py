"""Exceptions through the error-tracking stage, as the worker takes them."""

from datetime import UTC, datetime

from django.db import transaction
from uuid_utils.compat import uuid7

from clickhouse import outbox
from error_tracking.linking import IssueChange
from error_tracking.processing import link, process
from events.storage import store
from persons.models import person_uuid
from posthog_clone.captured import CapturedEvent

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def captured(project, timestamp=NOON, event="$exception", **properties) -> CapturedEvent:
    return CapturedEvent(
        project_id=project.id,
        uuid=uuid7(),
        event=event,
        distinct_id="user_1",
        timestamp=timestamp,
        properties=properties,
        received_at=timestamp,
    )


def exception(project, type="ValueError", value="bad", timestamp=NOON, **properties):
    """An event of an exception without a stack, so type and value decide its fingerprint."""
    entry = {"type": type, "value": value}
    return captured(project, timestamp, **{"$exception_list": [entry], **properties})


def ingest(*events: CapturedEvent) -> list[IssueChange]:
    exceptions = process(events)
    with transaction.atomic():
        return link(exceptions)


def keep(*events: CapturedEvent) -> list[CapturedEvent]:
    """Ingest the events and store them, so that they can be queried."""
    for event in events:
        event.person_id = event.person_id or person_uuid(event.project_id, event.distinct_id)
    ingest(*events)
    store(events)
    deliver()
    return list(events)


def deliver() -> None:
    """Bring what waits in the outbox to the analytics store."""
    outbox.deliver(refused)


def refused(table: str, row: bytes, reason: str) -> None:
    raise AssertionError(f"{table}: {reason}")


def frames(event, position=0):
    """The processed frames of one of the event's exceptions."""
    return event.properties["$exception_list"][position]["stacktrace"]["frames"]


def event_of(project, *raw_frames, **properties):
    """An event of an exception with these frames."""
    entry = {"type": "E", "stacktrace": {"type": "raw", "frames": list(raw_frames)}}
    return captured(project, **{"$exception_list": [entry], **properties})
