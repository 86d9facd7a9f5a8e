"""Values of properties and of filters: as text, as number, as time. The other stores do the same in
SQL (conditions.py, queryset.py)."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

import orjson
from rest_framework.exceptions import ValidationError

from posthog_clone.api.times import parse_bound, parse_timestamp

# Short enough to be in the range of every store's floats.
NUMBER_PATTERN = r"^[+-]?([0-9]{1,100}(\.[0-9]{0,100})?|\.[0-9]{1,100})([eE][+-]?[0-9]{1,2})?$"
DATE_PATTERN = r"(19|2[0-2])[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
TIME_PATTERN = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
ZONE_PATTERN = r"(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])"
DATETIME_PATTERN = rf"^{DATE_PATTERN}([T ]{TIME_PATTERN}{ZONE_PATTERN}?)?$"
UNIX_PATTERN = r"^[0-9]{9,10}(\.[0-9]{1,6})?$"
NUMBER = re.compile(NUMBER_PATTERN)
DATETIME = re.compile(DATETIME_PATTERN)
UNIX = re.compile(UNIX_PATTERN)
DATE_ONLY = re.compile(DATE_PATTERN)
DAY = timedelta(days=1)


def text_of(value: Any) -> str | None:
    """What filters compare: texts as they are, all else as JSON. None for null."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return text_of_float(value)
    if isinstance(value, int):
        return str(value)
    return orjson.dumps(value, default=str).decode()


def text_of_float(value: float) -> str:
    """1.0 is `1`; numbers are written out as long as they have less than 21 digits."""
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    if "e" in text and 1e-6 <= abs(value) < 1e21:
        return format(Decimal(text), "f")
    return text.replace("e+", "e").replace("e-0", "e-")


def number_of(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    text = text_of(value)
    return float(text) if text is not None and NUMBER.fullmatch(text) else None


def datetime_of(text: str | None, zone: tzinfo) -> datetime | None:
    """The time that a property's value is; `zone` is that of times without one."""
    if text is None:
        return None
    if UNIX.fullmatch(text):
        return datetime.fromtimestamp(float(text), UTC)
    if not DATETIME.fullmatch(text):
        return None
    return parse_timestamp(text, naive=zone)


def bounds_of(value: Any, zone: tzinfo, now: datetime) -> tuple[datetime, datetime] | None:
    """From when until when a filter's value goes: a day for a date, else a moment for both.

    None for what is no time.
    """
    text = text_of(value)
    if text is None:
        return None
    if DATE_ONLY.fullmatch(text):
        start = parse_timestamp(text, naive=zone)
        return start and (start, start.astimezone(zone) + DAY)
    try:
        moment = parse_bound(text, zone, now)
    except ValidationError:
        return None
    return moment and (moment, moment)
