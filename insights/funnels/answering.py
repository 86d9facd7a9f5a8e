"""The answer to a FunnelsQuery."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils import timezone

from hogql import ast
from hogql.kinds import Run
from insights.breakdowns import Histograms
from insights.entities import Entity
from insights.funnels.paths import paths
from insights.funnels.query import MAX_BIN_COUNT, FunnelsQuery, read_query
from insights.funnels.trends import OTHER, repeated, shown_value, trends
from insights.measuring import TIMESTAMP, Asking, expr, grouped, names
from projects.models import Project

MAX_AUTOMATIC_BINS = 60
EMPTY_BIN_SECONDS = 60
MICROSECONDS = 1_000_000


def answer(project: Project, query: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """A list of steps; with a breakdown a list of such lists; or how long conversion takes.

    Raises ValidationError for what can't be asked.
    """
    asking = Asking(project, run)
    asked = read_query(asking, query)
    if asked.is_time_to_convert:
        results = time_to_convert(asking, asked)
    elif asked.is_trend:
        results = trends(asking, with_edges(asking, asked))
    else:
        results = steps(asking, with_edges(asking, asked))
    return asking.answer(results, resolved_date_range=asked.range.resolved())


def check(project: Project, query: Mapping[str, Any]) -> None:
    """Raise ValidationError unless the query can be asked."""
    read_query(Asking(project, Run(now=timezone.now()), only_checks=True), query)


def with_edges(asking: Asking, query: FunnelsQuery) -> FunnelsQuery:
    histograms = Histograms(asking, query.range.contains(TIMESTAMP))
    return replace(query, breakdowns=histograms.with_edges(query.breakdowns))


def steps(asking: Asking, query: FunnelsQuery) -> list:
    if not query.breakdowns:
        (row,) = asking.rows(measured(query, paths(asking, query)))
        return step_rows(query, row)
    rows = asking.rows(by_value(query, paths(asking, query)))
    rows.sort(key=lambda row: place_of(query, row))
    return [step_rows(query, row, shown_value(query, row[0])) for row in rows]


def place_of(query: FunnelsQuery, row: Sequence[Any]) -> tuple:
    """Those with most who made the last step first, the small ones last."""
    value, *numbers = row
    counts = numbers[: len(query.steps)]
    return (OTHER in value, [-count for count in reversed(counts)], value)


def step_rows(
    query: FunnelsQuery, row: Sequence[Any], about: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The steps, of a row of `name`, counts, and mean and median of each step but the first."""
    last = len(query.steps)
    counts, times = row[1 : last + 1], [None, None, *row[last + 1 :]]
    return [
        {
            **step_row(step, order),
            "count": counts[order],
            "average_conversion_time": times[2 * order],
            "median_conversion_time": times[2 * order + 1],
            **(about or {}),
        }
        for order, step in enumerate(query.steps)
    ]


def step_row(step: Entity, order: int) -> dict[str, Any]:
    return {
        "action_id": step.action.id if step.action else step.event,
        "name": step.label,
        "custom_name": step.custom_name,
        "order": order,
        "people": [],
        "type": "actions" if step.action else "events",
    }


def time_to_convert(asking: Asking, query: FunnelsQuery) -> dict[str, Any]:
    """How many took how long from a step to a later one, in bins of equal width."""
    start, end = query.span
    took = expr(
        "groupArrayIf({took}, {made})", took=seconds(start + 1, end + 1), made=reaches(end + 1)
    )
    ((times,),) = asking.rows(grouped({"times": took}, source=paths(asking, query)))
    return {
        "bins": bins(times, query.shown.get("binCount")),
        "average_conversion_time": sum(times) / len(times) if times else None,
    }


def bins(times: Sequence[float], count: int | None) -> list[list[int]]:
    """`[from second, how many]`; without a count, as many as suit the number of times."""
    if not times:
        return []
    if count is None:
        count = min(MAX_AUTOMATIC_BINS, math.ceil(len(times) ** (1 / 3)))
    count = max(1, min(MAX_BIN_COUNT, count))
    least, most = math.floor(min(times)), math.ceil(max(times))
    width = math.ceil((most - least) / count) or EMPTY_BIN_SECONDS
    found = [[least + index * width, 0] for index in range(count + 1)]
    for time in times:
        found[int((time - least) // width)][1] += 1
    return found


def measured(query: FunnelsQuery, source: ast.SelectQuery) -> ast.SelectQuery:
    """How many made each step, and the mean and median of the seconds from the one before."""
    numbers = range(1, len(query.steps) + 1)
    columns: dict[str, ast.Expr] = {"name": expr("''")}
    columns |= {f"made{number}": made(number) for number in numbers}
    for number in numbers[1:]:
        took, is_made = seconds(number - 1, number), reaches(number)
        columns[f"mean{number}"] = expr("avgIf({took}, {made})", took=took, made=is_made)
        columns[f"median{number}"] = expr(
            "quantileExactInclusiveIf(0.5)({took}, {made})", took=took, made=is_made
        )
    return grouped(columns, source=source)


def by_value(query: FunnelsQuery, source: ast.SelectQuery) -> ast.SelectQuery:
    """The same for each value of the breakdown, the smallest ones together."""
    numbers = range(1, len(query.steps) + 1)
    columns = {"shown": expr("if(empty(value), {none}, value)", none=repeated(query, ""))}
    columns |= {f"made{number}": made(number) for number in numbers}
    columns |= {
        f"took{number}": expr(
            "groupArrayIf({took}, {made})", took=seconds(number - 1, number), made=reaches(number)
        )
        for number in numbers[1:]
    }
    values = grouped(columns, source=source, by=["shown"])
    place = expr("row_number() OVER (ORDER BY made1 DESC, shown ASC)")
    ranked = grouped({**names(list(columns)), "place": place}, source=values)
    name = expr(
        "if(place <= {most}, shown, {other})",
        most=ast.Constant(query.breakdowns.limit),
        other=repeated(query, OTHER),
    )
    totals = {"name": name}
    totals |= {f"sum{number}": expr(f"sum(made{number})") for number in numbers}
    for number in numbers[1:]:
        totals[f"mean{number}"] = expr(f"avgArray(took{number})")
        totals[f"median{number}"] = expr(f"quantileExactInclusiveArray(0.5)(took{number})")
    return grouped(totals, source=ranked, by=["name"])


def made(number: int) -> ast.Expr:
    return expr("countIf({made})", made=reaches(number))


def reaches(number: int) -> ast.Expr:
    return expr("length(times) >= {number}", number=ast.Constant(number))


def seconds(start: int, end: int) -> ast.Expr:
    return expr(
        "(times[{later}] - times[{earlier}]) / {micros}",
        earlier=ast.Constant(start),
        later=ast.Constant(end),
        micros=ast.Constant(MICROSECONDS),
    )
