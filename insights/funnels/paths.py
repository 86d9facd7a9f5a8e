"""How far each actor gets: their events in order of time, folded into the times of the steps made.

What is remembered on the way, `state`:
1. for each step, the times of the steps up to it of the last path that got there (in an unordered
   funnel: the last time of each step);
2. the times of the best path, the first of those that get furthest;
3. whether they did what excludes them.
"""

from collections.abc import Sequence

from hogql import ast
from insights.dates import MICROSECOND
from insights.funnels.query import FunnelsQuery
from insights.measuring import TIMESTAMP, Asking, expr, grouped, select

FOLD = """
arrayFold(
    (state, event) -> if(
        length(state.2) = {count} OR state.3 = 1,
        state,
        arrayMap(
            made -> tuple(
                made,
                if(length({furthest}) > length(state.2), {furthest}, state.2),
                {excluded}
            ),
            [{made}]
        )[1]
    ),
    events,
    tuple({nothing}, emptyArrayInt64(), 0)
)
"""
# A path goes on with the first event of its next step; from the same start, later ones count not.
ORDERED = """
arrayMap(
    (step, path, before) -> if(
        has(event.3, step)
            AND (step = 1 OR (
                notEmpty(before)
                AND event.1 - before[1] <= {longest}
                AND (empty(path) OR path[1] != before[1])
            )),
        arrayPushBack(before, event.1),
        path
    ),
    range(1, {count} + 1),
    state.1,
    arrayPushFront(arrayPopBack(state.1), emptyArrayInt64())
)
"""
# Any other event ends all paths.
STRICT = """
arrayMap(
    (step, before) -> if(
        has(event.3, step)
            AND (step = 1 OR (notEmpty(before) AND event.1 - before[1] <= {longest})),
        arrayPushBack(before, event.1),
        emptyArrayInt64()
    ),
    range(1, {count} + 1),
    arrayPushFront(arrayPopBack(state.1), emptyArrayInt64())
)
"""
# An event that can be several steps is the one not made for longest.
UNORDERED = """
arrayMap(
    (step, last) -> if(
        step = arraySort(one -> state.1[one], event.3)[1], event.1, last
    ),
    range(1, {count} + 1),
    state.1
)
"""
FURTHEST = {
    "ordered": "arrayLast(path -> notEmpty(path), made)",
    "strict": "arrayLast(path -> notEmpty(path), made)",
    "unordered": (
        "arraySort(arrayFilter(last -> last != 0 AND event.1 - last <= {longest}, made))"
    ),
}
MADE = {"ordered": ORDERED, "strict": STRICT, "unordered": UNORDERED}
EXCLUDED = """
if(arrayExists(
    step -> notEmpty(state.1[step])
        AND event.1 - state.1[step][1] <= {longest}
        AND (empty(state.1[step + 1]) OR state.1[step + 1][1] != state.1[step][1]),
    event.4
), 1, 0)
"""
NOTHING = {
    "ordered": "arrayMap(step -> emptyArrayInt64(), range(1, {count} + 1))",
    "strict": "arrayMap(step -> emptyArrayInt64(), range(1, {count} + 1))",
    "unordered": "arrayResize(emptyArrayInt64(), {count})",
}


def paths(asking: Asking, query: FunnelsQuery) -> ast.SelectQuery:
    """A row for each actor: `value`, of the breakdown, as a list, and `times`, of their steps. Of a
    trend, for each actor and `point` of the range at which they entered."""
    found = actors(asking, query)
    return select(
        """
        SELECT value, point, folded.2 AS times
        FROM (SELECT value, point, {fold} AS folded FROM {actors})
        WHERE folded.3 = 0 AND notEmpty(times)
        """,
        fold=fold(query),
        actors=entrances(found) if query.is_trend else found,
    )


def entrances(source: ast.SelectQuery) -> ast.SelectQuery:
    """Each actor again for each point at which they made the first step: with the events from then
    on, of which only those at that point are a first step."""
    return select(
        """
        SELECT value, point, arrayMap(
            event -> tuple(
                event.1,
                event.2,
                if(event.5 = point, event.3, arrayFilter(step -> step != 1, event.3)),
                event.4
            ),
            arrayFilter(event -> event.5 >= point, all_events)
        ) AS events
        FROM (
            SELECT value, events AS all_events, arrayJoin(arrayDistinct(
                arrayMap(event -> event.5, arrayFilter(event -> has(event.3, 1), events))
            )) AS point
            FROM {source}
        )
        """,
        source=source,
    )


def fold(query: FunnelsQuery) -> ast.Expr:
    nodes = {
        "count": ast.Constant(len(query.steps)),
        "longest": ast.Constant(query.window // MICROSECOND),
    }
    return expr(
        FOLD,
        **nodes,
        made=expr(MADE[query.order], **nodes),
        furthest=expr(FURTHEST[query.order], **nodes),
        excluded=expr(EXCLUDED, **nodes) if query.exclusions else ast.Constant(0),
        nothing=expr(NOTHING[query.order], **nodes),
    )


def actors(asking: Asking, query: FunnelsQuery) -> ast.SelectQuery:
    """Actors with their events, those of the same time in the order of the steps."""
    by = ["actor"]
    value = expr("value")
    if query.breakdowns.cohorts or query.attribution == "all_events":
        by.append("value")
    elif query.breakdowns:
        value = attributed(query)
    else:
        value = expr("any(value)")
    in_time = expr("arraySort(groupArray(tuple(at, steps[1], steps, exclusions, point)))")
    columns = {"actor": ast.Field(["actor"]), "value": value, "events": in_time, "point": expr("0")}
    if "value" in by:
        columns["value"] = ast.Field(["value"])
    return grouped(columns, source=events(asking, query), by=by)


def attributed(query: FunnelsQuery) -> ast.Expr:
    """The value of the actor's first event that has one; or of the last; or of the first that is
    the step asked for."""
    if query.attribution == "step":
        step = ast.Constant(query.attributed_step + 1)
        return expr("argMinIf(value, at, has(steps, {step}))", step=step)
    touch = "argMinIf" if query.attribution == "first_touch" else "argMaxIf"
    return expr(f"{touch}(value, at, arrayExists(part -> part != '', value))")


def events(asking: Asking, query: FunnelsQuery) -> ast.SelectQuery:
    """The events that count, with the numbers of the steps they are, and of the steps after which
    they exclude."""
    steps = [step.condition(asking) for step in query.steps]
    exclusions = [
        (number, exclusion.entity.condition(asking))
        for exclusion in query.exclusions
        for number in range(exclusion.from_step + 1, exclusion.to_step + 1)
    ]
    fields = query.fields
    where = [
        *query.range.contains(TIMESTAMP),
        *asking.filters(fields["properties"], fields["filterTestAccounts"]),
    ]
    if query.order != "strict":
        where.append(ast.Or([*steps, *(condition for _, condition in exclusions)]))
    if query.actor != ast.Field(["person_id"]):
        where.append(expr("ifNull(toString({actor}), '') != ''", actor=query.actor))
    columns = {
        "actor": query.actor,
        "at": expr("toUnixTimestamp64Micro(timestamp)"),
        "steps": numbers_of(list(enumerate(steps, 1))),
        "exclusions": numbers_of(exclusions),
        "point": query.range.index(TIMESTAMP) if query.is_trend else ast.Constant(0),
        "value": ast.Array(list(query.breakdowns.values().values())),
    }
    if not query.breakdowns:
        columns["value"] = expr("emptyArrayString()")
    return grouped(columns, where=where)


def numbers_of(conditions: Sequence[tuple[int, ast.Expr]]) -> ast.Expr:
    """The numbers whose conditions hold."""
    if not conditions:
        return expr("emptyArrayUInt64()")
    found = [
        ast.Call("if", [condition, ast.Constant(number), ast.Constant(0)])
        for number, condition in conditions
    ]
    return expr("arrayFilter(number -> number > 0, {found})", found=ast.Array(found))
