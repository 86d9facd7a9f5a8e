"""The durable queue: what capture accepts is committed here before it answers.

One thread commits for all requests: those that arrive while a commit runs share the next one, so
the price of reaching the disk is paid per commit, not per event.

Beside SQLite the queue is a database file of its own, since SQLite has one writer at a time and
capture would wait for every batch that is digested. What a batch causes and its removal from the
queue then are two commits. The first one notes how far the queue is digested, and what the note
covers is never digested again.
"""

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from zlib import crc32

import orjson
from django.conf import settings
from django.db import (
    DEFAULT_DB_ALIAS,
    Error,
    close_old_connections,
    connection,
    connections,
    transaction,
)
from django.db.models import QuerySet

from ingestion.models import Lane, QueuedBatch
from posthog_clone.database import migrate

INSERT = f"""
    INSERT INTO {QueuedBatch._meta.db_table}
        (lane, project_id, received_at, events, size, payload)
    VALUES (%s, %s, %s, %s, %s, %s)
"""
GATHER_SECONDS = 0.002
"""How long a commit waits for company when the last one had some."""
SPARE_PAGES = 1000
"""Of 4 KiB, free in the queue's file, before they are given back."""
LOOK_AHEAD = 100
"""Rows lie in the order in which they were committed, which is nearly that of their receipt."""
MAX_COMMIT_BYTES = 16 * 1024 * 1024
WAIT_SECONDS = 30

arrived = threading.Event()
"""Set after every commit: wakes a worker in the same process."""


class Unavailable(Exception):
    """The events could not be committed; the client should send them again."""


class Waiting:
    """A request's batches on their way to the disk."""

    __slots__ = ("batches", "done", "error")

    def __init__(self, batches: list[QueuedBatch]):
        self.batches = batches
        self.done = threading.Lock()  # free once they are there; cheaper than an Event
        self.done.acquire()
        self.error: Exception | None = None


def put(
    project_id: int, events: Sequence[dict], received_at: datetime, historical: bool = False
) -> None:
    """Commit captured events; returns when they are on disk.

    `events` are JSON-able dicts with uuid, event, distinct_id, timestamp (ISO 8601, UTC) and
    properties. Inside a transaction they become durable with the caller's commit at the latest.
    Raises Unavailable when the database can't take them.
    """
    batches = list(by_lane(project_id, events, received_at, historical))
    if connection.in_atomic_block:
        QueuedBatch.objects.bulk_create(batches)
        transaction.on_commit(arrived.set)
        return
    writer.commit(batches)


def is_apart() -> bool:
    """Whether the queue is a database of its own, with one writer: ids grow as rows commit."""
    return settings.QUEUE_DATABASE != DEFAULT_DB_ALIAS


def waiting(lane: int) -> QuerySet[QueuedBatch]:
    """The lane's rows that are not digested, oldest first."""
    rows = QueuedBatch.objects.filter(lane=lane).order_by("id")
    return rows.filter(id__gt=digested_to(lane)) if is_apart() else rows


def digested_to(lane: int) -> int:
    return Lane.objects.filter(id=lane).values_list("digested_to", flat=True).first() or 0


def is_digested_to(moment: datetime) -> bool:
    """Whether nothing waits any more that was received until then."""
    return not any(
        received_at <= moment
        for lane in range(settings.INGESTION_LANES)
        for received_at in waiting(lane).values_list("received_at", flat=True)[:LOOK_AHEAD]
    )


def done(lane: int, ids: Sequence[int]) -> None:
    """Take rows, the lane's oldest, out of the queue together with the caller's transaction."""
    if not is_apart():
        QueuedBatch.objects.filter(id__in=ids).delete()
    elif ids:
        Lane.objects.update_or_create(id=lane, defaults={"digested_to": max(ids)})
        transaction.on_commit(partial(sweep, lane))


def sweep(lane: int) -> None:
    """Remove what is digested."""
    rows = QueuedBatch.objects.filter(lane=lane, id__lte=digested_to(lane))
    rows._raw_delete(rows.db)  # SQLite alone, and nothing refers to it: no need to look first


def tidy() -> None:
    """When nothing waits: give the room that a backlog took back to the disk."""
    if not is_apart():
        return
    queue_file = connections[settings.QUEUE_DATABASE]
    with queue_file.cursor() as cursor:
        ((free_pages,),) = cursor.execute("PRAGMA freelist_count").fetchall()
    if free_pages > SPARE_PAGES:
        # A page a step: `execute` would do one of them and call it a day.
        queue_file.connection.executescript(
            "PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)"
        )


def open_apart() -> None:
    """Get a queue of its own ready: its table, and what still waits in the main database."""
    alias = settings.QUEUE_DATABASE
    migrate(alias, "ingestion")
    with connections[alias].cursor() as cursor:
        table = QueuedBatch._meta.db_table
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        (last,) = cursor.fetchone() or (0,)
    # Nothing can be digested that was never there: the file is new, and counts from the start.
    Lane.objects.filter(digested_to__gt=last).update(digested_to=0)
    for lane in Lane.objects.all():
        sweep(lane.id)
    # Of servers before the queue had a file of its own. A crash here digests some rows twice,
    # which leaves no trace: their events are known by their uuids.
    left = QueuedBatch.objects.using(DEFAULT_DB_ALIAS).order_by("id")
    while rows := list(left[:100]):
        ids = [row.id for row in rows]
        for row in rows:
            row.id = None
        QueuedBatch.objects.bulk_create(rows)
        left.filter(id__in=ids).delete()


def by_lane(
    project_id: int, events: Sequence[dict], received_at: datetime, historical: bool
) -> Iterator[QueuedBatch]:
    """The events as batches, one for each lane they belong to."""
    lanes: dict[int, list[bytes]] = {}
    for event in events:
        if historical:
            event = {**event, "historical": True}
        lane = lane_of(project_id, event["distinct_id"])
        lanes.setdefault(lane, []).append(orjson.dumps(event))
    for lane, lines in lanes.items():
        payload = b"\n".join(lines)
        yield QueuedBatch(
            lane=lane,
            project_id=project_id,
            received_at=received_at,
            events=len(lines),
            size=len(payload),
            payload=payload,
        )


def lane_of(project_id: int, distinct_id: str) -> int:
    """A person's events share a lane, which keeps their order with any number of workers."""
    if settings.INGESTION_LANES == 1:
        return 0
    return crc32(f"{project_id}:{distinct_id}".encode()) % settings.INGESTION_LANES


class Writer:
    """The thread that commits. It starts with the first request of its process."""

    def __init__(self):
        self.inbox: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self.thread: threading.Thread | None = None
        self.starting = threading.Lock()
        self.in_company = False

    def commit(self, batches: list[QueuedBatch]) -> None:
        if self.thread is None:
            self.start()
        waiting = Waiting(batches)
        self.inbox.put(waiting)
        if not waiting.done.acquire(timeout=WAIT_SECONDS):
            raise Unavailable("the commit took too long")
        if waiting.error:
            raise Unavailable(str(waiting.error)) from waiting.error

    def start(self) -> None:
        with self.starting:
            if self.thread is None:
                self.thread = threading.Thread(target=self.run, name="queue-writer", daemon=True)
                self.thread.start()

    def stop(self) -> None:
        """Commit what waits, then end the thread."""
        with self.starting:
            thread, self.thread = self.thread, None
        if thread:
            self.inbox.put(None)
            thread.join()

    def run(self) -> None:
        try:
            while group := self.next_group():
                self.write(group)
        finally:
            connections[settings.QUEUE_DATABASE].close()

    def next_group(self) -> list[Waiting]:
        """All that waits by now, at least one; empty when the writer should end."""
        first = self.inbox.get()
        if first is None:
            return []
        if self.in_company:
            time.sleep(GATHER_SECONDS)
        group, size = [first], sum(batch.size for batch in first.batches)
        while size < MAX_COMMIT_BYTES:
            try:
                waiting = self.inbox.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                self.inbox.put(None)
                break
            group.append(waiting)
            size += sum(batch.size for batch in waiting.batches)
        self.in_company = len(group) > 1
        return group

    def write(self, group: list[Waiting]) -> None:
        try:
            close_old_connections()
            insert([batch for waiting in group for batch in waiting.batches])
        except Error as error:
            connections[settings.QUEUE_DATABASE].close()
            if len(group) > 1:  # one request's rows must not fail the others
                for waiting in group:
                    self.write([waiting])
                return
            group[0].error = error
        arrived.set()
        for waiting in group:
            waiting.done.release()


def insert(batches: Sequence[QueuedBatch]) -> None:
    """Every request waits for this: plain SQL costs a third of what the ORM takes for the rows."""
    database = connections[settings.QUEUE_DATABASE]
    adapted = database.ops.adapt_datetimefield_value
    rows = [
        (row.lane, row.project_id, adapted(row.received_at), row.events, row.size, row.payload)
        for row in batches
    ]
    with transaction.atomic(using=settings.QUEUE_DATABASE), database.cursor() as cursor:
        cursor.executemany(INSERT, rows)


writer = Writer()
