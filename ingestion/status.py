"""How ingestion is doing: what waits, for how long, and what room is left."""

import shutil
import threading
import time
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Min, Sum
from django.utils import timezone

from clickhouse.models import OutboxBlock
from ingestion.models import DeadLetter, QueuedBatch

REFRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    queued_events: int
    queued_bytes: int
    undelivered_rows: int
    """Digested, but not in ClickHouse yet."""
    oldest: datetime | None
    """When the oldest event that is not readable yet was accepted."""
    dead_letters: int
    free_disk_bytes: int | None
    """None when neither store is on this machine's disk."""
    taken_at: datetime

    @property
    def lag_seconds(self) -> float:
        return max((self.taken_at - self.oldest).total_seconds(), 0) if self.oldest else 0.0


def snapshot() -> Snapshot:
    queued = QueuedBatch.objects.aggregate(
        events=Sum("events"), size=Sum("size"), oldest=Min("received_at")
    )
    outbox = OutboxBlock.objects.aggregate(rows=Sum("rows"), oldest=Min("created_at"))
    waiting = [moment for moment in (queued["oldest"], outbox["oldest"]) if moment]
    return Snapshot(
        queued_events=queued["events"] or 0,
        queued_bytes=queued["size"] or 0,
        undelivered_rows=outbox["rows"] or 0,
        oldest=min(waiting, default=None),
        dead_letters=DeadLetter.objects.aggregate(count=Count("id"))["count"],
        free_disk_bytes=free_disk_bytes(),
        taken_at=timezone.now(),
    )


def free_disk_bytes() -> int | None:
    if not (settings.EMBEDDED_DATABASE or settings.EMBEDDED_CLICKHOUSE):
        return None
    return shutil.disk_usage(settings.DATA_DIR).free


class Counter:
    """A sum since this process started."""

    def __init__(self):
        self.lock = threading.Lock()
        self.total = 0

    def add(self, count: int) -> None:
        with self.lock:
            self.total += count


digested = Counter()
"""Events that became readable through this process."""


class Recent:
    """A snapshot at most a second old, taken by one thread while the others use the last."""

    def __init__(self):
        self.lock = threading.Lock()
        self.taken = float("-inf")
        self.value: Snapshot | None = None

    def get(self) -> Snapshot:
        if self.value and time.monotonic() - self.taken < REFRESH_SECONDS:
            return self.value
        if not self.lock.acquire(blocking=self.value is None):
            return self.value
        try:
            self.value = snapshot()
            self.taken = time.monotonic()
            return self.value
        finally:
            self.lock.release()

    def forget(self) -> None:
        self.value = None


recent = Recent()
