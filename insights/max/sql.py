"""Questions as HogQL."""

import re

from insights.max import times
from insights.max.question import Event, Filter, Measure, NotUnderstood, Property, Question, Range

NAME = re.compile(r"[$A-Za-z_][$\w]*")
AGGREGATES = {"avg": "avg", "sum": "sum", "min": "min", "max": "max", "median": "median"}
PERCENTILES = {"p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
SLIDING = {"weekly_active": "week", "monthly_active": "month"}
RANKED = 25
LISTED = 100
WINDOW = (14, "day")
SECONDS = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 2629800}
PREFIXES = {"event": "properties", "person": "person.properties"}
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def query(question: Question) -> str:
    """Raises NotUnderstood for what takes another type of insight."""
    return BUILDERS[question.shape](question)


# Trends


def trend(question: Question) -> str:
    if question.compare_to:
        raise NotUnderstood(
            "A comparison with the time before takes insight_type `trends`, not `sql`."
        )
    if question.measure.math == "first_time_for_user":
        return first_times(question)
    per_time = question.interval or SLIDING.get(question.measure.math)
    if not (question.is_number or question.ranked or per_time or question.breakdown):
        per_time = times.fitting(question.range)
    columns, groups = [], []
    if per_time:
        columns.append(f"{bucket(per_time)} AS {per_time}")
        groups.append(per_time)
    if question.breakdown:
        name = alias(question.breakdown.name)
        columns.append(f"{field(question.breakdown)} AS {name}")
        groups.append(name)
    values = measures(question)
    columns += [f"{expression} AS {name}" for name, expression in values]
    lines = [f"SELECT {', '.join(columns)}", "FROM events", *where(question, question.events)]
    if groups:
        lines.append(f"GROUP BY {', '.join(groups)}")
        most_first = f"{values[0][0]} DESC"
        order = (
            [per_time, most_first] if per_time and question.breakdown else [per_time or most_first]
        )
        lines.append(f"ORDER BY {', '.join(order)}")
    if question.breakdown and not per_time:
        lines.append(f"LIMIT {question.limit or RANKED}")
    elif per_time:
        lines.append("LIMIT 10000")
    return "\n".join(lines)


def measures(question: Question) -> list[tuple[str, str]]:
    """The figures' names and expressions: of one event, or of several side by side."""
    measure, events = question.measure, question.events
    if len(events) == 1:
        return [(measure_name(measure), aggregate(measure))]
    conditions = [event_condition(event) for event in events]
    each = [
        (alias(event.name), aggregate(measure, c))
        for event, c in zip(events, conditions, strict=True)
    ]
    if not question.is_ratio:
        return each
    return [("ratio", f"{each[0][1]} / nullIf({each[1][1]}, 0)"), *each]


def measure_name(measure: Measure) -> str:
    if measure.property:
        return f"{measure.math}_{alias(measure.property.name)}".replace("__", "_")
    return {
        "total": "total",
        "unique_session": "sessions",
        "avg_count_per_actor": "average_per_person",
    }.get(measure.math, "people")


def aggregate(measure: Measure, condition: str | None = None) -> str:
    """The figure over all rows, or those that meet a condition."""
    suffix, more = ("If", f", {condition}") if condition else ("", "")
    value = measure.property and f"toFloat({field(measure.property)})"
    if measure.math == "total":
        return f"countIf({condition})" if condition else "count()"
    if measure.math == "unique_session":
        return f"uniq{suffix}(properties.$session_id{more})"
    if measure.math == "avg_count_per_actor":
        counted = f"countIf({condition})" if condition else "count()"
        return f"{counted} / nullIf(uniq{suffix}(person_id{more}), 0)"
    if measure.math in AGGREGATES:
        return f"{AGGREGATES[measure.math]}{suffix}({value}{more})"
    if measure.math in PERCENTILES:
        return f"quantile{suffix}({PERCENTILES[measure.math]})({value}{more})"
    return f"uniq{suffix}(person_id{more})"


def first_times(question: Question) -> str:
    if question.breakdown:
        raise NotUnderstood("First times by a property take insight_type `trends`, not `sql`.")
    inner = conditions([*question.filters], [event_condition(e) for e in question.events])
    first = "SELECT person_id, min(timestamp) AS first_time FROM events"
    first += f" WHERE {' AND '.join(inner)}" if inner else ""
    bounds = range_conditions(question.range, "first_time")
    per_time = question.interval or (None if question.is_number else times.fitting(question.range))
    columns = [f"{bucket(per_time, 'first_time')} AS {per_time}"] if per_time else []
    lines = [
        f"SELECT {', '.join([*columns, 'count() AS people'])}",
        f"FROM ({first} GROUP BY person_id)",
    ]
    if bounds:
        lines.append(f"WHERE {' AND '.join(bounds)}")
    if per_time:
        lines += [f"GROUP BY {per_time}", f"ORDER BY {per_time}", "LIMIT 10000"]
    return "\n".join(lines)


# Funnels, retention, lists


def funnel(question: Question) -> str:
    if question.funnel_view != "steps":
        raise NotUnderstood(
            "How a funnel develops and how long it takes need insight_type `funnel`, not `sql`."
        )
    number, unit = question.window or WINDOW
    modes = ", 'strict_order'" if question.order == "strict" else ""
    if question.order == "unordered":
        raise NotUnderstood("A funnel in any order takes insight_type `funnel`, not `sql`.")
    names = ", ".join(step_condition(event) for event in question.events)
    group = question.breakdown and alias(question.breakdown.name)
    inner = ["person_id"]
    if question.breakdown:
        inner.append(f"argMin({field(question.breakdown)}, timestamp) AS {group}")
    inner.append(
        f"windowFunnel({number * SECONDS[unit]}{modes})(toDateTime(timestamp), {names}) AS step"
    )
    rows = [f"SELECT {', '.join(inner)}", "FROM events", *where(question, question.events)]
    counts = [
        f"countIf(step >= {n}) AS {alias(f'{n}_{event.name}', 'step_')}"
        for n, event in enumerate(question.events, start=1)
    ]
    lines = [
        f"SELECT {', '.join([*([group] if group else []), *counts])}",
        "FROM (",
        *(f"    {line}" for line in rows),
        "    GROUP BY person_id",
        ")",
    ]
    if group:
        lines += [
            f"GROUP BY {group}",
            f"ORDER BY {counts[0].split(' AS ')[1]} DESC",
            f"LIMIT {RANKED}",
        ]
    return "\n".join(lines)


def retention(question: Question) -> str:
    if question.breakdown:
        raise NotUnderstood("Retention by a property takes insight_type `retention`, not `sql`.")
    target, returning = question.events
    unit = question.period.lower()
    periods = question.periods or 8
    since = f"timestamp >= {times.STARTS[unit]}(now()) - INTERVAL {periods - 1} {unit.upper()}"
    extra = [condition(each) for each in question.filters]

    def people(event: Event, moment: str, columns: str, groups: str) -> str:
        conditions = [*filter(None, [event_condition(event)]), *extra, since]
        return (
            f"SELECT person_id, {moment} AS {columns} FROM events"
            f" WHERE {' AND '.join(conditions)} GROUP BY {groups}"
        )

    if question.first_time:
        first = people(target, f"min({bucket(unit)})", "cohort", "person_id")
    else:
        first = people(target, bucket(unit), "cohort", "person_id, cohort")
    back = people(returning, bucket(unit), "period", "person_id, period")
    return "\n".join(
        [
            f"SELECT cohort, dateDiff('{unit}', cohort, period) AS {unit}s_later,"
            " uniq(started.person_id) AS people",
            f"FROM ({first}) AS started",
            f"INNER JOIN ({back}) AS back ON started.person_id = back.person_id",
            "WHERE period >= cohort",
            f"GROUP BY cohort, {unit}s_later",
            f"ORDER BY cohort, {unit}s_later",
            "LIMIT 10000",
        ]
    )


def list_of_events(question: Question) -> str:
    order = "ASC" if question.oldest_first else "DESC"
    return "\n".join(
        [
            "SELECT timestamp, event, distinct_id, properties",
            "FROM events",
            *where(question, question.events),
            f"ORDER BY timestamp {order}",
            f"LIMIT {question.limit or LISTED}",
        ]
    )


BUILDERS = {"trend": trend, "funnel": funnel, "retention": retention, "list": list_of_events}


# Parts


def where(question: Question, events: list[Event]) -> list[str]:
    named = sorted({event.name for event in events if event.name})
    of_any = any(event.name is None for event in events)
    if of_any or not named:
        these = None
    elif len(named) == 1:
        these = f"event = {literal(named[0])}"
    else:
        these = f"event IN ({', '.join(map(literal, named))})"
    found = conditions(question.filters, [these, *range_conditions(question.range)])
    return [f"WHERE {' AND '.join(found)}"] if found else []


def conditions(filters: list[Filter], others: list[str | None]) -> list[str]:
    return [*filter(None, others[:1]), *map(condition, filters), *filter(None, others[1:])]


def range_conditions(range: Range, column: str = "timestamp") -> list[str]:
    found = []
    if range.sql_from:
        found.append(f"{column} >= {range.sql_from}")
    if range.sql_to:
        found.append(f"{column} < {range.sql_to}")
    return found


def event_condition(event: Event) -> str | None:
    return None if event.name is None else f"event = {literal(event.name)}"


def step_condition(event: Event) -> str:
    return " AND ".join([event_condition(event) or "true", *map(condition, event.filters)])


def condition(filter: Filter) -> str:
    name, value = field(filter.property), filter.value
    if filter.operator == "is_set":
        return f"isNotNull({name})"
    if filter.operator == "is_not_set":
        return f"isNull({name})"
    if filter.operator in COMPARISONS:
        return f"toFloat({name}) {COMPARISONS[filter.operator]} {value}"
    if filter.operator == "between":
        return f"toFloat({name}) BETWEEN {value[0]} AND {value[1]}"
    if filter.operator in ("icontains", "not_icontains"):
        word = "ILIKE" if filter.operator == "icontains" else "NOT ILIKE"
        return f"{name} {word} {literal(f'%{escaped(str(value))}%')}"
    if filter.operator == "starts_with":
        return f"{name} ILIKE {literal(f'{escaped(str(value))}%')}"
    if filter.operator == "ends_with":
        return f"{name} ILIKE {literal(f'%{escaped(str(value))}')}"
    if isinstance(value, list):
        word = "IN" if filter.operator == "exact" else "NOT IN"
        return f"{name} {word} ({', '.join(map(literal, value))})"
    return f"{name} {'=' if filter.operator == 'exact' else '!='} {literal(str(value))}"


def bucket(interval: str, column: str = "timestamp") -> str:
    return f"{times.STARTS[interval]}({column})"


def field(property: Property) -> str:
    if property.scope == "hogql":
        return property.name
    name = property.name
    return f"{PREFIXES[property.scope]}.{name if NAME.fullmatch(name) else quoted(name)}"


def alias(name: str, prefix: str = "") -> str:
    found = re.sub(r"\W+", "_", name.rpartition(".properties.")[2].replace("$", "")).strip("_")
    found = prefix + found
    return found if found and NAME.fullmatch(found) else f"value_{found}"


def quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def escaped(text: str) -> str:
    """For LIKE, where these two mean something."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
