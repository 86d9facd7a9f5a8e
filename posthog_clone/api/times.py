"""Times as clients write them."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
SLASHED = re.compile(r"\d{1,4}/\d{1,2}/\d{1,4}")
# Larger numbers are milliseconds: as seconds they would lie beyond the year 5000.
MAX_SECONDS = 1e11


def parse_timestamp(value: Any) -> datetime | None:
    """The time `value` means, in UTC; None when it means none.

    Takes ISO 8601 in all its forms, without an offset read as UTC; RFC 2822; slashed dates,
    month first or year first; and Unix times in seconds or milliseconds, as text too.
    """
    if isinstance(value, str):
        return parse_text(value.strip())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return from_unix(value)
    return None


def parse_text(text: str) -> datetime | None:
    if NUMBER.fullmatch(text):
        return from_unix(float(text))
    try:
        return in_utc(datetime.fromisoformat(text))
    except ValueError:
        pass
    except OverflowError:  # an offset leads out of the calendar
        return None
    return parse_slashed(text) if SLASHED.match(text) else parse_mail_date(text)


def parse_slashed(text: str) -> datetime | None:
    date, _, time = text.replace("T", " ").partition(" ")
    first, second, third = date.split("/")
    year, month, day = (first, second, third) if len(first) == 4 else (third, first, second)
    try:
        iso = f"{int(year):04}-{int(month):02}-{int(day):02}"
        return in_utc(datetime.fromisoformat(f"{iso} {time}".strip()))
    except (ValueError, OverflowError):
        return None


def parse_mail_date(text: str) -> datetime | None:
    try:
        return in_utc(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def from_unix(number: float) -> datetime | None:
    try:
        seconds = number / 1000 if abs(number) > MAX_SECONDS else number
        return EPOCH + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return None


def in_utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
