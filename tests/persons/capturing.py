"""Captured events for tests, and what became of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from persons.models import Person
from persons.processing import apply_events
from posthog_clone.captured import CapturedEvent

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_count = iter(range(1, 2**62))


def captured(
    project, event: str, distinct_id: str = "ada", minutes: float = 0, **properties: Any
) -> CapturedEvent:
    """`__` at the start of a property's name stands for `$`."""
    timestamp = NOON + timedelta(minutes=minutes)
    return CapturedEvent(
        project_id=project.id,
        uuid=UUID(int=next(_count)),
        event=event,
        distinct_id=distinct_id,
        timestamp=timestamp,
        properties={name.replace("__", "$", 1): value for name, value in properties.items()},
        received_at=timestamp,
    )


def ingest(*events: CapturedEvent) -> list[CapturedEvent]:
    with transaction.atomic():
        apply_events(events)
    return list(events)


def one_by_one(*events: CapturedEvent) -> list[CapturedEvent]:
    for event in events:
        ingest(event)
    return list(events)


def person_of(project, distinct_id: str) -> Person:
    return Person.objects.get(
        project=project,
        distinct_id_rows__project=project,
        distinct_id_rows__distinct_id=distinct_id,
    )


def distinct_ids_of(person: Person) -> set[str]:
    return set(person.distinct_id_rows.values_list("distinct_id", flat=True))
