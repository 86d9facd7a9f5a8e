"""The outbox: rows for ClickHouse committed with their relational cause, delivered after.

A crash between the two loses nothing and doubles nothing: the block is still in the outbox, and
its insert's token makes ClickHouse pass over rows that it has already.

An insert costs ClickHouse some 15 ms of processor time however few its rows. What waits for one
table therefore goes in together, and `Delivery` gives blocks a moment to gather.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import orjson
import zstandard
from django.db import DatabaseError, InterfaceError, close_old_connections, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

import clickhouse
from clickhouse.models import OutboxBlock, OutboxInsert
from posthog_clone import process

logger = logging.getLogger(__name__)

MAX_BLOCK_BYTES = 16 * 1024 * 1024
MAX_JOINED_BLOCKS = 1000
MAX_JOINED_ROWS = 20_000
MAX_JOINED_BYTES = 8 * 1024 * 1024

# Blocks of other processes are seen at the next look; this process's own wake the delivery.
LOOK_SECONDS = 0.2
PACE_SECONDS = 0.3
MAX_BACKOFF_SECONDS = 5.0
MEMORY_SECONDS = 5.0

Reject = Callable[[str, bytes, str], None]
"""Takes a table, a row that ClickHouse refused, and its reason."""

filled = threading.Event()
"""Set when this process committed a block."""


def enqueue(table: str, rows: Sequence[dict], lane: int | None = None) -> None:
    """Hand rows over to the outbox. Call it in the transaction that changes their cause."""
    if rows:
        enqueue_lines(table, [orjson.dumps(row) for row in rows], lane)


def enqueue_lines(
    table: str, lines: Sequence[bytes], lane: int | None = None, keys: Sequence[bytes] = ()
) -> None:
    """Like `enqueue`, for rows that are JSON already. `keys`, one for each row, are for
    `keys_on_their_way`."""
    if not lines:
        return
    compress = zstandard.ZstdCompressor(level=1).compress
    blocks = []
    for start, end, size in split(lines):
        blocks.append(
            OutboxBlock(
                table=table,
                lane=lane,
                rows=end - start,
                size=size,
                keys=b"".join(keys[start:end]),
                payload=compress(b"\n".join(lines[start:end])),
            )
        )
    OutboxBlock.objects.bulk_create(blocks)
    transaction.on_commit(filled.set)


def split(lines: Sequence[bytes]) -> list[tuple[int, int, int]]:
    """Start, end and bytes of the blocks that the lines make."""
    blocks, start, size = [], 0, 0
    for number, line in enumerate(lines):
        if number > start and size + len(line) > MAX_BLOCK_BYTES:
            blocks.append((start, number, size))
            start, size = number, 0
        size += len(line)
    return [*blocks, (start, len(lines), size)]


def keys_on_their_way(table: str, lane: int | None, width: int) -> set[bytes]:
    """The keys, `width` bytes each, of the lane's rows that ClickHouse may not have yet.

    Ask here before asking ClickHouse: a block leaves only once its rows are there.
    """
    waiting = OutboxBlock.objects.filter(table=table, lane=lane).order_by("id")
    keys = b"".join(bytes(keys) for keys in waiting.values_list("keys", flat=True))
    return {keys[at : at + width] for at in range(0, len(keys), width)}


def deliver(reject: Reject) -> int:
    """Deliver what waits, oldest first; returns the number of rows.

    A row that ClickHouse refuses goes to `reject` and the rest go on. Raises
    clickhouse.Unavailable when the store is away; the blocks wait.
    """
    count = 0
    while rows := deliver_insert(reject):
        count += rows
    return count


def deliver_insert(reject: Reject) -> int:
    """Deliver the oldest insert that nobody else is delivering; returns the number of rows."""
    if not OutboxBlock.objects.exists():
        return 0
    if connection.features.has_select_for_update_skip_locked:
        with transaction.atomic():
            inserts = OutboxInsert.objects.select_for_update(skip_locked=True)
            if insert := inserts.order_by("id").first():
                return complete(insert, reject)
        # What is decided must be committed before it is carried out.
        return deliver_insert(reject) if join() else 0
    insert = OutboxInsert.objects.order_by("id").first() or join()
    return complete(insert, reject) if insert else 0


@transaction.atomic
def join() -> OutboxInsert | None:
    """Decide which blocks go in together next."""
    waiting = OutboxBlock.objects.filter(insert=None).order_by("id")
    if connection.features.has_select_for_update_skip_locked:
        waiting = waiting.select_for_update(skip_locked=True)
    blocks = first_insert(waiting)
    if not blocks:
        return None
    insert = OutboxInsert.objects.create(table=blocks[0].table)
    OutboxBlock.objects.filter(id__in=[block.id for block in blocks]).update(insert=insert)
    return insert


def first_insert(waiting: QuerySet[OutboxBlock]) -> list[OutboxBlock]:
    """The oldest block, and those of its table that fit in with it."""
    plan = waiting.only("id", "table", "rows", "size")
    first = plan.first()
    if first is None:
        return []
    chosen: list[OutboxBlock] = []
    rows = size = 0
    for block in plan.filter(table=first.table)[:MAX_JOINED_BLOCKS]:
        rows += block.rows
        size += block.size
        if chosen and (rows > MAX_JOINED_ROWS or size > MAX_JOINED_BYTES):
            break
        chosen.append(block)
    return chosen


def complete(insert: OutboxInsert, reject: Reject) -> int:
    blocks = insert.blocks.order_by("id")
    decompress = zstandard.ZstdDecompressor().decompress
    rows, payloads = 0, []
    for count, payload in blocks.values_list("rows", "payload"):
        rows += count
        payloads.append(decompress(bytes(payload)))
    if payloads:
        insert_rows(insert.table, b"\n".join(payloads), str(insert.token), reject)
    with transaction.atomic():
        blocks.order_by().delete()
        OutboxInsert.objects.filter(id=insert.id).delete()
    return rows


def insert_rows(table: str, rows: bytes, token: str, reject: Reject) -> None:
    """Insert the rows; when ClickHouse refuses them, halve until the refused ones are alone."""
    try:
        clickhouse.insert(table, rows, token=token)
    except clickhouse.Rejected as error:
        lines = rows.split(b"\n")
        if len(lines) == 1:
            reject(table, rows, str(error))
            return
        middle = len(lines) // 2
        insert_rows(table, b"\n".join(lines[:middle]), f"{token}-a", reject)
        insert_rows(table, b"\n".join(lines[middle:]), f"{token}-b", reject)


def lag() -> timedelta:
    """How long the oldest block has waited."""
    oldest = OutboxBlock.objects.order_by("id").values_list("created_at", flat=True).first()
    return timezone.now() - oldest if oldest else timedelta()


class Delivery(threading.Thread):
    """Delivers until `stop` is set, while others digest; survives stores that come and go."""

    def __init__(self, stop: threading.Event, reject: Reject):
        super().__init__(name="delivery", daemon=True)
        self.stop, self.reject = stop, reject
        self.failures = 0
        self.memory_released = 0.0
        self.holds_memory = False

    def run(self) -> None:
        while not self.stop.is_set():
            started = time.monotonic()
            filled.clear()
            close_old_connections()
            try:
                delivered = deliver(self.reject)
            except (clickhouse.Unavailable, DatabaseError, InterfaceError) as error:
                self.back_off(error)
                continue
            self.failures = 0
            self.release_memory(after=delivered)
            if delivered:
                self.stop.wait(max(0, started + PACE_SECONDS - time.monotonic()))
            else:
                filled.wait(LOOK_SECONDS)
        connection.close()

    def release_memory(self, after: int) -> None:
        """Now and then: blocks come and go, and allocators keep what they held."""
        self.holds_memory = self.holds_memory or after > 0
        if self.holds_memory and time.monotonic() - self.memory_released > MEMORY_SECONDS:
            self.memory_released = time.monotonic()
            self.holds_memory = False
            clickhouse.release_memory()
            process.trim()

    def back_off(self, error: Exception) -> None:
        self.failures += 1
        delay = min(0.2 * 2**self.failures, MAX_BACKOFF_SECONDS)
        logger.warning("Delivery to ClickHouse waits %.1f s: %s", delay, error)
        connection.close()
        self.stop.wait(delay)
