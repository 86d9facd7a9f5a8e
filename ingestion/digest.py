"""From the queue to the stores: one batch of a lane at a time.

The order within a batch: replays out, persons, exceptions to issues, then the event rows. All
relational effects, the rows for ClickHouse (as an outbox block) and the removal from the queue
commit together, so a crash at any point loses nothing and doubles nothing.
"""

import logging
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction

import clickhouse
import error_tracking.processing
import persons.processing
from error_tracking import symbol_files
from events.definitions.recording import record
from events.storage import encode_exceptions, store, without_replays
from ingestion import dead_letters, queue, status
from ingestion.models import Lane
from notifications.events import emit_captured
from posthog_clone.captured import CapturedEvent
from projects.models import Project

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Item:
    """One event of the queue, still as text: a second attempt starts from the same words."""

    batch_id: int
    project_id: int
    received_at: datetime
    line: bytes
    is_last: bool = False
    """The last of its queue row: the row goes when this item is done."""

    def parse(self) -> CapturedEvent:
        body = orjson.loads(self.line)
        return CapturedEvent(
            project_id=self.project_id,
            uuid=UUID(body["uuid"]),
            event=body["event"],
            distinct_id=body["distinct_id"],
            timestamp=datetime.fromisoformat(body["timestamp"]),
            properties=body["properties"],
            received_at=self.received_at,
            historical=body.get("historical", False),
        )


def digest(lane: int, *, suspicious: bool = False) -> int:
    """Digest the next batch of the lane; returns the number of events.

    Takes no lane that another worker holds. Raises what is named Unavailable, or a database error,
    when a store is away: everything accepted waits in the queue. `suspicious` takes database
    errors for the events' fault too, for when they come again and again.
    """
    with claim(lane) as claimed:
        if not claimed:
            return 0
        items = next_items(lane)
        if items:
            digest_items(items, lane, suspicious)
    status.digested.add(len(items))
    return len(items)


def claim(lane: int):
    """A context that holds the lane. On SQLite there is one worker, and nothing to hold."""
    if connection.features.has_select_for_update_skip_locked:
        return LaneLock(lane)
    return nullcontext(True)


class LaneLock:
    """The lane's row, locked for a transaction; a crashed worker's lock goes with it."""

    def __init__(self, lane: int):
        self.lane = lane
        self.atomic = transaction.atomic()

    def __enter__(self) -> bool:
        Lane.objects.bulk_create([Lane(id=self.lane)], ignore_conflicts=True)
        self.atomic.__enter__()
        return bool(Lane.objects.select_for_update(skip_locked=True).filter(id=self.lane))

    def __exit__(self, *exception) -> None:
        self.atomic.__exit__(*exception)


def next_items(lane: int) -> list[Item]:
    """The oldest events of the lane, as many as fit in a batch; at least a whole request's."""
    waiting = queue.waiting(lane)
    last, count, size = None, 0, 0
    plan = waiting.values_list("id", "events", "size")[: settings.INGESTION_BATCH_EVENTS]
    for batch_id, batch_events, batch_size in plan:
        count += batch_events
        size += batch_size
        full = count > settings.INGESTION_BATCH_EVENTS or size > settings.INGESTION_BATCH_BYTES
        if full and last is not None:
            break
        last = batch_id
    if last is None:
        return []
    rows = waiting.filter(id__lte=last).values_list("id", "project_id", "received_at", "payload")
    items = []
    for batch_id, project_id, received_at, payload in rows:
        items += [
            Item(batch_id, project_id, received_at, line) for line in bytes(payload).split(b"\n")
        ]
        items[-1].is_last = True
    return items


def digest_items(items: Sequence[Item], lane: int, suspicious: bool) -> None:
    """Digest the items; when they fail, halve until the poisonous event is alone, and park it."""
    try:
        digest_part(items, lane)
        return
    except (clickhouse.Unavailable, symbol_files.Unavailable):
        raise
    except (OperationalError, InterfaceError) as failure:
        if not suspicious:
            raise
        error: Exception = failure
    except Exception as failure:
        error = failure
    logger.warning("%d events could not be digested together: %r", len(items), error)
    if len(items) == 1:
        park(items[0], lane, error)
        return
    middle = len(items) // 2
    digest_items(items[:middle], lane, suspicious)
    digest_items(items[middle:], lane, suspicious)


@transaction.atomic
def park(item: Item, lane: int, error: Exception) -> None:
    reason = "".join(traceback.format_exception(error))
    dead_letters.park(
        "digest", item.line, reason, project_id=item.project_id, received_at=item.received_at
    )
    queue.done(lane, finished([item]))


def reject_row(table: str, row: bytes, reason: str) -> None:
    """A row ClickHouse refused: parked, so that the rest of its block goes on."""
    logger.warning("ClickHouse refused a row for %s: %s", table, reason)
    dead_letters.park(f"clickhouse:{table}", row, reason)


def digest_part(items: Sequence[Item], lane: int) -> None:
    projects = set(
        Project.objects.filter(id__in={item.project_id for item in items}).values_list(
            "id", flat=True
        )
    )
    batch = without_replays((item.parse() for item in items if item.project_id in projects), lane)
    exceptions = error_tracking.processing.process(batch)
    encode_exceptions(batch)
    with transaction.atomic():
        persons.processing.apply_events(batch, lane)
        error_tracking.processing.link(exceptions)
        emit_captured(batch)
        store(batch, lane)
        record(batch)
        Project.objects.filter(id__in=projects, ingested_event=False).update(ingested_event=True)
        queue.done(lane, finished(items))


def finished(items: Sequence[Item]) -> list[int]:
    """The queue rows that end with these items."""
    return [item.batch_id for item in items if item.is_last]
