"""From the results of a query to a value, and whether it breaks the bounds."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alerts.configuration import ABSOLUTE_VALUE, DECREASE, INCREASE, PERCENTAGE, is_number
from alerts.questions import Question

LARGEST = 1.7976931348623157e308
"""Stands for infinity, which JSON has no number for."""
VERBS = {ABSOLUTE_VALUE: "is", INCREASE: "increased", DECREASE: "decreased"}


class CannotCompare(Exception):
    """The results hold no number; the message tells why."""


@dataclass(frozen=True)
class Evaluation:
    value: float | None
    breaches: list[str] = field(default_factory=list)

    @property
    def is_breach(self) -> bool:
        return bool(self.breaches)

    @property
    def stored_value(self) -> float | None:
        if self.value is None or math.isnan(self.value):
            return None
        return max(-LARGEST, min(self.value, LARGEST))


@dataclass(frozen=True)
class Comparison:
    """What an alert holds the results against."""

    question: Question
    condition: str
    threshold: Mapping[str, Any]
    config: Mapping[str, Any]

    @property
    def bounds(self) -> Mapping[str, float | None]:
        return self.threshold.get("bounds") or {}

    @property
    def has_bounds(self) -> bool:
        return any(bound is not None for bound in self.bounds.values())

    @property
    def is_ongoing(self) -> bool:
        """Whether the running interval is the one that counts."""
        return bool(self.config.get("check_ongoing_interval")) and self.condition != DECREASE

    @property
    def steps(self) -> int:
        """How many intervals before the running one are needed."""
        return 2 if self.condition == ABSOLUTE_VALUE else 3


def evaluate(comparison: Comparison, results: Any) -> Evaluation:
    """Raises CannotCompare."""
    if not comparison.has_bounds:
        return Evaluation(0.0)
    if not comparison.question.is_trend:
        value = only_number(results)
        return Evaluation(value, breaches(comparison, value, "the SQL insight"))
    rows = [row for row in results or [] if row.get("compare_label") != "previous"]
    if not rows:
        return Evaluation(0.0, breaches(comparison, 0.0, "no results"))
    if comparison.question.has_breakdown:
        return first_breach(comparison, rows)
    index = comparison.config.get("series_index", 0)
    if index >= len(rows):
        raise CannotCompare(f"The query gave {len(rows)} series; series_index {index} is not one.")
    return evaluate_row(comparison, rows[index])


def first_breach(comparison: Comparison, rows: Sequence[Mapping[str, Any]]) -> Evaluation:
    """Of a breakdown every value is held against the bounds."""
    for row in rows:
        evaluation = evaluate_row(comparison, row)
        if evaluation.is_breach:
            return evaluation
    return Evaluation(None)


def evaluate_row(comparison: Comparison, row: Mapping[str, Any]) -> Evaluation:
    value = value_of(comparison, row)
    return Evaluation(value, breaches(comparison, value, str(row.get("label") or "series")))


def value_of(comparison: Comparison, row: Mapping[str, Any]) -> float:
    if not comparison.question.is_over_time:
        return as_number(row.get("aggregated_value"))
    data = row.get("data") or []
    last = 1 if comparison.is_ongoing else 2
    newer, older = point(data, last), point(data, last + 1)
    if comparison.condition == ABSOLUTE_VALUE:
        return newer
    change = newer - older if comparison.condition == INCREASE else older - newer
    if comparison.threshold["type"] == PERCENTAGE:
        return share(change, older)
    return change


def point(data: Sequence[Any], from_end: int) -> float:
    return as_number(data[-from_end]) if len(data) >= from_end else 0.0


def as_number(value: Any) -> float:
    return value if is_number(value) else 0.0


def share(change: float, of: float) -> float:
    """As a fraction; whatever comes from nothing is infinitely more."""
    if of == 0:
        return 0.0 if change == 0 else math.inf
    return change / of


def only_number(results: Any) -> float:
    """The one number of a HogQL query."""
    if not isinstance(results, list) or len(results) != 1:
        count = len(results) if isinstance(results, list) else 0
        raise CannotCompare(
            f"The query gave {count} rows. An alert needs one row with one number: aggregate, or "
            "add LIMIT 1."
        )
    row = results[0]
    if not isinstance(row, list | tuple) or len(row) != 1:
        count = len(row) if isinstance(row, list | tuple) else 0
        raise CannotCompare(f"The query gave {count} columns. An alert needs one, with a number.")
    if row[0] is None:
        return 0.0
    if not is_number(row[0]):
        raise CannotCompare(
            f"The query gave {str(row[0])[:100]!r}, which is no number: convert it with toFloat()."
        )
    return row[0]


def breaches(comparison: Comparison, value: float, label: str) -> list[str]:
    """A line for people if the value is out of bounds; equal to a bound is within."""
    lower, upper = comparison.bounds.get("lower"), comparison.bounds.get("upper")
    if lower is not None and value < lower:
        return [told(comparison, value, label, "less than lower threshold ({})", lower)]
    if upper is not None and value > upper:
        return [told(comparison, value, label, "more than upper threshold ({})", upper)]
    return []


def told(comparison: Comparison, value: float, label: str, relation: str, bound: float) -> str:
    is_share = comparison.threshold["type"] == PERCENTAGE
    shown: Callable[[float], str] = (lambda x: f"{x:.2%}") if is_share else str
    is_current = comparison.is_ongoing or not comparison.question.is_over_time
    when = "current" if is_current else "previous"
    return (
        f"The insight value ({label}) for {when} {comparison.question.interval} ({shown(value)}) "
        f"{VERBS[comparison.condition]} {relation.format(shown(float(bound)))}"
    )
