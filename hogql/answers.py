"""Values as ClickHouse gives them, as JSON has them."""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any


def json_value(value: Any, zone: tzinfo) -> Any:
    """Times in the project's zone, UUIDs as text, tuples as lists, what is no number null."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return time_text(value, zone)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value) if value.is_finite() else None
    if isinstance(value, list | tuple | set | frozenset):
        return [json_value(item, zone) for item in value]
    if isinstance(value, Mapping):
        return {key_text(key, zone): json_value(item, zone) for key, item in value.items()}
    if isinstance(value, bytes | bytearray):
        return value.decode(errors="replace")
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value)


def time_text(moment: datetime, zone: tzinfo) -> str:
    """ISO 8601 with the zone's offset, `Z` for UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    local = moment.astimezone(zone)
    text = local.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def key_text(key: Any, zone: tzinfo) -> str:
    value = json_value(key, zone)
    return value if isinstance(value, str) else str(value)
