"""A few threads for queries that nobody waits for."""

import logging
import threading
from collections import deque
from collections.abc import Callable

from django.db import close_old_connections, connection

logger = logging.getLogger(__name__)
Job = Callable[[], None]


class Pool:
    """At most `size` threads, which end when there is nothing to do.

    They are daemons: who stops the process need not wait for a query of ten minutes.
    """

    def __init__(self, size: int):
        self.size = size
        self.jobs: deque[Job] = deque()
        self.threads: set[threading.Thread] = set()
        self.lock = threading.Lock()

    def submit(self, job: Job) -> None:
        with self.lock:
            self.jobs.append(job)
            if len(self.threads) < self.size:
                thread = threading.Thread(target=self.work, name="query", daemon=True)
                self.threads.add(thread)
                thread.start()

    def work(self) -> None:
        while (job := self.next_job()) is not None:
            close_old_connections()
            try:
                job()
            except Exception:  # the thread has others to run
                logger.exception("A query run in the background failed")
                connection.close()
        connection.close()

    def next_job(self) -> Job | None:
        with self.lock:
            if self.jobs:
                return self.jobs.popleft()
            self.threads.discard(threading.current_thread())
            return None

    def join(self, seconds: float) -> None:
        for thread in list(self.threads):
            thread.join(seconds)
