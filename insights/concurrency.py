"""How many queries run at once in this process.

Each may use much of the store, and one project must not take every thread of the server, which
captures events by them too. So a few of a project run, as many more wait for a moment, and the rest
are told to come back.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from rest_framework.exceptions import Throttled

WAIT_SECONDS = 10.0
RETRY_AFTER = 1
# Of all projects, running or waiting: half of the server's threads (posthog_clone/web.py).
MAX_PRESENT = 32

_changed = threading.Condition()
_running: Counter[int] = Counter()
_waiting: Counter[int] = Counter()


class TooManyQueries(Throttled):
    def __init__(self):
        super().__init__(
            wait=RETRY_AFTER,
            detail="Too many queries of this project are running at once; at most "
            f"{settings.QUERY_MAX_CONCURRENT} may.",
        )


@contextmanager
def slot(project_id: int, *, seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """The right to run a query of the project. Raises TooManyQueries (429)."""
    with _changed:
        present = _running.total() + _waiting.total()
        if _waiting[project_id] >= settings.QUERY_MAX_CONCURRENT or present >= MAX_PRESENT:
            raise TooManyQueries
        _waiting[project_id] += 1
        try:
            if not _changed.wait_for(lambda: has_room(project_id), seconds):
                raise TooManyQueries
            _running[project_id] += 1
        finally:
            leave(_waiting, project_id)
    try:
        yield
    finally:
        with _changed:
            leave(_running, project_id)
            _changed.notify_all()


def has_room(project_id: int) -> bool:
    return _running[project_id] < settings.QUERY_MAX_CONCURRENT


def leave(counter: Counter[int], project_id: int) -> None:
    counter[project_id] -= 1
    if not counter[project_id]:
        del counter[project_id]
