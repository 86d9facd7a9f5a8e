"""What capture asks before it writes: rate, backlog and disk. A shut guard answers 429 or 503
with Retry-After, and nothing is written."""

import threading
import time
from dataclasses import dataclass

from django.conf import settings

from ingestion import status


class Shut(Exception):
    """A guard is shut: `status` and `text` are the answer, `retry_after` is in seconds."""

    def __init__(self, status: int, text: str, retry_after: int):
        super().__init__(text)
        self.status = status
        self.text = text
        self.retry_after = retry_after


def check(project_id: int, events: int) -> None:
    """Raises Shut when the project sends too fast, too much waits, or the disk is nearly full."""
    rate.check(project_id, events)
    check_room(events)


def check_room(rows: int) -> None:
    """Raises Shut when too much waits, or the disk is nearly full."""
    now = status.recent.get()
    if now.queued_events + now.undelivered_rows + rows > settings.MAX_QUEUED_EVENTS:
        raise Shut(503, "too many events wait to be processed, please retry later", 10)
    if now.free_disk_bytes is not None and now.free_disk_bytes < settings.MIN_FREE_DISK_BYTES:
        raise Shut(503, "the server is low on disk space, please retry later", 60)


@dataclass(slots=True)
class Bucket:
    tokens: float
    filled_at: float


class Rate:
    """A token bucket per project, a minute deep, in this process."""

    def __init__(self):
        self.lock = threading.Lock()
        self.buckets: dict[int, Bucket] = {}

    def check(self, project_id: int, events: int) -> None:
        limit = settings.MAX_EVENTS_PER_MINUTE
        if not limit:
            return
        with self.lock:
            now = time.monotonic()
            bucket = self.buckets.setdefault(project_id, Bucket(limit, now))
            refill = (now - bucket.filled_at) * limit / 60
            bucket.tokens, bucket.filled_at = min(limit, bucket.tokens + refill), now
            # A batch larger than the bucket passes when the bucket is full.
            if bucket.tokens < min(events, limit):
                wait = (min(events, limit) - bucket.tokens) * 60 / limit
                raise Shut(
                    429, "the project sends too many events, please retry later", int(wait) + 1
                )
            bucket.tokens -= events


rate = Rate()
