"""What a question asks for, once it is understood."""

from dataclasses import dataclass, field
from typing import Any, Literal

Shape = Literal["trend", "funnel", "retention", "list"]
Interval = Literal["hour", "day", "week", "month"]


class NotUnderstood(Exception):
    """The question can't be answered; the message tells its author why, and what would help."""


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    scope: Literal["event", "person", "hogql"] = "event"
    """A `hogql` one is an expression."""


@dataclass(frozen=True, slots=True)
class Filter:
    property: Property
    operator: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Range:
    """A time range in both languages: of query objects and of HogQL."""

    date_from: str
    date_to: str | None
    sql_from: str | None
    """An expression; None has no bound. The start is included, the end is not."""
    sql_to: str | None
    days: float
    """About how long it is."""
    is_assumed: bool = False
    """Nobody asked for it."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What is counted of events."""

    math: str = "total"
    property: Property | None = None


@dataclass(frozen=True, slots=True)
class Event:
    name: str | None
    """None is any event."""
    filters: tuple[Filter, ...] = ()


@dataclass(slots=True)
class Question:
    shape: Shape
    events: list[Event] = field(default_factory=list)
    measure: Measure = field(default_factory=Measure)
    range: Range | None = None
    interval: Interval | None = None
    """None when none was named."""
    filters: list[Filter] = field(default_factory=list)
    breakdown: Property | None = None
    ranked: bool = False
    """The most frequent come first, and time doesn't matter."""
    limit: int | None = None
    is_number: bool = False
    """One number is the answer."""
    is_ratio: bool = False
    """The first event in relation to the second."""
    compare_to: str | None = None
    """`previous`, or how long ago: `-1w`."""
    window: tuple[int, str] | None = None
    """Of a funnel: how long a person may take, in units such as `day`."""
    order: Literal["ordered", "strict", "unordered"] = "ordered"
    funnel_view: Literal["steps", "trends", "time_to_convert"] = "steps"
    period: Literal["Hour", "Day", "Week", "Month"] = "Week"
    periods: int | None = None
    """Of retention: how many are looked at."""
    first_time: bool = False
    """Of retention: people count from the first time they ever did it."""
    oldest_first: bool = False
    """Of a list."""
