"""Until when an alert is snoozed, as clients say it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from rest_framework.exceptions import ValidationError

from posthog_clone.api.times import add_months, parse_timestamp, start_of

RELATIVE = re.compile(r"-?(?P<number>\d{1,5})(?P<unit>[hdwmqy])", re.ASCII)
DAYS = {"d": 1, "w": 7}
MONTHS = {"m": 1, "q": 3, "y": 12}


def parse_snooze(value: Any, now: datetime) -> datetime | None:
    """The end of a snooze, in UTC: of `2h`, `3d`, `1w`, `1m` (months), or of an ISO time.

    Relative ones count forwards and end where an hour or a day starts: `1d` is the coming midnight.
    Raises ValidationError.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValidationError("Send text: a time such as 2h, 3d or 2030-01-31T12:00:00Z, or null.")
    text = value.strip()
    try:
        if match := RELATIVE.fullmatch(text):
            return forwards(int(match["number"]), match["unit"], now.astimezone(UTC))
        if moment := parse_timestamp(text):
            return moment
    except (OverflowError, ValueError):
        pass
    raise ValidationError(
        f"{value[:100]!r} is not a time: send a relative one such as 2h, 3d, 1w or 1m (month), or "
        "ISO 8601 such as 2030-01-31T12:00:00Z."
    )


def forwards(number: int, unit: str, now: datetime) -> datetime:
    if unit == "h":
        return start_of(now + timedelta(hours=number), "h")
    if unit in DAYS:
        return start_of(now + timedelta(days=number * DAYS[unit]), "d")
    return start_of(add_months(now, number * MONTHS[unit]), "d")
