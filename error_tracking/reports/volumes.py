"""How often issues happened, over time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from error_tracking.reports.scope import Scope, moment

MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Bucket:
    start: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Buckets:
    """A stretch of time in so many equal parts."""

    start: datetime
    width: timedelta
    count: int

    @property
    def volume(self) -> str:
        """In HogQL, the number of each bucket that anything happened in, and how often it did."""
        since = f"toUnixTimestamp64Milli(timestamp) - {int(self.start.timestamp() * 1000)}"
        width = max(int(self.width / MILLISECOND), 1)
        return f"sumMap([least(intDiv({since}, {width}), {self.count - 1})], [1])"

    def filled(self, volume: tuple[list, list] = ((), ())) -> list[Bucket]:
        """All of them, with what the store has answered."""
        counts = [0] * self.count
        for number, times in zip(*volume, strict=True):
            counts[max(int(number), 0)] += times
        return [
            Bucket(self.start + number * self.width, times) for number, times in enumerate(counts)
        ]


def buckets_of(scope: Scope, count: int) -> Buckets:
    """The scope's time; one without a start begins with its first exception."""
    start, end = scope.bounds()
    if start is None:
        start = first_of(scope) or end
    return Buckets(start, max((end - start) / count, MILLISECOND), count)


def first_of(scope: Scope) -> datetime | None:
    result = scope.run(f"SELECT count(), min(timestamp) FROM events WHERE {scope.where}")
    ((count, first),) = result.rows
    return moment(first) if count else None
