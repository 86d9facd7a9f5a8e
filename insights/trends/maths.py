"""What is counted of a series, as SELECTs: one row for each point in time and breakdown value.

Each has the columns of the breakdown, `point` (a number from 0) and `total`.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from hogql import ast
from insights.breakdowns import Breakdowns
from insights.dates import STEPS, DateRange
from insights.measuring import TIMESTAMP, Asking, expr, grouped, names, own, select
from insights.trends.query import (
    ACTIVE_DAYS,
    FIRST_TIME,
    FIRST_WITH_FILTERS,
    PER_ACTOR,
    PROPERTY_MATHS,
    QUANTILES,
    Series,
    TrendsQuery,
)

COUNT = ast.Call("count", [])
UNIQUE = {"dau", "unique_group", "unique_session"}
PERSON = ast.Field(["person_id"])


@dataclass(frozen=True, slots=True)
class Counting:
    """How a series' SELECT is to be read."""

    tree: ast.SelectQuery
    first: int = 0
    """The number of the range's first point."""
    is_running: bool = False
    """Totals are changes: each point's number is their sum up to it."""


@dataclass(frozen=True, slots=True)
class Counter:
    asking: Asking
    query: TrendsQuery
    series: Series
    range: DateRange
    breakdowns: Breakdowns

    def counting(self) -> Counting:
        math = self.series.math
        if math in ACTIVE_DAYS and not self.query.is_total:
            return self.active()
        return Counting(self.select())

    def select(self) -> ast.SelectQuery:
        series, math = self.series, self.series.math
        if math in ACTIVE_DAYS:
            return self.plain(unique(self.actor), self.last_days(ACTIVE_DAYS[math]))
        if math in FIRST_TIME or math == FIRST_WITH_FILTERS:
            return self.first_time(needs_first_event=math == FIRST_TIME[0])
        if math.endswith(PER_ACTOR):
            return self.per(self.actor, COUNT, math.removesuffix(PER_ACTOR))
        if series.is_per_session:
            field = ast.Field(["session", series.math_property])
            return self.per(ast.Field(["$session_id"]), ast.Call("any", [field]), math)
        if math in UNIQUE and self.query.is_cumulative and math != "unique_session":
            return self.first_points()
        return self.plain(self.aggregation())

    def aggregation(self) -> ast.Expr:
        series, math = self.series, self.series.math
        if math == "hogql":
            return expr("ifNull({value}, 0)", value=own(series.math_hogql))
        if math in UNIQUE:
            return unique(self.actor)
        if math in PROPERTY_MATHS:
            return aggregated(math, expr("toFloat({field})", field=self.amount()))
        return COUNT

    def amount(self) -> ast.Expr:
        name = self.series.math_property
        if name == "$time":
            return expr("toUnixTimestamp(timestamp)")
        prefix = ["person"] if self.series.math_property_type == "person_properties" else []
        return ast.Field([*prefix, "properties", name])

    @property
    def actor(self) -> ast.Expr:
        """Whose distinct number is counted."""
        if self.series.math == "unique_session":
            return ast.Field(["$session_id"])
        index = self.query.group_type_index
        if self.series.math == "unique_group":
            index = self.series.math_group_type_index
        return PERSON if index is None else ast.Field([f"$group_{index}"])

    def where(self, range_: DateRange) -> list[ast.Expr]:
        """The events that count."""
        return [
            *range_.contains(TIMESTAMP),
            *self.series.entity.is_it(self.asking),
            *self.has_actor(),
            *self.filters(),
        ]

    def filters(self) -> list[ast.Expr]:
        fields = self.query.fields
        return [
            *self.asking.filters(fields["properties"], fields["filterTestAccounts"]),
            *self.series.entity.filters(self.asking),
        ]

    def has_actor(self) -> list[ast.Expr]:
        """No group and no session are nobody."""
        math = self.series.math
        counts_actors = (
            math in UNIQUE
            or math in ACTIVE_DAYS
            or math in FIRST_TIME
            or math == FIRST_WITH_FILTERS
            or math.endswith(PER_ACTOR)
        )
        if self.series.is_per_session:
            return [expr("$session_id != ''")]
        if counts_actors and self.actor != PERSON:
            return [expr("{actor} != ''", actor=self.actor)]
        return []

    def point(self, moment: ast.Expr = TIMESTAMP) -> ast.Expr:
        return expr("toInt(0)") if self.query.is_total else self.range.index(moment)

    @property
    def by(self) -> list[str]:
        return [*self.breakdowns.values(), "point"]

    def plain(self, total: ast.Expr, range_: DateRange | None = None) -> ast.SelectQuery:
        columns = {**self.breakdowns.values(), "point": self.point(), "total": total}
        return grouped(columns, where=self.where(range_ or self.range), by=self.by)

    def per(self, unit: ast.Expr, amount: ast.Expr, math: str) -> ast.SelectQuery:
        """An aggregation of what each actor or session has."""
        columns = {**self.breakdowns.values(), "point": self.point(), "unit": unit}
        amounts = grouped(
            {**columns, "amount": amount}, where=self.where(self.range), by=list(columns)
        )
        total = aggregated(math, expr("toFloat(amount)"))
        return grouped({**names(self.by), "total": total}, source=amounts, by=self.by)

    def first_points(self) -> ast.SelectQuery:
        """Actors at the first point that has them, so that running sums count each once."""
        columns = {**self.breakdowns.values(), "unit": self.actor}
        firsts = grouped(
            {**columns, "point": ast.Call("min", [self.point()])},
            where=self.where(self.range),
            by=list(columns),
        )
        return grouped({**names(self.by), "total": COUNT}, source=firsts, by=self.by)

    def first_time(self, needs_first_event: bool) -> ast.SelectQuery:
        """Actors at the time of their first event ever. `needs_first_event`: that one has to meet
        the filters; else it is the first that does."""
        values, by = self.breakdowns.values(), ["unit"]
        if self.breakdowns.cohorts:
            by += values  # an actor's, whatever the event
        else:
            values = {name: expr("argMin({v}, timestamp)", v=v) for name, v in values.items()}
        _, until = self.range.contains(TIMESTAMP)
        where = [until, *self.series.entity.is_it(self.asking), *self.has_actor()]
        is_met: ast.Expr = ast.Constant(1)
        if not needs_first_event:
            where += self.filters()
        elif filters := self.filters():
            is_met = expr("if({all}, 1, 0)", all=ast.And(filters))
        firsts = grouped(
            {
                "unit": self.actor,
                **values,
                "first": expr("min(timestamp)"),
                "is_met": expr("argMin({met}, timestamp)", met=is_met),
            },
            where=where,
            by=by,
        )
        first = ast.Field(["first"])
        columns = {**names(list(values)), "point": self.point(first), "total": COUNT}
        in_range = [*self.range.contains(first), expr("is_met = 1")]
        return grouped(columns, source=firsts, where=in_range, by=self.by)

    def last_days(self, days: int) -> DateRange:
        """So many days, the last of which is the range's last."""
        last = self.range.end.astimezone(self.range.zone)
        start = last.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
        return replace(self.range, start=start)

    def active(self) -> Counting:
        """Actors who did it in the days before each point's end.

        Each point at which an actor did it counts them from there on, until they do it again (which
        counts them anew) or the days are over: a plus and a minus, of which the running sum is the
        number of active actors.
        """
        interval = self.range.interval
        window = timedelta(days=ACTIVE_DAYS[self.series.math])
        length = window // STEPS.get(interval, timedelta(days=1))
        first = self.range.points[0]
        start = first - window + STEPS.get(interval, timedelta(days=1))
        wider = replace(self.range, start=start)
        values = self.breakdowns.values()
        columns = {**values, "unit": self.actor}
        starts = expr("arraySort(groupUniqArray({point}))", point=wider.index(TIMESTAMP))
        active = grouped({**columns, "starts": starts}, where=self.where(wider), by=list(columns))
        changes = select(
            """
            SELECT arrayJoin(arrayConcat(
                arrayMap(start -> tuple(start, 1), starts),
                arrayMap(
                    (start, next) -> tuple(least(start + {length}, next), -1),
                    starts,
                    arrayPushBack(arrayPopFront(starts), {never})
                )
            )) AS change
            FROM {active}
            """,
            length=ast.Constant(length),
            never=ast.Constant(2**31),
            active=active,
        )
        changes = replace(changes, select=[*names(list(values)).values(), *changes.select])
        columns = {
            **names(list(values)),
            "point": expr("change.1"),
            "total": expr("sum(change.2)"),
        }
        tree = grouped(columns, source=changes, by=[*values, "point"])
        return Counting(tree, first=length - 1, is_running=True)


def unique(actor: ast.Expr) -> ast.Expr:
    return ast.Call("uniqExact", [actor])


def aggregated(math: str, value: ast.Expr) -> ast.Expr:
    """0 without any value."""
    if math in QUANTILES:
        level = ast.Constant(QUANTILES[math])
        call = ast.Call("quantileExactInclusive", [value], params=[level])
    else:
        call = ast.Call(math, [value])
    return expr("ifNull(ifNotFinite({value}, 0), 0)", value=call)
