"""What a server does beside ingestion, each in a loop of its own so that none waits for another."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from django.db import close_old_connections, connection
from django.utils import timezone

from notifications import delivering, mail

logger = logging.getLogger(__name__)

DAY = 24 * 60 * 60


class Loop(threading.Thread):
    """Calls `step(now)` again and again: at once while it finds work, else every `seconds`."""

    def __init__(
        self, name: str, step: Callable[[datetime], int], seconds: float, stop: threading.Event
    ):
        super().__init__(name=name, daemon=True)
        self.step, self.seconds, self.stop = step, seconds, stop

    def run(self) -> None:
        while not self.stop.is_set():
            close_old_connections()
            try:
                found = self.step(timezone.now())
            except Exception:  # whatever it is, the other loops and the next turn go on
                logger.exception("%s failed; it will try again", self.name)
                connection.close()
                found = 0
            if not found:
                self.stop.wait(self.seconds)
        connection.close()


class Background:
    """All the loops of a process that works: `serve` with its worker, or `worker`."""

    def __init__(self, stop: threading.Event):
        self.loops = [
            Loop("deliveries", delivering.deliver_due, 1.0, stop),
            Loop("e-mail", mail.send_due, 1.0, stop),
            Loop("pruning", delivering.prune, DAY, stop),
        ]

    def start(self) -> None:
        for loop in self.loops:
            loop.start()

    def join(self, seconds: float) -> None:
        for loop in self.loops:
            loop.join(seconds)
