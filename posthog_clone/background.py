"""What a server does beside ingestion. What has to be prompt runs in a loop of its own."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import close_old_connections, connection
from django.utils import timezone

from alerts import checking
from alerts.on_logs import checking as logs_checking
from error_tracking.folding import fold_moves
from error_tracking.spikes import detect_spikes
from ingestion.queue import is_digested_to
from insights import caching, running
from insights.exports import running as exports
from notifications import delivering, mail
from persons.cohorts.calculating import calculate_due
from persons.erasing import erase_due

logger = logging.getLogger(__name__)

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
ALERT_SECONDS = 3.0
ALERT_LOOPS = (1, 2)
"""Each at another project, so that slow queries of one hold up few others."""


Step = Callable[[datetime], int]
"""Does what is due now, or a part of it, and returns how much it found."""


class Loop(threading.Thread):
    """Calls `step(now)` again and again: at once while it finds work, else every `seconds`."""

    def __init__(self, name: str, step: Step, seconds: float, stop: threading.Event):
        super().__init__(name=name, daemon=True)
        self.step, self.seconds, self.stop = step, seconds, stop

    def run(self) -> None:
        while not self.stop.is_set():
            if not attempt(self.step, self.name):
                self.stop.wait(self.seconds)
        connection.close()


class Chores(threading.Thread):
    """What is rare takes turns in one thread, each step every so many seconds."""

    def __init__(self, steps: Mapping[str, tuple[Step, float]], stop: threading.Event):
        super().__init__(name="chores", daemon=True)
        self.steps, self.stop = steps, stop

    def run(self) -> None:
        due = dict.fromkeys(self.steps, time.monotonic())
        while not self.stop.is_set():
            for name, (step, seconds) in self.steps.items():
                if due[name] <= time.monotonic() and not attempt(step, name):
                    due[name] = time.monotonic() + seconds
            self.stop.wait(max(0, min(due.values()) - time.monotonic()))
        connection.close()


def attempt(step: Step, name: str) -> int:
    close_old_connections()
    try:
        return step(timezone.now())
    except Exception:  # whatever it is, the others and the next turn go on
        logger.exception("%s failed; it will try again", name.capitalize())
        connection.close()
        return 0


class Background:
    """All that a process does which works: `serve` with its worker, or `worker`."""

    def __init__(self, stop: threading.Event):
        self.loops = [
            Loop("deliveries", delivering.deliver_due, 1.0, stop),
            Loop("e-mail", mail.send_due, 1.0, stop),
            *(Loop(f"alerts {n}", checking.check_due, ALERT_SECONDS, stop) for n in ALERT_LOOPS),
            Loop("alerts on logs", logs_checking.check_due, ALERT_SECONDS, stop),
            Loop("exports", exports.run_due, 1.0, stop),
            Loop("deletions", lambda now: erase_due(now, is_digested_to), 1.0, stop),
            Loop("cohorts", calculate_due, 1.0, stop),
            Chores(
                {
                    "spikes": (lambda now: len(detect_spikes(now)), MINUTE),
                    "pruning of answers": (caching.prune, MINUTE),
                    "pruning of questions": (running.prune, MINUTE),
                    "folding of moved fingerprints": (fold_moves, HOUR),
                    "pruning of exports": (exports.prune, HOUR),
                    "pruning of deliveries": (delivering.prune, DAY),
                    "pruning of alert checks": (checking.prune, DAY),
                    "pruning of alert events": (logs_checking.prune, DAY),
                },
                stop,
            ),
        ]

    def start(self) -> None:
        for loop in self.loops:
            loop.start()

    def join(self, seconds: float) -> None:
        for loop in self.loops:
            loop.join(seconds)
