"""The loop that digests the queue: a thread of `serve`, or a process of its own (`worker`)."""

import logging
import random
import threading
import time

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

import clickhouse
from clickhouse import outbox
from error_tracking import symbol_files
from ingestion import queue
from ingestion.digest import digest, reject_row

logger = logging.getLogger(__name__)

# Other processes' commits are seen at the next look; this process's own wake the worker.
LOOK_SECONDS = 0.2
# Batches start at most this often unless they are full: a batch costs much the same however small.
PACE_SECONDS = 0.15
MAX_BACKOFF_SECONDS = 5.0
SUSPICIOUS_AFTER = 5
STOP_SECONDS = 20


class Worker:
    """Digests every lane in turn until `stop` is set, and delivers to ClickHouse beside it;
    survives stores that come and go."""

    def __init__(self, stop: threading.Event | None = None):
        self.stop = stop or threading.Event()
        self.failures = 0

    def run(self) -> None:
        delivery = outbox.Delivery(self.stop, reject_row)
        delivery.start()
        while not self.stop.is_set():
            started = time.monotonic()
            queue.arrived.clear()
            close_old_connections()
            try:
                digested = self.step()
            except (
                clickhouse.Unavailable,
                symbol_files.Unavailable,
                DatabaseError,
                InterfaceError,
            ) as error:
                self.back_off(error)
                continue
            if self.failures:
                logger.info("Ingestion goes on.")
                self.failures = 0
            if not digested:
                queue.tidy()
                queue.arrived.wait(LOOK_SECONDS)
            elif digested < settings.INGESTION_BATCH_EVENTS // 2:
                self.stop.wait(max(0, started + PACE_SECONDS - time.monotonic()))
        connection.close()
        delivery.join(STOP_SECONDS)

    def step(self) -> int:
        """Digest one batch of every lane that has something; returns the number of events."""
        lanes = [lane for lane in range(settings.INGESTION_LANES) if has_work(lane)]
        random.shuffle(lanes)  # several workers start at different ones
        suspicious = self.failures >= SUSPICIOUS_AFTER
        return sum(digest(lane, suspicious=suspicious) for lane in lanes)

    def back_off(self, error: Exception) -> None:
        self.failures += 1
        delay = min(0.2 * 2**self.failures, MAX_BACKOFF_SECONDS)
        logger.warning("Ingestion waits %.1f s: %s", delay, error)
        connection.close()
        self.stop.wait(delay)

    def drain(self) -> None:
        """Digest and deliver everything that waits. For tests and commands that need it done."""
        while self.step() + outbox.deliver(reject_row):
            pass


def has_work(lane: int) -> bool:
    return queue.waiting(lane).exists()
