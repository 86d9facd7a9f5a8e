"""What an alert asks of its insight: how its query counts as a number over time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import ValidationError

from hogql import kinds

TRENDS, HOGQL = "TrendsQuery", "HogQLQuery"
KINDS = (TRENDS, HOGQL)
# Shows of a trend that are one number, or one per breakdown, instead of a series.
TOTALS = {"BoldNumber", "ActionsPie", "ActionsBarValue", "ActionsTable", "WorldMap"}
CUMULATIVE = "ActionsLineGraphCumulative"
UNITS = {
    "second": "s",
    "minute": "M",
    "hour": "h",
    "day": "d",
    "week": "w",
    "month": "m",
    "quarter": "q",
    "year": "y",
}


@dataclass(frozen=True)
class Question:
    """A query that alerts can be on, unwrapped."""

    query: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return self.query["kind"]

    @property
    def is_trend(self) -> bool:
        return self.kind == TRENDS

    @property
    def is_over_time(self) -> bool:
        return self.is_trend and self.part("trendsFilter").get("display") not in TOTALS

    @property
    def has_breakdown(self) -> bool:
        wanted = self.part("breakdownFilter")
        return bool(wanted.get("breakdown") or wanted.get("breakdowns"))

    @property
    def interval(self) -> str:
        """The word for a step of the series."""
        if not self.is_over_time:
            return "interval"
        interval = self.query.get("interval")
        return interval if interval in UNITS else "day"

    @property
    def results(self) -> int:
        """How many numbers or series it gives, breakdowns aside."""
        if not self.is_trend:
            return 1
        trend = self.part("trendsFilter")
        formulas = trend.get("formulaNodes") or trend.get("formulas")
        if isinstance(formulas, list) and formulas:
            return len(formulas)
        if trend.get("formula"):
            return 1
        series = self.query.get("series")
        return len(series) if isinstance(series, list) else 0

    def part(self, name: str) -> Mapping[str, Any]:
        value = self.query.get(name)
        return value if isinstance(value, Mapping) else {}

    def since(self, steps: int) -> dict[str, Any]:
        """The query over the running interval and `steps` before it.

        What is a total, or adds up from the start, keeps the insight's own range. Comparisons with
        another time would only be in the way.
        """
        query = {name: value for name, value in self.query.items() if name != "compareFilter"}
        trend = self.part("trendsFilter")
        if not self.is_over_time or trend.get("display") == CUMULATIVE:
            return query
        smoothed = trend.get("smoothingIntervals")
        if isinstance(smoothed, int) and smoothed > 1:
            steps += smoothed - 1
        return {**query, "dateRange": {"date_from": f"-{steps}{UNITS[self.interval]}"}}


def question_of(query: Any) -> Question | None:
    """None when alerts can't be on such a query."""
    try:
        source = kinds.unwrapped(query)
    except ValidationError:
        return None
    return Question(source) if source["kind"] in KINDS else None
