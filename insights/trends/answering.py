"""The answer to a TrendsQuery."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils import timezone

from hogql import ast
from hogql.kinds import Run
from insights.breakdowns import ALL_USERS, NULL, OTHER, Breakdowns, Histograms
from insights.dates import DateRange
from insights.measuring import TIMESTAMP, Asking
from insights.trends.formulas import Formula
from insights.trends.query import Series, TrendsQuery, read_query
from insights.trends.values import Numbers, Value, numbers_of
from projects.models import Project


def answer(project: Project, query: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """Rows of numbers, one for each series or formula, breakdown value and period.

    Raises ValidationError for what can't be asked.
    """
    asking = Asking(project, run)
    asked = read_query(asking, query)
    breakdowns = with_edges(asking, asked)
    periods = [Period(asking, asked, breakdowns, asked.range, "current")]
    if asked.previous:
        periods.append(Period(asking, asked, breakdowns, asked.previous, "previous"))
    rows = [row for period in periods for row in period.rows()]
    has_more = any(is_other(row.get("breakdown_value")) for row in rows)
    if breakdowns.hides_other:
        rows = [row for row in rows if not is_other(row.get("breakdown_value"))]
    return asking.answer(rows, hasMore=has_more, resolved_date_range=asked.range.resolved())


def check(project: Project, query: Mapping[str, Any]) -> None:
    """Raise ValidationError unless the query can be asked."""
    read_query(Asking(project, Run(now=timezone.now()), only_checks=True), query)


def with_edges(asking: Asking, query: TrendsQuery) -> Breakdowns:
    fields = query.fields
    where = [
        *query.range.contains(TIMESTAMP),
        *asking.filters(fields["properties"], fields["filterTestAccounts"]),
    ]
    if query.series:
        where.append(ast.Or([series.entity.condition(asking) for series in query.series]))
    return Histograms(asking, where).with_edges(query.breakdowns)


@dataclass(frozen=True)
class Period:
    """The rows of one of the periods that are compared."""

    asking: Asking
    query: TrendsQuery
    breakdowns: Breakdowns
    range: DateRange
    label: str

    def rows(self) -> list[dict[str, Any]]:
        lines = [
            numbers_of(self.asking, self.query, series, self.range, self.breakdowns)
            for series in self.query.series
        ]
        if not self.query.formulas:
            return [
                self.row(series, numbers)
                for series, found in zip(self.query.series, lines, strict=True)
                for numbers in self.ordered(found)
            ]
        return [
            self.formula_row(formula, numbers)
            for formula in self.query.formulas
            for numbers in self.ordered(calculated(formula, lines, bool(self.breakdowns)))
        ]

    def ordered(self, lines: Iterable[Numbers]) -> list[Numbers]:
        """Largest first; then without a value, and all others."""
        if self.breakdowns.cohorts:
            order = {str(id): place for place, id in enumerate(self.breakdowns.cohorts)}
            return sorted(lines, key=lambda line: order[line.value])

        def key(line: Numbers) -> tuple:
            return (place_of(line.value), -self.count(line), line.value or "")

        return sorted(lines, key=key)

    def count(self, line: Numbers) -> float:
        return line.data[-1] if self.query.is_cumulative and line.data else sum(line.data)

    def row(self, series: Series, line: Numbers) -> dict[str, Any]:
        label = series.entity.label
        if self.breakdowns:
            value = self.shown(line.value)
            label = f"{label} - {value}" if len(self.query.series) > 1 else value
        return {
            **self.numbers(line),
            "label": label,
            "action": self.action(series),
            **self.about(line.value),
        }

    def formula_row(self, formula: Formula, line: Numbers) -> dict[str, Any]:
        numbers = self.numbers(line)
        if self.query.is_total:
            numbers["data"] = None
        return {**numbers, "label": formula.label, "action": None, **self.about(line.value)}

    def numbers(self, line: Numbers) -> dict[str, Any]:
        if self.query.is_total:
            return {"data": [], "days": [], "count": 0, "aggregated_value": line.data[0]}
        return {
            "data": line.data,
            "labels": self.range.labels,
            "days": self.range.days,
            "count": float(self.count(line)),
        }

    def about(self, value: Value) -> dict[str, Any]:
        found: dict[str, Any] = {"filter": self.filter}
        if self.query.previous:
            found |= {"compare": True, "compare_label": self.label}
        if self.breakdowns.cohorts:
            found["breakdown_value"] = "all" if value == str(ALL_USERS) else int(value)
        elif self.breakdowns:
            found["breakdown_value"] = value
        return found

    def shown(self, value: Value) -> str:
        if self.breakdowns.cohorts:
            return self.breakdowns.cohort_name(value)
        return "::".join(value) if isinstance(value, list) else value

    def action(self, series: Series) -> dict[str, Any]:
        return {
            "days": self.query.range.days,
            "id": series.entity.name,
            "type": "events",
            "order": series.order,
            "name": series.entity.label,
            "custom_name": series.entity.custom_name,
            "math": series.math,
            "math_property": series.math_property,
            "math_hogql": series.math_hogql,
            "math_group_type_index": series.math_group_type_index,
            "properties": {},
        }

    @cached_property
    def filter(self) -> dict[str, Any]:
        """The query in the words of former times."""
        asked = self.query.asked
        found = {
            "insight": "TRENDS",
            "properties": asked.get("properties"),
            "filter_test_accounts": self.query.fields["filterTestAccounts"],
            **self.query.range.resolved(),
            "entity_type": "events",
            "sampling_factor": asked.get("samplingFactor"),
            "aggregation_group_type_index": self.query.group_type_index,
            "interval": self.query.fields["interval"],
            **(asked.get("trendsFilter") or {}),
            **(asked.get("breakdownFilter") or {}),
        }
        return {name: value for name, value in found.items() if value is not None}


def calculated(
    formula: Formula, lines: Sequence[Sequence[Numbers]], by_value: bool
) -> list[Numbers]:
    """The formula over the series' lines of the same breakdown value, 0 where one has none."""
    if not lines:
        return []
    if not by_value:
        return [Numbers(None, over(formula, [found.data for (found,) in lines]))]
    known = [{key_of(line.value): line for line in found} for found in lines]
    every = {key: line for found in known for key, line in found.items()}
    results = []
    for key, some in every.items():
        nothing = Numbers(some.value, [0] * len(some.data))
        data = [found.get(key, nothing).data for found in known]
        results.append(Numbers(some.value, over(formula, data)))
    return results


def over(formula: Formula, data: Sequence[Sequence[float]]) -> list[float]:
    return [formula.of(values) for values in zip(*data, strict=True)]


def key_of(value: Value) -> Any:
    return tuple(value) if isinstance(value, list) else value


def place_of(value: Value) -> int:
    parts = value if isinstance(value, list) else [value]
    if all(part == OTHER for part in parts):
        return 2
    return 1 if all(part == NULL for part in parts) else 0


def is_other(value: Any) -> bool:
    return value is not None and place_of(value) == 2
