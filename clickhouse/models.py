"""Rows on their way to the analytics store, committed together with their cause."""

import uuid

from django.db import models
from django.utils import timezone


class OutboxInsert(models.Model):
    """Which blocks go in together, decided and committed before they are inserted, so that a
    second attempt inserts the very same rows: the token makes it a no-op."""

    token = models.UUIDField(default=uuid.uuid4, editable=False)
    table = models.CharField(max_length=100)

    def __str__(self):
        return f"Insert into {self.table}"


class OutboxBlock(models.Model):
    """A block of rows for one table: written in the transaction that causes them, inserted after
    it commits, removed once ClickHouse has them."""

    insert = models.ForeignKey(
        OutboxInsert, models.CASCADE, null=True, blank=True, related_name="blocks"
    )
    """None until it is decided with which others it goes in."""
    lane = models.PositiveSmallIntegerField(null=True, blank=True)
    table = models.CharField(max_length=100)
    rows = models.PositiveIntegerField()
    size = models.PositiveIntegerField(default=0)
    """Bytes of the rows before compression."""
    keys = models.BinaryField(default=b"", blank=True)
    """A key for each row, all of one width, where somebody asks what is on its way."""
    payload = models.BinaryField()
    """JSONEachRow, zstd."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["table", "lane", "id"], name="outbox_by_table")]

    def __str__(self):
        return f"{self.rows} rows for {self.table}"
