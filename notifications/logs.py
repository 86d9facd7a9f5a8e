"""What destinations did, line by line."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

import clickhouse
from clickhouse import outbox
from clickhouse.client import timestamp
from notifications.models import HogFunction

MAX_MESSAGE = 10_000
MICROSECOND = timedelta(microseconds=1)  # between lines written together, to keep their order


class LogLine(NamedTuple):
    log_source_id: str
    instance_id: str
    timestamp: datetime
    level: str
    message: str


def write(function: HogFunction, lines: Iterable[tuple[str, str]], instance_id: str = "") -> None:
    """Add lines (level, message). Call it in the transaction of what they tell."""
    now = timezone.now()
    outbox.enqueue(
        "log_entries",
        [
            {
                "team_id": function.project_id,
                "log_source_id": str(function.id),
                "instance_id": instance_id,
                "timestamp": timestamp(now + n * MICROSECOND),
                "level": level,
                "message": message[:MAX_MESSAGE],
            }
            for n, (level, message) in enumerate(lines)
        ],
    )


def read(
    function: HogFunction,
    *,
    limit: int,
    after: datetime | None = None,
    before: datetime | None = None,
    levels: list[str] | None = None,
    search: str = "",
    instance_id: str = "",
) -> list[LogLine]:
    """The newest lines first."""
    where = ["team_id = {project_id:Int64}", "log_source_id = {source:String}"]
    params = {"project_id": function.project_id, "source": str(function.id), "limit": limit}
    for condition, name, value in (
        ("timestamp > {after:DateTime64(6, 'UTC')}", "after", after),
        ("timestamp < {before:DateTime64(6, 'UTC')}", "before", before),
        ("lower(level) IN {levels:Array(String)}", "levels", levels),
        ("positionCaseInsensitiveUTF8(message, {search:String}) > 0", "search", search),
        ("instance_id = {instance_id:String}", "instance_id", instance_id),
    ):
        if value:
            where.append(condition)
            params[name] = value
    found = clickhouse.rows(
        f"""
        SELECT log_source_id, instance_id, timestamp, upper(level), message FROM log_entries
        WHERE {" AND ".join(where)} ORDER BY timestamp DESC LIMIT {{limit:UInt32}}
        """,
        **params,
    )
    return [LogLine(*row) for row in found]
