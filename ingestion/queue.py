"""The durable queue: what capture accepts is committed here before it answers.

One thread commits for all requests: those that arrive while a commit runs share the next one, so
the price of reaching the disk is paid per commit, not per event.
"""

import queue
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from zlib import crc32

import orjson
from django.conf import settings
from django.db import Error, close_old_connections, connection, transaction

from ingestion.models import QueuedBatch

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
        self.done = threading.Event()
        self.error: Exception | None = None


def put(
    project_id: int, events: Sequence[dict], received_at: datetime, historical: bool = False
) -> None:
    """Commit captured events; returns when they are on disk.

    `events` are JSON-able dicts with uuid, event, distinct_id, timestamp (ISO 8601, UTC) and
    properties. Inside a transaction they become durable with the caller's commit. Raises
    Unavailable when the database can't take them.
    """
    batches = list(by_lane(project_id, events, received_at, historical))
    if connection.in_atomic_block:
        QueuedBatch.objects.bulk_create(batches)
        transaction.on_commit(arrived.set)
        return
    writer.commit(batches)


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

    def commit(self, batches: list[QueuedBatch]) -> None:
        if self.thread is None:
            self.start()
        waiting = Waiting(batches)
        self.inbox.put(waiting)
        if not waiting.done.wait(WAIT_SECONDS):
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
            connection.close()

    def next_group(self) -> list[Waiting]:
        """All that waits by now, at least one; empty when the writer should end."""
        first = self.inbox.get()
        if first is None:
            return []
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
        return group

    def write(self, group: list[Waiting]) -> None:
        try:
            close_old_connections()
            insert([batch for waiting in group for batch in waiting.batches])
        except Error as error:
            connection.close()
            if len(group) > 1:  # one request's rows must not fail the others
                for waiting in group:
                    self.write([waiting])
                return
            group[0].error = error
        arrived.set()
        for waiting in group:
            waiting.done.set()


def insert(batches: list[QueuedBatch]) -> None:
    with transaction.atomic():
        QueuedBatch.objects.bulk_create(batches, batch_size=500)


writer = Writer()
