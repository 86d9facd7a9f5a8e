"""The analytics store: ClickHouse, embedded in the process or a server, by `CLICKHOUSE_URL`.

The one seam to it: `rows`, `query` and `stream` read, `insert` writes a block, `command` is for
schema. Everything else goes through the outbox (clickhouse/outbox.py), which survives a crash.
"""

from clickhouse.client import (
    Answer,
    Rejected,
    Unavailable,
    close,
    command,
    insert,
    query,
    release_memory,
    rows,
    stream,
)

__all__ = [
    "Answer",
    "Rejected",
    "Unavailable",
    "close",
    "command",
    "insert",
    "query",
    "release_memory",
    "rows",
    "stream",
]
