"""The time that a query is about, and the intervals it is cut into, in the project's timezone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from rest_framework.exceptions import ValidationError

from hogql import ast
from hogql.answers import time_text
from posthog_clone.api.times import (
    MICROSECOND,
    RELATIVE,
    add_months,
    end_of,
    go_back,
    parse_bound,
    start_of,
)
from projects.models import Project

DEFAULT_FROM = "-7d"
STEPS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
}
"""Of elapsed time; longer intervals are the calendar's."""
DAYS = {"day": 1, "week": 7}
MONTHS = {"month": 1, "quarter": 3, "year": 12}
INTERVALS = (*STEPS, *DAYS, *MONTHS)
UNITS = {
    **{"second": "s", "minute": "M", "hour": "h", "day": "d", "week": "w", "month": "m"},
    **{"quarter": "q", "year": "y"},
}
MAX_POINTS = 25_000
DATE_LENGTH = len("2024-01-31")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class DateRange:
    """From `start` to `end`, both within it, cut by `interval`."""

    start: datetime
    end: datetime
    zone: ZoneInfo
    interval: str = "day"
    week_start_day: int = 0
    is_explicit: bool = False
    """The bounds are meant to the letter."""

    @cached_property
    def points(self) -> list[datetime]:
        """When each interval starts. Raises ValidationError when there are too many."""
        first = start_of(
            self.start.astimezone(self.zone), UNITS[self.interval], self.week_start_day
        )
        found: list[datetime] = []
        while (point := moved(first, self.interval, len(found))) <= self.end:
            found.append(point)
            if len(found) > MAX_POINTS:
                raise ValidationError(
                    {
                        "interval": f"The date range has more than {MAX_POINTS} intervals of one "
                        f"{self.interval}. Choose a longer interval or a shorter range."
                    }
                )
        return found

    def index(self, moment: ast.Expr) -> ast.Expr:
        """Which of the points the moment belongs to, as a number from 0."""
        first = self.points[0]
        if self.interval in STEPS:
            since = micros(first)
            step = STEPS[self.interval] // MICROSECOND
            return call("intDiv", minus(call("toUnixTimestamp64Micro", moment), since), step)
        if self.interval in DAYS:
            days = minus(call("toRelativeDayNum", moment), (first.date() - date(1970, 1, 1)).days)
            return days if self.interval == "day" else call("intDiv", days, DAYS[self.interval])
        months = minus(call("toRelativeMonthNum", moment), first.year * 12 + first.month)
        return months if self.interval == "month" else call("intDiv", months, MONTHS[self.interval])

    def contains(self, moment: ast.Expr) -> list[ast.Expr]:
        return [
            ast.Compare(">=", moment, ast.Constant(self.start)),
            ast.Compare("<=", moment, ast.Constant(self.end)),
        ]

    @property
    def days(self) -> list[str]:
        """The points as clients compare them."""
        return [self.local_text(point) for point in self.points]

    def local_text(self, moment: datetime) -> str:
        return moment.strftime("%Y-%m-%d %H:%M:%S" if self.interval in STEPS else "%Y-%m-%d")

    @property
    def labels(self) -> list[str]:
        """The points as people read them."""
        return [label(point, self.interval) for point in self.points]

    def resolved(self) -> dict[str, str]:
        return {
            "date_from": time_text(self.start, self.zone),
            "date_to": time_text(self.end, self.zone),
        }

    def previous(self) -> "DateRange":
        """The range of the same length right before."""
        if self.is_explicit:
            length = self.end - self.start + MICROSECOND
            return replace(self, start=self.start - length, end=self.end - length)
        count = -len(self.points)
        return self.shifted(lambda moment: moved(moment, self.interval, count))

    def ago(self, text: str) -> "DateRange":
        """The range moved back by a time such as `-1w`. Raises ValidationError."""
        match = RELATIVE.fullmatch(text)
        if not match or not match["number"] or match["edge"]:
            raise ValidationError(
                {"compare_to": f"{text[:100]!r} is not a time to go back by, such as -1w or -30d."}
            )
        number, unit = int(match["number"]), match["unit"]
        return self.shifted(lambda moment: go_back(moment, number, unit))

    def shifted(self, move: Callable[[datetime], datetime]) -> "DateRange":
        try:
            start, end = (
                move(moment.astimezone(self.zone)).astimezone(UTC)
                for moment in (self.start, self.end)
            )
        except OverflowError:
            raise ValidationError(
                {"compareFilter": "There is no time that long ago to compare with."}
            ) from None
        return replace(self, start=start, end=end)


def moved(moment: datetime, interval: str, count: int) -> datetime:
    """`count` intervals later: of elapsed time up to hours, else at the same local time."""
    if interval in STEPS:
        return (moment.astimezone(UTC) + count * STEPS[interval]).astimezone(moment.tzinfo)
    if interval in DAYS:
        return moment + timedelta(days=count * DAYS[interval])
    return add_months(moment, count * MONTHS[interval])


def label(point: datetime, interval: str) -> str:
    if interval not in STEPS:
        return f"{point.day}-{point:%b-%Y}"
    return (
        f"{point.day}-{point:%b} {point:%H:%M:%S}"
        if interval == "second"
        else (f"{point.day}-{point:%b} {point:%H:%M}")
    )


def read_date_range(
    project: Project,
    asked: Mapping[str, Any],
    *,
    now: datetime,
    earliest: Callable[[], datetime | None],
    interval: str = "day",
    is_total: bool = False,
) -> DateRange:
    """The range that a query's `dateRange` means.

    `earliest` tells the time of the first event, for `all`. `is_total`: the answer is one number,
    so that hours count as asked for and not from the start of their day. Raises ValidationError.
    """
    zone, week_start_day = ZoneInfo(project.timezone), project.week_start_day or 0
    bounds = Bounds(zone, week_start_day, now, interval, is_total)
    is_explicit = bool(asked.get("explicitDate"))
    start = bounds.start(asked.get("date_from") or DEFAULT_FROM, is_explicit, earliest)
    end = bounds.end(asked.get("date_to"), is_explicit)
    if start > end:
        raise ValidationError(
            {
                "dateRange": f"The range ends ({time_text(end, zone)}) before it starts "
                f"({time_text(start, zone)})."
            }
        )
    return DateRange(start, end, zone, interval, week_start_day, is_explicit)


def last_intervals(
    project: Project, asked: Mapping[str, Any], *, now: datetime, interval: str, count: int
) -> DateRange:
    """So many intervals, the last of which is the one that a query's `date_to` is in."""
    zone, week_start_day = ZoneInfo(project.timezone), project.week_start_day or 0
    is_explicit = bool(asked.get("explicitDate"))
    bounds = Bounds(zone, week_start_day, now, interval, is_total=False)
    end = bounds.end(asked.get("date_to"), is_explicit)
    last = start_of(end.astimezone(zone), UNITS[interval], week_start_day)
    start = moved(last, interval, 1 - count).astimezone(UTC)
    return DateRange(start, end, zone, interval, week_start_day, is_explicit)


@dataclass(frozen=True, slots=True)
class Bounds:
    zone: ZoneInfo
    week_start_day: int
    now: datetime
    interval: str
    is_total: bool

    def start(
        self, text: str, is_explicit: bool, earliest: Callable[[], datetime | None]
    ) -> datetime:
        moment = (
            self.parse(text, "date_from") or earliest() or self.parse(DEFAULT_FROM, "date_from")
        )
        if is_explicit:
            return moment
        local = moment.astimezone(self.zone)
        match = RELATIVE.fullmatch(text.strip())
        unit = UNITS[self.interval]
        if match and not match["edge"]:
            if match["unit"] in "dwmqy":
                local = start_of(local, "d")
            elif self.is_total:
                unit = match["unit"]
        return start_of(local, unit, self.week_start_day).astimezone(UTC)

    def end(self, text: str | None, is_explicit: bool) -> datetime:
        moment = (self.parse(text, "date_to") if text else None) or self.now
        if is_explicit:
            return moment
        local = moment.astimezone(self.zone)
        is_relative = not text or text.strip() == "all" or RELATIVE.fullmatch(text.strip())
        if self.interval not in STEPS or len(text or "") == DATE_LENGTH:
            local = datetime.combine(local, time.max, self.zone)
        elif is_relative:
            local = end_of(local, UNITS[self.interval])
        return local.astimezone(UTC)

    def parse(self, text: str, name: str) -> datetime | None:
        return parse_bound(text, self.zone, self.now, week_start_day=self.week_start_day, attr=name)


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def call(name: str, *args: ast.Expr | int) -> ast.Expr:
    return ast.Call(name, [as_node(arg) for arg in args])


def minus(left: ast.Expr, right: int) -> ast.Expr:
    return ast.Arithmetic("-", left, ast.Constant(right))


def as_node(value: ast.Expr | int) -> ast.Expr:
    return value if isinstance(value, ast.Node) else ast.Constant(value)
