"""Time in equal steps, for counts over time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# As PostHog's: products/logs/backend/sparkline_query_runner.py
STEPS = [
    timedelta(seconds=seconds)
    for seconds in (1, 5, 10, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
]
UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Buckets:
    """The steps, on the clock's marks, that cover a range."""

    date_from: datetime
    date_to: datetime
    step: timedelta

    @classmethod
    def cover(cls, date_from: datetime, date_to: datetime, about: int) -> "Buckets":
        """About that many buckets, as close as the steps allow."""
        ideal = max(date_to - date_from, timedelta(seconds=1)) / about
        return cls(date_from, date_to, min(STEPS, key=lambda step: abs(step - ideal)))

    @property
    def seconds(self) -> int:
        return int(self.step.total_seconds())

    @property
    def interval(self) -> str:
        """The step in words: `5m`."""
        size, unit = next((size, unit) for size, unit in UNITS if self.seconds % size == 0)
        return f"{self.seconds // size}{unit}"

    def starts(self) -> list[datetime]:
        if self.date_to < self.date_from:
            return []
        start = self.date_from - (self.date_from - EPOCH) % self.step
        count = (self.date_to - start) // self.step + 1
        return [start + index * self.step for index in range(count)]
