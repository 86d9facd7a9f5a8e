"""The analytics store: ClickHouse, embedded in the process or a server, by `CLICKHOUSE_URL`.

The one seam to it: `rows` and `stream` read, `insert` writes a block, `command` is for schema.
Everything else goes through the outbox (clickhouse/outbox.py), which survives a crash.
"""

from clickhouse.client import (
    Rejected,
    Unavailable,
    close,
    command,
    insert,
    release_memory,
    rows,
    stream,
)

__all__ = [
    "Rejected",
    "Unavailable",
    "close",
    "command",
    "insert",
    "release_memory",
    "rows",
    "stream",
]
