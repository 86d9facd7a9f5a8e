"""Exceptions through the error-tracking stage, as the worker takes them."""

from datetime import UTC, datetime

from django.db import transaction
from uuid_utils.compat import uuid7

from error_tracking.linking import IssueChange
from error_tracking.processing import link, process
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
