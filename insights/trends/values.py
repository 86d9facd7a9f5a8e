"""A series' numbers, for each value of its breakdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from rest_framework.exceptions import ValidationError

from hogql import ast
from insights.breakdowns import Breakdowns
from insights.dates import DateRange
from insights.measuring import Asking, expr, select
from insights.ranking import ranked
from insights.trends.maths import Counter, Counting
from insights.trends.query import Series, TrendsQuery

Value = str | list[str] | None


@dataclass(frozen=True, slots=True)
class Numbers:
    """One line of the graph."""

    value: Value
    """Of the breakdown; None without."""
    data: list[float]
    """At each point; of a total value, one number."""


def numbers_of(
    asking: Asking, query: TrendsQuery, series: Series, range_: DateRange, breakdowns: Breakdowns
) -> list[Numbers]:
    """In one query. Without a breakdown there is always one line."""
    counting = Counter(asking, query, series, range_, breakdowns).counting()
    count = 1 if query.is_total else len(range_.points)
    if not breakdowns:
        (row,) = asking.rows(
            select(
                "SELECT groupArray(point) AS points, groupArray(total) AS totals FROM {counted}",
                counted=counting.tree,
            )
        )
        return [Numbers(None, finished(filled(row, count, counting), query, series))]
    rows = asking.rows(ranked(counting.tree, breakdowns, weight_of(counting, count)))
    return [
        Numbers(value, finished(filled(data, count, counting), query, series))
        for value, data in rows
    ]


def weight_of(counting: Counting, count: int) -> ast.Expr:
    """How often a total counts: a change does from its point to the last."""
    if not counting.is_running:
        return ast.Constant(1)
    return expr(
        "greatest(0, {points} - greatest(point, {first}))",
        points=ast.Constant(counting.first + count),
        first=ast.Constant(counting.first),
    )


def filled(row: Sequence[Sequence[Any]], count: int, counting: Counting) -> list[float]:
    """A number for every point."""
    data: list[float] = [0] * (counting.first + count)
    for point, total in zip(*row, strict=True):
        if not isinstance(total, int | float) or isinstance(total, bool):
            raise ValidationError({"math_hogql": "The expression has to give a number."})
        if 0 <= point < len(data):
            data[point] = total
    if counting.is_running:
        data = list(accumulate(data))
    return data[counting.first :]


def finished(data: list[float], query: TrendsQuery, series: Series) -> list[float]:
    if series.multiplier is not None:
        data = [number * series.multiplier for number in data]
    if query.smoothing > 1 and not query.is_total:
        data = smoothed(data, query.smoothing)
    return list(accumulate(data)) if query.is_cumulative else data


def smoothed(data: list[float], length: int) -> list[float]:
    """The mean of each point and those before it, `length` at most, rounded down."""
    sums = [0, *accumulate(data)]
    found = []
    for end in range(1, len(sums)):
        start = max(0, end - length)
        found.append((sums[end] - sums[start]) // (end - start))
    return found
