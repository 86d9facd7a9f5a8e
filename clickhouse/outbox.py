"""The outbox: rows for ClickHouse committed with their relational cause, delivered after.

A crash between the two loses nothing and doubles nothing: the block is still in the outbox, and
its token makes ClickHouse pass over a block that it has already.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

import orjson
import zstandard
from django.db import connection, transaction
from django.utils import timezone

import clickhouse
from clickhouse.models import OutboxBlock

MAX_BLOCK_BYTES = 16 * 1024 * 1024


def enqueue(table: str, rows: Sequence[dict], lane: int | None = None) -> None:
    """Hand rows over to the outbox. Call it in the transaction that changes their cause."""
    if rows:
        enqueue_lines(table, [orjson.dumps(row) for row in rows], lane)


def enqueue_lines(table: str, lines: Sequence[bytes], lane: int | None = None) -> None:
    """Like `enqueue`, for rows that are JSON already."""
    compress = zstandard.ZstdCompressor(level=1).compress
    blocks, block, size = [], [], 0
    for line in lines:
        if block and size + len(line) > MAX_BLOCK_BYTES:
            blocks.append(block)
            block, size = [], 0
        block.append(line)
        size += len(line)
    blocks.append(block)
    OutboxBlock.objects.bulk_create(
        OutboxBlock(table=table, lane=lane, rows=len(block), payload=compress(b"\n".join(block)))
        for block in blocks
    )


def deliver(
    lane: int | None, reject: Callable[[str, bytes, str], None], *, max_blocks: int = 16
) -> int:
    """Deliver a lane's waiting blocks, oldest first; returns how many there were.

    A row that ClickHouse refuses goes to `reject(table, row, reason)` and the rest go on. Raises
    clickhouse.Unavailable when the store is away; the blocks wait.
    """
    if connection.features.has_select_for_update_skip_locked:
        with transaction.atomic():
            waiting = OutboxBlock.objects.select_for_update(skip_locked=lane is None)
            return _deliver(waiting.filter(lane=lane).order_by("id")[:max_blocks], reject)
    return _deliver(OutboxBlock.objects.filter(lane=lane).order_by("id")[:max_blocks], reject)


def _deliver(blocks, reject) -> int:
    count = 0
    for block in blocks:
        payload = zstandard.ZstdDecompressor().decompress(bytes(block.payload))
        insert_block(block.table, payload.split(b"\n"), str(block.token), reject)
        OutboxBlock.objects.filter(pk=block.pk).delete()
        count += 1
    return count


def insert_block(table: str, lines: Sequence[bytes], token: str, reject) -> None:
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
