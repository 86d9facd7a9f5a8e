"""The answer to a RetentionQuery."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from hogql import ast
from hogql.answers import time_text
from hogql.kinds import Run
from insights.breakdowns import NULL, OTHER, Breakdowns, Histograms
from insights.measuring import TIMESTAMP, Asking, expr, grouped, names, select
from insights.ranking import ranked
from insights.retention.query import FIRST_EVER, RECURRING, RetentionQuery, read_query
from projects.models import Project


def answer(project: Project, query: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """A row for each interval: how many started in it, and came back in each one after.

    Raises ValidationError for what can't be asked.
    """
    asking = Asking(project, run)
    asked = read_query(asking, query)
    where = asked.whole_range.contains(TIMESTAMP)
    breakdowns = Histograms(asking, where).with_edges(asked.breakdowns)
    counter = Counter(asking, asked, breakdowns)
    return asking.answer(counter.results(), resolved_date_range=asked.range.resolved())


def check(project: Project, query: Mapping[str, Any]) -> None:
    """Raise ValidationError unless the query can be asked."""
    read_query(Asking(project, Run(now=timezone.now()), only_checks=True), query)


class Counter:
    """Counts the actors of each start and distance, in one query."""

    def __init__(self, asking: Asking, query: RetentionQuery, breakdowns: Breakdowns):
        self.asking = asking
        self.query = query
        self.breakdowns = breakdowns
        self.values = breakdowns.values()

    def results(self) -> list[dict[str, Any]]:
        if not self.breakdowns:
            (cells,) = self.asking.rows(
                select(
                    "SELECT groupArray(point), groupArray(total) FROM {cells}", cells=self.cells()
                )
            )
            return self.rows(dict(zip(*cells, strict=True)))
        lines = [
            (value, dict(zip(*cells, strict=True)))
            for value, cells in self.asking.rows(ranked(self.cells(), self.breakdowns))
        ]
        lines.sort(key=lambda line: self.place(*line))
        return [
            {**row, "breakdown_value": self.shown(value)}
            for value, cells in lines
            for row in self.rows(cells)
        ]

    def rows(self, cells: Mapping[int, int]) -> list[dict[str, Any]]:
        query = self.query
        period = query.asked["period"]
        return [
            {
                "values": [
                    {
                        "count": cells.get(index * query.intervals + distance, 0),
                        "label": f"{period} {distance}",
                    }
                    for distance in range(query.intervals)
                ],
                "label": f"{period} {index}",
                "date": time_text(point, query.range.zone),
            }
            for index, point in enumerate(query.range.points)
        ]

    def place(self, value: str | list[str], cells: Mapping[int, int]) -> tuple:
        """Largest first; then those without a value, and all others."""
        order = [self.breakdowns.null, self.breakdowns.other]
        return (order.index(value) if value in order else -1, -sum(cells.values()), value)

    def shown(self, value: str | list[str]) -> str:
        if self.breakdowns.cohorts:
            return self.breakdowns.cohort_name(value)
        if value in (self.breakdowns.null, self.breakdowns.other):
            return NULL if value == self.breakdowns.null else OTHER
        return "::".join(value) if isinstance(value, list) else value

    def cells(self) -> ast.SelectQuery:
        """Of how many actors: `point` is the start's number times that of intervals, plus the
        distance from it."""
        values = names(list(self.values))
        starts = grouped(
            {**values, "start": expr("arrayJoin(starts)"), "returns": expr("returns")},
            source=self.actors(),
        )
        point = expr(
            "arrayJoin(arrayMap(away -> start * {intervals} + away, {distances}))",
            intervals=ast.Constant(self.query.intervals),
            distances=self.distances(),
        )
        columns = {**values, "point": point, "total": expr("count()")}
        return grouped(columns, source=starts, by=[*values, "point"])

    def distances(self) -> ast.Expr:
        """How many intervals after the start somebody was there, 0 for the start itself."""
        returned = expr(
            "arrayFilter(away -> away > 0 AND away < {intervals},"
            " arrayMap(one -> one - start, returns))",
            intervals=ast.Constant(self.query.intervals),
        )
        if self.query.asked["cumulative"]:  # until the last return
            return expr("range(0, arrayMax(arrayPushBack({returned}, 0)) + 1)", returned=returned)
        return expr("arrayDistinct(arrayPushBack({returned}, 0))", returned=returned)

    def actors(self) -> ast.SelectQuery:
        """Actors with the numbers of the intervals they started in and came back in."""
        query, by = self.query, ["actor"]
        target = query.target.condition(self.asking)
        values = dict(self.values)
        if query.kind == RECURRING or self.breakdowns.cohorts:
            by += values
        else:
            values = {
                name: expr("argMinIf({value}, timestamp, {target})", value=value, target=target)
                for name, value in values.items()
            }
        starts = self.recurring_starts(target)
        if query.kind != RECURRING:
            starts = self.first_start(target)
        columns = {"actor": query.actor, **values, "starts": starts, "returns": self.returns()}
        return grouped(columns, where=self.where(target), by=by)

    def where(self, target: ast.Expr) -> list[ast.Expr]:
        fields, whole = self.query.fields, self.query.whole_range.contains(TIMESTAMP)
        targets = [target]
        if self.query.kind == FIRST_EVER:
            targets.append(ast.And([*self.query.target.is_it(self.asking), ast.Constant(True)]))
        where = [
            *(whole if self.query.kind == RECURRING else whole[1:]),
            ast.Or([*targets, self.query.returning.condition(self.asking)]),
            *self.asking.filters(fields["properties"], fields["filterTestAccounts"]),
        ]
        if self.query.actor != ast.Field(["person_id"]):
            where.append(expr("{actor} != ''", actor=self.query.actor))
        return where

    def recurring_starts(self, target: ast.Expr) -> ast.Expr:
        return expr(
            "groupUniqArrayIf({point}, {happened})",
            point=self.query.range.index(TIMESTAMP),
            happened=ast.And([*self.query.range.contains(TIMESTAMP), target]),
        )

    def first_start(self, target: ast.Expr) -> ast.Expr:
        """The interval of the first event, when it is one of the range's."""
        entity, is_met = self.query.target, ast.Constant(1)
        if self.query.kind == FIRST_EVER:
            target = ast.And([*entity.is_it(self.asking), ast.Constant(True)])
            met = ast.And([*entity.filters(self.asking), ast.Constant(True)])
            is_met = expr("argMinIf(if({met}, 1, 0), timestamp, {target})", met=met, target=target)
        first = expr("minIf(timestamp, {target})", target=target)
        return expr(
            "if(countIf({target}) > 0 AND {met} = 1 AND {in_range}, [{point}], emptyArrayInt64())",
            target=target,
            met=is_met,
            in_range=ast.And(self.query.range.contains(first)),
            point=self.query.range.index(first),
        )

    def returns(self) -> ast.Expr:
        query = self.query
        happened = ast.And(
            [
                *query.whole_range.contains(TIMESTAMP),
                query.returning.condition(self.asking),
            ]
        )
        point, least = query.range.index(TIMESTAMP), query.asked["minimumOccurrences"]
        if least == 1:
            return expr("groupUniqArrayIf({point}, {returned})", point=point, returned=happened)
        every = expr("groupArrayIf({point}, {returned})", point=point, returned=happened)
        return expr(
            "arrayFilter(one -> countEqual({every}, one) >= {least}, arrayDistinct({every}))",
            every=every,
            least=ast.Constant(least),
        )
