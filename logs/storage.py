"""Log lines on their way to ClickHouse: durable once `store` returns, readable moments later."""

import threading
from collections.abc import Sequence

from django.db import Error, connection, transaction

from clickhouse import outbox

TABLE = "logs"


class Waiting:
    """A request's lines until they are committed."""

    __slots__ = ("done", "error", "lines")

    def __init__(self, lines: Sequence[bytes]):
        self.lines = lines
        self.done = False
        self.error: Error | None = None


class Commits:
    """Requests that arrive while a commit runs share the next one: whoever comes first after it
    commits for all. The price of reaching the disk is paid per commit, not per request."""

    def __init__(self):
        self.turn = threading.Lock()
        self.joining = threading.Lock()
        self.waiting: list[Waiting] = []

    def commit(self, lines: Sequence[bytes]) -> None:
        mine = Waiting(lines)
        with self.joining:
            self.waiting.append(mine)
        with self.turn:
            if not mine.done:
                with self.joining:
                    group, self.waiting = self.waiting, []
                self.write(group)
        if mine.error:
            raise mine.error

    def write(self, group: list[Waiting]) -> None:
        try:
            insert([line for waiting in group for line in waiting.lines])
        except Error as error:
            if len(group) > 1:  # one request's lines must not fail the others
                for waiting in group:
                    self.write([waiting])
                return
            group[0].error = error
        finally:
            for waiting in group:
                waiting.done = True


commits = Commits()


def store(lines: Sequence[bytes]) -> None:
    """Commit rows of the table `logs`, as `logs.otlp.decode` makes them.

    Inside a transaction they become durable with the caller's commit. Raises a database error
    when they can't be committed.
    """
    if not lines:
        return
    if connection.in_atomic_block:
        insert(lines)
    else:
        commits.commit(lines)


def insert(lines: Sequence[bytes]) -> None:
    with transaction.atomic():
        outbox.enqueue_lines(TABLE, lines)
