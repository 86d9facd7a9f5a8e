"""Rows on their way to the analytics store, committed together with their cause."""

import uuid

from django.db import models
from django.utils import timezone


class OutboxBlock(models.Model):
    """A block of rows for one table: written in the transaction that causes them, inserted after
    it commits, removed once ClickHouse has them.

    Blocks with the same token go in as one insert, and the token makes a second insert a no-op.
    """

    token = models.UUIDField(default=uuid.uuid4, db_index=True, editable=False)
    joinable = models.BooleanField(default=False)
    """May share an insert with others; until it does, its token is not final."""
    lane = models.PositiveSmallIntegerField(null=True, blank=True)
    table = models.CharField(max_length=100)
    rows = models.PositiveIntegerField()
    size = models.PositiveIntegerField(default=0)
    """Bytes of the rows before compression."""
    payload = models.BinaryField()
    """JSONEachRow, zstd."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["lane", "id"], name="outbox_by_lane")]

    def __str__(self):
        return f"{self.rows} rows for {self.table}"
