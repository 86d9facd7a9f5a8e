"""The lines of a breakdown's largest values, and the sum of all others."""

from hogql import ast
from insights.breakdowns import Breakdowns
from insights.measuring import expr, select


def ranked(
    counted: ast.SelectQuery, breakdowns: Breakdowns, weight: ast.Expr | None = None
) -> ast.SelectQuery:
    """A row for each value shown: it, and the points and totals of its line.

    `counted` has the breakdown's columns, `point` and `total`. The largest are those with the
    largest sum of totals, each times its `weight`.
    """
    return select(
        """
        SELECT if(position <= {most} OR value = {nothing}, value, {other}) AS name,
            sumMap(points, totals) AS data
        FROM (
            SELECT value, points, totals,
                row_number() OVER (ORDER BY value = {nothing} ASC, size DESC, value ASC) AS position
            FROM (
                SELECT {value} AS value, groupArray(point) AS points, groupArray(total) AS totals,
                    sum(total * {weight}) AS size
                FROM {counted}
                GROUP BY value
            )
        )
        GROUP BY name
        """,
        most=ast.Constant(breakdowns.limit),
        nothing=constant(breakdowns.null),
        other=constant(breakdowns.other),
        value=value_of(breakdowns),
        weight=weight or ast.Constant(1),
        counted=counted,
    )


def value_of(breakdowns: Breakdowns) -> ast.Expr:
    found = [
        expr(
            "if({column} = '', {nothing}, {column})",
            column=ast.Field([column]),
            nothing=constant(breakdowns.null[0] if breakdowns.is_multiple else breakdowns.null),
        )
        for column in breakdowns.values()
    ]
    return ast.Array(found) if breakdowns.is_multiple else found[0]


def constant(value: str | list[str]) -> ast.Expr:
    if isinstance(value, list):
        return ast.Array([ast.Constant(item) for item in value])
    return ast.Constant(value)
