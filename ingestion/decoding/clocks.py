"""When an event happened, by our clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

from posthog_clone.api.times import parse_timestamp

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A client's day may have begun already; what lies further ahead comes of a broken clock.
MAX_AHEAD = timedelta(hours=23)
MAX_OFFSET_MS = 10**15  # far beyond the calendar, well within a timedelta
MIN_CLIENT_YEAR = 2021  # older means that the client counts in seconds


def event_time(
    timestamp: Any, offset: Any, sent_at: datetime | None, received_at: datetime
) -> datetime:
    """When an event happened. `offset`, in milliseconds before it was sent, beats `timestamp`.

    `sent_at` tells by how much the client's clock is off, and the timestamp is corrected by it.
    """
    if isinstance(offset, int | float) and not isinstance(offset, bool):
        milliseconds = max(-MAX_OFFSET_MS, min(offset, MAX_OFFSET_MS))
        return moved_back(received_at, timedelta(milliseconds=milliseconds), received_at)
    time = parse_timestamp(timestamp)
    if time is None:
        return received_at
    return moved_back(time, sent_at - received_at if sent_at else timedelta(), received_at)


def moved_back(time: datetime, by: timedelta, received_at: datetime) -> datetime:
    """`time` less `by`: the epoch if that is before the calendar, now if it is too far ahead."""
    try:
        moved = time - by
    except OverflowError:
        return EPOCH if by > timedelta() else received_at
    return received_at if moved - received_at > MAX_AHEAD else moved


def client_clock(milliseconds: str) -> datetime | None:
    """What posthog-js puts in the query as `_`: when it sent the request."""
    try:
        time = datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return time if time.year >= MIN_CLIENT_YEAR else None
