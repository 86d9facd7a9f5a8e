"""Conversion over time: of those who entered a funnel in each interval, how many got on, in
percent."""

from collections.abc import Sequence
from typing import Any

from hogql import ast
from insights.breakdowns import ALL_USERS
from insights.funnels.paths import paths
from insights.funnels.query import FunnelsQuery
from insights.measuring import Asking, expr, grouped, names, select

OTHER = "Other"


def trends(asking: Asking, query: FunnelsQuery) -> list[dict[str, Any]]:
    """A line for each value of the breakdown, those that most entered with first."""
    rows = asking.rows(lines(query, rates(query, paths(asking, query))))
    if not query.breakdowns:
        return [line(query, rows[0] if rows else ["", 0, [[], []], [[], []]])]
    rows.sort(key=lambda row: (OTHER in row[0], -row[1], row[0]))
    return [line(query, row) | shown_value(query, row[0]) for row in rows]


def line(query: FunnelsQuery, row: Sequence[Any]) -> dict[str, Any]:
    _, _, entered, made = row
    entered_at, made_at = (dict(zip(*pairs, strict=True)) for pairs in (entered, made))
    points = range(len(query.range.points))
    return {
        "count": len(points),
        "data": [rate(made_at.get(point, 0), entered_at.get(point, 0)) for point in points],
        "days": query.range.days,
        "labels": query.range.labels,
    }


def rate(made: int, entered: int) -> float:
    return round(100 * made / entered, 2) if entered else 0.0


def rates(query: FunnelsQuery, source: ast.SelectQuery) -> ast.SelectQuery:
    """How many entered at each point, and how many of them got on."""
    start, end = (expr("countIf(length(times) > {step})", step=ast.Constant(n)) for n in query.span)
    shown = expr("if(empty(value), {none}, value)", none=repeated(query, ""))
    columns = {"shown": shown, "point": expr("point"), "entered": start, "made": end}
    return grouped(columns, source=source, by=["shown", "point"])


def lines(query: FunnelsQuery, source: ast.SelectQuery) -> ast.SelectQuery:
    """A row for each value, the smallest ones together."""
    values = select(
        """
        SELECT shown, groupArray(point) AS points, groupArray(entered) AS entrants,
            groupArray(made) AS makers, sum(entered) AS size
        FROM {source} GROUP BY shown
        """,
        source=source,
    )
    place = expr("row_number() OVER (ORDER BY size DESC, shown ASC)")
    known = names(["shown", "points", "entrants", "makers", "size"])
    name = expr(
        "if(place <= {most}, shown, {other})",
        most=ast.Constant(query.breakdowns.limit),
        other=repeated(query, OTHER),
    )
    columns = {
        "name": name,
        "total": expr("sum(size)"),
        "entered": expr("sumMap(points, entrants)"),
        "made": expr("sumMap(points, makers)"),
    }
    return grouped(columns, source=grouped({**known, "place": place}, source=values), by=["name"])


def repeated(query: FunnelsQuery, text: str) -> ast.Expr:
    """As the value of each of the breakdown's parts."""
    return ast.Array([ast.Constant(text)] * (len(query.breakdowns.parts) or 1))


def shown_value(query: FunnelsQuery, value: list[str]) -> dict[str, Any]:
    if query.breakdowns.cohorts:
        (name,) = value
        shown = "all" if name == str(ALL_USERS) else int(name)
        return {
            "breakdown": query.breakdowns.cohort_name(name),
            "breakdown_value": shown,
        }
    shown = value if query.breakdowns.is_multiple else value[0]
    return {"breakdown": shown, "breakdown_value": shown}
