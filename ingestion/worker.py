"""The loop that digests the queue: a thread of `serve`, or a process of its own (`worker`)."""

import logging
import random
import threading
import time

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

import clickhouse
from clickhouse import outbox
from clickhouse.models import OutboxBlock
from ingestion import queue
from ingestion.digest import digest, reject_row
from ingestion.models import QueuedBatch
from posthog_clone import process

logger = logging.getLogger(__name__)

# Other processes' commits are seen at the next look; this process's own wake the worker.
LOOK_SECONDS = 0.2
# Batches start at most this often unless they are full: fewer, larger blocks for ClickHouse.
PACE_SECONDS = 0.15
MAX_BACKOFF_SECONDS = 5.0
SUSPICIOUS_AFTER = 5
MEMORY_SECONDS = 5.0


class Worker:
    """Digests every lane in turn until `stop` is set; survives stores that come and go."""

    def __init__(self, stop: threading.Event | None = None):
        self.stop = stop or threading.Event()
        self.failures = 0
        self.memory_released = 0.0

    def run(self) -> None:
        while not self.stop.is_set():
            started = time.monotonic()
            queue.arrived.clear()
            close_old_connections()
            try:
                digested = self.step()
            except (clickhouse.Unavailable, DatabaseError, InterfaceError) as error:
                self.back_off(error)
                continue
            if self.failures:
                logger.info("Ingestion goes on.")
                self.failures = 0
            if digested:
                self.release_memory()
            if not digested:
                queue.arrived.wait(LOOK_SECONDS)
            elif digested < settings.INGESTION_BATCH_EVENTS // 2:
                self.stop.wait(max(0, started + PACE_SECONDS - time.monotonic()))
        connection.close()

    def step(self) -> int:
        """What waits for ClickHouse by itself, then one batch of every lane that has something;
        returns how much there was: blocks and events."""
        delivered = outbox.deliver(None, reject_row)
        lanes = [lane for lane in range(settings.INGESTION_LANES) if has_work(lane)]
        random.shuffle(lanes)  # several workers start at different ones
        suspicious = self.failures >= SUSPICIOUS_AFTER
        return delivered + sum(digest(lane, suspicious=suspicious) for lane in lanes)

    def release_memory(self) -> None:
        """Now and then: batches come and go, and allocators keep what they held."""
        if time.monotonic() - self.memory_released > MEMORY_SECONDS:
            self.memory_released = time.monotonic()
            clickhouse.release_memory()
            process.trim()

    def back_off(self, error: Exception) -> None:
        self.failures += 1
        delay = min(0.2 * 2**self.failures, MAX_BACKOFF_SECONDS)
        logger.warning("Ingestion waits %.1f s: %s", delay, error)
        connection.close()
        self.stop.wait(delay)

    def drain(self) -> None:
        """Digest everything that waits. For tests and commands that need it done."""
        while self.step():
            pass


def has_work(lane: int) -> bool:
    return (
        QueuedBatch.objects.filter(lane=lane).exists()
        or OutboxBlock.objects.filter(lane=lane).exists()
    )
