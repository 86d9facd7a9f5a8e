"""Spans of time cut into whole hours, days or weeks of a project's time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal

from posthog_clone.api.times import start_of

Interval = Literal["hour", "day", "week"]
HOUR = timedelta(hours=1)
# How ClickHouse finds the bucket of a row. Days and weeks go by their date, since in some zones
# some have no midnight; hours by how many went by since the start of the span, since in most zones
# one comes twice a year.
KEY = {
    "hour": "intDiv(toUnixTimestamp(timestamp) - {first_bucket:Int64}, 3600)",
    "day": "toDate(timestamp, {tz:String})",
    "week": "toMonday(timestamp, {tz:String})",
}


@dataclass(frozen=True, slots=True)
class Bucket:
    key: int | date
    """As `KEY` has it."""
    start: datetime
    """Local time."""


def cut(start: datetime, end: datetime, interval: Interval, tz: tzinfo) -> list[Bucket]:
    """The buckets from the one that `start` is in to the one that `end` is in."""
    if interval == "hour":
        return hours(start_of(start.astimezone(tz), "h").astimezone(UTC), end, tz)
    step = timedelta(days=7 if interval == "week" else 1)
    day, last = start.astimezone(tz).date(), end.astimezone(tz).date()
    if interval == "week":
        day -= timedelta(days=day.weekday())
    days = range((last - day) // step + 1)
    return [
        Bucket(key, datetime(key.year, key.month, key.day, tzinfo=tz))
        for key in (day + step * n for n in days)
    ]


def hours(first: datetime, end: datetime, tz: tzinfo) -> list[Bucket]:
    numbers = range((end - first) // HOUR + 1)
    return [Bucket(n, (first + HOUR * n).astimezone(tz)) for n in numbers]


def end_of(bucket: Bucket, interval: Interval) -> datetime:
    """Where the bucket ends, in UTC: it holds what is before."""
    if interval == "hour":
        return bucket.start.astimezone(UTC) + HOUR
    return (bucket.start + timedelta(days=7 if interval == "week" else 1)).astimezone(UTC)
