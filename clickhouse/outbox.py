"""The outbox: rows for ClickHouse committed with their relational cause, delivered after.

A crash between the two loses nothing and doubles nothing: the block is still in the outbox, and
its token makes ClickHouse pass over a block that it has already.

An insert costs ClickHouse some 15 ms of processor time however few its rows. Small blocks that
come often are therefore joined: they get a common token, in a commit of its own, before any of
them is inserted, so that a second attempt inserts the very same rows.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import uuid4

import orjson
import zstandard
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

import clickhouse
from clickhouse.models import OutboxBlock

MAX_BLOCK_BYTES = 16 * 1024 * 1024
MAX_JOINED_BLOCKS = 1000
MAX_JOINED_ROWS = 20_000

Reject = Callable[[str, bytes, str], None]


def enqueue(table: str, rows: Sequence[dict], lane: int | None = None) -> None:
    """Hand rows over to the outbox. Call it in the transaction that changes their cause."""
    if rows:
        enqueue_lines(table, [orjson.dumps(row) for row in rows], lane)


def enqueue_lines(
    table: str, lines: Sequence[bytes], lane: int | None = None, *, joinable: bool = False
) -> None:
    """Like `enqueue`, for rows that are JSON already. `joinable` is for many small blocks whose
    order among other tables' doesn't matter."""
    if not lines:
        return
    compress = zstandard.ZstdCompressor(level=1).compress
    blocks, block, size = [], [], 0
    for line in lines:
        if block and size + len(line) > MAX_BLOCK_BYTES:
            blocks.append((block, size))
            block, size = [], 0
        block.append(line)
        size += len(line)
    blocks.append((block, size))
    OutboxBlock.objects.bulk_create(
        OutboxBlock(
            table=table,
            lane=lane,
            rows=len(block),
            size=size,
            joinable=joinable,
            payload=compress(b"\n".join(block)),
        )
        for block, size in blocks
    )


def deliver(lane: int | None, reject: Reject, *, max_blocks: int = 16) -> int:
    """Deliver a lane's waiting blocks, oldest first, until some `max_blocks` of them are done;
    returns how many there were.

    A row that ClickHouse refuses goes to `reject(table, row, reason)` and the rest go on. Raises
    clickhouse.Unavailable when the store is away; the blocks wait.
    """
    count = 0
    while count < max_blocks and (delivered := deliver_insert(lane, reject)):
        count += delivered
    return count


def deliver_insert(lane: int | None, reject: Reject) -> int:
    """Deliver the blocks of the oldest insert."""
    join_blocks(lane)
    waiting = OutboxBlock.objects.filter(lane=lane, joinable=False).order_by("id")
    if connection.features.has_select_for_update_skip_locked:
        with transaction.atomic():  # its first block stands for the whole insert
            return _deliver(waiting.select_for_update(skip_locked=lane is None), reject)
    return _deliver(waiting, reject)


def join_blocks(lane: int | None) -> None:
    """Decide which of the joinable blocks go in together, and commit that."""
    joinable = OutboxBlock.objects.filter(lane=lane, joinable=True)
    if not joinable.exists():
        return
    with transaction.atomic():
        if connection.features.has_select_for_update_skip_locked:
            joinable = joinable.select_for_update(skip_locked=True)
        if blocks := first_insert(joinable.order_by("id")):
            ids = [block.id for block in blocks]
            OutboxBlock.objects.filter(id__in=ids).update(token=uuid4(), joinable=False)


def first_insert(blocks: QuerySet[OutboxBlock]) -> list[OutboxBlock]:
    chosen: list[OutboxBlock] = []
    rows = size = 0
    for block in blocks.only("id", "table", "rows", "size")[:MAX_JOINED_BLOCKS]:
        if chosen and block.table != chosen[0].table:
            continue
        rows += block.rows
        size += block.size
        if chosen and (rows > MAX_JOINED_ROWS or size > MAX_BLOCK_BYTES):
            break
        chosen.append(block)
    return chosen


def _deliver(waiting: QuerySet[OutboxBlock], reject: Reject) -> int:
    first = waiting.first()
    if first is None:
        return 0
    blocks = list(OutboxBlock.objects.filter(token=first.token).order_by("id"))
    decompress = zstandard.ZstdDecompressor().decompress
    lines = [line for block in blocks for line in decompress(bytes(block.payload)).split(b"\n")]
    insert_block(first.table, lines, str(first.token), reject)
    OutboxBlock.objects.filter(id__in=[block.id for block in blocks]).delete()
    return len(blocks)


def insert_block(table: str, lines: Sequence[bytes], token: str, reject: Reject) -> None:
    """Insert the lines; when ClickHouse refuses them, halve until the refused rows are alone."""
    try:
        clickhouse.insert(table, b"\n".join(lines), token=token)
    except clickhouse.Rejected as error:
        if len(lines) == 1:
            reject(table, lines[0], str(error))
            return
        middle = len(lines) // 2
        insert_block(table, lines[:middle], f"{token}-a", reject)
        insert_block(table, lines[middle:], f"{token}-b", reject)


def lag() -> timedelta:
    """How long the oldest block has waited."""
    oldest = OutboxBlock.objects.order_by("id").values_list("created_at", flat=True).first()
    return timezone.now() - oldest if oldest else timedelta()
