"""What was understood, told in words."""

from insights.max.question import Event, Filter, Question

MATHS = {
    "total": "the number of",
    "dau": "the number of people with",
    "weekly_active": "the number of people active within 7 days, by",
    "monthly_active": "the number of people active within 30 days, by",
    "unique_session": "the number of sessions with",
    "first_time_for_user": "the number of people who for the first time did",
    "avg_count_per_actor": "the average number per person of",
}
OPERATORS = {
    "exact": "is",
    "is_not": "is not",
    "icontains": "contains",
    "not_icontains": "does not contain",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "gt": ">",
    "gte": "≥",
    "lt": "<",
    "lte": "≤",
    "between": "is between",
    "is_set": "is set",
    "is_not_set": "is not set",
}


def plan(question: Question) -> str:
    """Lines such as `Counts: the number of $pageview`."""
    lines = [*SHAPES[question.shape](question)]
    if question.filters:
        lines.append(f"Only where {told(question.filters)}.")
    if question.breakdown:
        most = f", the {question.limit} most frequent" if question.limit else ""
        lines.append(f"Broken down by {question.breakdown.name}{most}.")
    if question.shape != "retention":
        assumed = " (the question names no time)" if question.range.is_assumed else ""
        until = f" to {question.range.date_to}" if question.range.date_to else ""
        lines.append(f"From {question.range.date_from}{until}{assumed}.")
    return "\n".join(lines)


def of_trend(question: Question):
    measure = question.measure
    what = MATHS.get(measure.math) or f"the {measure.math} of {measure.property.name} of"
    names = " in relation to " if question.is_ratio else " and of "
    yield f"Shows {what} {names.join(map(name, question.events))}."
    if question.interval:
        yield f"By the {question.interval}."
    if question.compare_to:
        ago = "the period before" if question.compare_to == "previous" else question.compare_to
        yield f"Compared to {ago}."


def of_funnel(question: Question):
    yield f"Follows people through {', then '.join(map(name, question.events))}."
    if question.window:
        number, unit = question.window
        yield f"Within {number} {unit}{'s' if number != 1 else ''}."
    if question.order != "ordered":
        yield {
            "strict": "With no other event in between.",
            "unordered": "In any order.",
        }[question.order]
    if question.funnel_view != "steps":
        yield {"trends": "How it develops.", "time_to_convert": "How long it takes."}[
            question.funnel_view
        ]


def of_retention(question: Question):
    first, second = map(name, question.events)
    times_ = "for the first time " if question.first_time else ""
    period = question.period.lower()
    yield f"Of the people who {times_}did {first}, how many did {second} in later {period}s."
    yield f"Over {question.periods or 8} {period}s."


def of_list(question: Question):
    order = "oldest" if question.oldest_first else "newest"
    yield f"Lists {' and '.join(map(name, question.events))}, the {order} first."


SHAPES = {"trend": of_trend, "funnel": of_funnel, "retention": of_retention, "list": of_list}


def name(event: Event) -> str:
    where = f" (where {told(event.filters)})" if event.filters else ""
    return (event.name or "any event") + where


def told(filters: list[Filter] | tuple[Filter, ...]) -> str:
    return " and ".join(map(condition, filters))


def condition(filter: Filter) -> str:
    value = filter.value
    if isinstance(value, list):
        joint = " and " if filter.operator == "between" else " or "
        value = joint.join(map(str, value))
    shown = [filter.property.name, OPERATORS[filter.operator], "" if value is None else str(value)]
    return " ".join(part for part in shown if part)
