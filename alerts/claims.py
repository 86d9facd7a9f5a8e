"""Keeping claims while work goes on, so that only those of the dead run out."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import DatabaseError, connection

from alerts.models.scheduled import Scheduled

logger = logging.getLogger(__name__)

BEAT_SECONDS = 10
LONGEST = timedelta(minutes=45)
"""A worker that takes longer is taken for stuck."""


@contextmanager
def kept(rows: Sequence[Scheduled], now: datetime) -> Iterator[None]:
    """Renew the claims of the rows while the block runs; `now` is when they were claimed."""
    done = threading.Event()
    started = time.monotonic()

    def beat() -> None:
        while not done.wait(BEAT_SECONDS):
            elapsed = timedelta(seconds=time.monotonic() - started)
            if elapsed > LONGEST:
                return
            try:
                type(rows[0]).objects.renew(rows, now + elapsed)
            except DatabaseError:
                logger.exception("Claims could not be renewed; the next beat tries again")
            finally:
                connection.close()

    thread = threading.Thread(target=beat, name="claims", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
