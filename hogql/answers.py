"""Values as ClickHouse gives them, as JSON has them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from hogql.errors import QueryError

MAX_VALUES = 5_000_000
"""Single ones, in all rows and lists: more would keep the process busy for seconds."""


class JSONValues:
    """Times in the project's zone, UUIDs as text, tuples as lists, what is no number null."""

    def __init__(self, zone: tzinfo):
        self.zone = zone
        self.left = MAX_VALUES

    def rows(self, rows: Sequence[Sequence]) -> list[list]:
        return [self.items(row) for row in rows]

    def items(self, values: Iterable) -> list:
        values = list(values)
        self.left -= len(values)
        if self.left < 0:
            raise QueryError(
                f"The answer has more than {MAX_VALUES} values. Select fewer rows or shorter lists."
            )
        return [self.value(value) for value in values]

    def value(self, value: Any) -> Any:
        if value is None or isinstance(value, str | bool | int):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        if isinstance(value, datetime):
            return time_text(value, self.zone)
        if isinstance(value, date | time):
            return value.isoformat()
        if isinstance(value, Decimal):
            return float(value) if value.is_finite() else None
        if isinstance(value, list | tuple | set | frozenset):
            return self.items(value)
        if isinstance(value, Mapping):
            keys = (key if isinstance(key, str) else str(self.value(key)) for key in value)
            return dict(zip(keys, self.items(value.values()), strict=True))
        if isinstance(value, bytes | bytearray):
            return value.decode(errors="replace")
        if isinstance(value, timedelta):
            return value.total_seconds()
        return str(value)


def time_text(moment: datetime, zone: tzinfo) -> str:
    """ISO 8601 with the zone's offset, `Z` for UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    text = moment.astimezone(zone).isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
