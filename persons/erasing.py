"""Deleting persons' events from the analytics store: promptly, and none received later.

What is to be deleted is a row, written in the transaction that asks for it, and stays one until
none of the events is found any more: whoever is killed in between, another goes on. Events that
were received in time may still be in the queue or the outbox; it is waited for them, or they would
come after their deletion.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Max

import clickhouse
from clickhouse.models import OutboxBlock
from persons.models import EventsDeletion, Person
from projects.models import Project

logger = logging.getLogger(__name__)

BATCH = 100
MAX_DISTINCT_IDS = 5000
SETTLING = timedelta(seconds=2)
"""Longer than it takes to commit what was received just before."""
LEASE = timedelta(minutes=10)
AGAIN = timedelta(seconds=1)
AFTER_ERROR = timedelta(seconds=30)
MATCHES = """
    team_id = {project_id:Int64}
    AND distinct_id IN {distinct_ids:Array(String)}
    AND created_at <= arrayElement(
        {moments:Array(DateTime64(6, 'UTC'))}, indexOf({distinct_ids:Array(String)}, distinct_id)
    )
"""


def erase_events(project: Project, persons: Iterable[Person]) -> None:
    """Have the events deleted that the persons, with their distinct ids loaded, have by now."""
    EventsDeletion.objects.bulk_create(
        EventsDeletion(project=project, person_uuid=person.uuid, distinct_ids=person.distinct_ids)
        for person in persons
    )


def erase_due(now: datetime, is_digested_to: Callable[[datetime], bool]) -> int:
    """Delete what can be; returns for how many persons. `is_digested_to` tells whether everything
    received until a time has left the queue."""
    waiting = EventsDeletion.objects.filter(verified_at=None, due_at__lte=now)
    ready = defaultdict(list)
    for deletion in waiting.order_by("due_at", "id")[:BATCH]:
        if is_stored(deletion, now, is_digested_to):
            ready[deletion.project_id].append(deletion)
        else:
            EventsDeletion.objects.filter(id=deletion.id).update(due_at=now + AGAIN)
    return sum(erase(project, own, now) for project, own in ready.items())


def is_stored(
    deletion: EventsDeletion, now: datetime, is_digested_to: Callable[[datetime], bool]
) -> bool:
    """Whether all the events that are to go are in the analytics store."""
    if deletion.last_block is None:
        if deletion.created_at > now - SETTLING or not is_digested_to(deletion.created_at):
            return False
        last = OutboxBlock.objects.filter(table="events").aggregate(last=Max("id"))["last"]
        deletion.last_block = last or 0
        deletion.save(update_fields=["last_block"])
    blocks = OutboxBlock.objects.filter(table="events", id__lte=deletion.last_block)
    return not blocks.exists()


def erase(project_id: int, deletions: Sequence[EventsDeletion], now: datetime) -> int:
    """One statement for many: each rewrites the marks of whole parts of the store."""
    claimed = [
        deletion
        for deletion in deletions
        if EventsDeletion.objects.filter(id=deletion.id, due_at=deletion.due_at).update(
            due_at=now + LEASE
        )
    ]
    rows = EventsDeletion.objects.filter(id__in=[deletion.id for deletion in claimed])
    try:
        for part in parts(claimed):
            delete_events(project_id, part)
    except (clickhouse.Unavailable, clickhouse.Rejected) as error:
        logger.warning("Events of deleted persons could not be deleted: %s", error)
        rows.update(due_at=now + AFTER_ERROR)
        return 0
    rows.update(verified_at=now)
    return len(claimed)


def parts(deletions: Iterable[EventsDeletion]) -> list[dict[str, datetime]]:
    """Distinct ids and until when their events are to go, not too many together."""
    until: dict[str, datetime] = {}
    for deletion in deletions:
        for distinct_id in deletion.distinct_ids:
            until[distinct_id] = max(
                until.get(distinct_id, deletion.created_at), deletion.created_at
            )
    items = list(until.items())
    return [
        dict(items[start : start + MAX_DISTINCT_IDS])
        for start in range(0, len(items), MAX_DISTINCT_IDS)
    ]


def delete_events(project_id: int, until: dict[str, datetime]) -> None:
    params = {
        "project_id": project_id,
        "distinct_ids": list(until),
        "moments": list(until.values()),
    }
    clickhouse.command(f"DELETE FROM events WHERE {MATCHES}", **params)
    ((left,),) = clickhouse.rows(f"SELECT count() FROM events WHERE {MATCHES}", **params)
    if left:
        raise clickhouse.Unavailable(f"{left} events are still there.")
