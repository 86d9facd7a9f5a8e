"""Answers of queries as tables: what exports write and what people are told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Table:
    columns: list[str] | None
    """None when the rows are objects, each with keys of its own."""
    rows: Iterable[list | dict]


def table_of(answer: Mapping[str, Any]) -> Table:
    """The results of a query of any kind."""
    results = answer.get("results")
    if not isinstance(results, list):
        return Table(None, [results] if results else [])
    if isinstance(columns := answer.get("columns"), list) and all_are(list, results):
        return Table([str(column) for column in columns], results)
    if all_are(list, results):  # a funnel of each breakdown value
        results = [step for steps in results for step in steps]
    if not results or not all_are(dict, results):
        return Table(None, [row if isinstance(row, dict) else {"value": row} for row in results])
    first = results[0]
    if isinstance(first.get("values"), list):
        return cohorts(results)
    if "data" in first:
        return series(results)
    if "average_conversion_time" in first:
        return funnel_steps(results)
    return Table(None, results)


def all_are(kind: type, values: list) -> bool:
    return bool(values) and all(isinstance(value, kind) for value in values)


def series(results: list[dict]) -> Table:
    """A row for each series: its points, or the one number it comes to."""
    days = max((row.get("days") or row.get("labels") or [] for row in results), key=len)
    if not any(row.get("data") for row in results):
        return Table(
            ["series", "value"], [[name_of(r), r.get("aggregated_value")] for r in results]
        )
    return Table(["series", *days], [[name_of(row), *(row.get("data") or [])] for row in results])


def name_of(row: dict) -> str:
    """The series' label, and which of two times it is about when they are compared. Lines of a
    funnel over time have none but their breakdown value."""
    label = str(row.get("label") or breakdown_text(row.get("breakdown_value", "conversion")))
    return f"{label} ({row['compare_label']})" if row.get("compare_label") else label


def funnel_steps(results: list[dict]) -> Table:
    columns = ["step", "event", "count", "average_conversion_time", "median_conversion_time"]
    broken_down = any(row.get("breakdown_value") is not None for row in results)
    rows = [
        [
            row.get("order", 0) + 1,
            row.get("custom_name") or row.get("name"),
            row.get("count"),
            row.get("average_conversion_time"),
            row.get("median_conversion_time"),
            *([breakdown_text(row.get("breakdown_value"))] if broken_down else []),
        ]
        for row in results
    ]
    return Table([*columns, *(["breakdown"] if broken_down else [])], rows)


def breakdown_text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def cohorts(results: list[dict]) -> Table:
    """A row for each day (week, month) people came first: how many came back, period by period."""
    periods = max(len(row["values"]) for row in results)
    rows = []
    for row in results:
        counts = [
            value.get("count") if isinstance(value, dict) else value for value in row["values"]
        ]
        name = row.get("date") or row.get("label")
        rows.append([name, *counts, *[None] * (periods - len(counts))])
    return Table(["cohort", *(f"period {n}" for n in range(periods))], rows)
