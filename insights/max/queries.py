"""Questions as the query objects that insights are made of."""

from typing import Any

from insights.max import times
from insights.max.question import Event, Filter, Property, Question, Range

UNITS = {"minute": "minute", "hour": "hour", "day": "day", "week": "week", "month": "month"}


def trends(question: Question) -> dict[str, Any]:
    query: dict[str, Any] = {
        "kind": "TrendsQuery",
        "series": [trends_series(question, event) for event in question.events],
        "dateRange": date_range(question.range),
        "properties": properties(question.filters),
    }
    if question.breakdown:
        query["breakdownFilter"] = breakdown(question.breakdown, question.limit)
    shown: dict[str, Any] = {}
    if question.is_ratio:
        shown["formula"] = "A/B"
    if question.ranked:
        shown["display"] = "ActionsBarValue"
    elif question.is_number:
        several = len(question.events) > 1 and not question.is_ratio
        shown["display"] = "ActionsBarValue" if several else "BoldNumber"
    else:
        query["interval"] = question.interval or times.fitting(question.range)
    if shown:
        query["trendsFilter"] = shown
    if question.compare_to == "previous":
        query["compareFilter"] = {"compare": True}
    elif question.compare_to:
        query["compareFilter"] = {"compare": True, "compare_to": question.compare_to}
    return without_empty(query)


def trends_series(question: Question, event: Event) -> dict[str, Any]:
    measure = question.measure
    node = {**events_node(event), "math": measure.math}
    if measure.property:
        node["math_property"] = measure.property.name
        if measure.property.scope == "person":
            node["math_property_type"] = "person_properties"
    return node


def funnel(question: Question) -> dict[str, Any]:
    shown: dict[str, Any] = {"funnelVizType": question.funnel_view}
    if question.window:
        shown["funnelWindowInterval"], shown["funnelWindowIntervalUnit"] = question.window
    if question.order != "ordered":
        shown["funnelOrderType"] = question.order
    query = {
        "kind": "FunnelsQuery",
        "series": [events_node(event) for event in question.events],
        "dateRange": date_range(question.range),
        "properties": properties(question.filters),
        "funnelsFilter": shown,
    }
    if question.breakdown:
        query["breakdownFilter"] = breakdown(question.breakdown, question.limit)
    if question.funnel_view == "trends":
        query["interval"] = question.interval or times.fitting(question.range)
    return without_empty(query)


def retention(question: Question) -> dict[str, Any]:
    first, second = question.events
    query = {
        "kind": "RetentionQuery",
        "retentionFilter": {
            "targetEntity": entity(first),
            "returningEntity": entity(second),
            "period": question.period,
            "totalIntervals": question.periods or 8,
            "retentionType": (
                "retention_first_time" if question.first_time else "retention_recurring"
            ),
        },
        "properties": properties(question.filters),
    }
    if question.breakdown:
        query["breakdownFilter"] = breakdown(question.breakdown, question.limit)
    return without_empty(query)


def entity(event: Event) -> dict[str, Any]:
    return {"id": event.name, "name": event.name or "All events", "type": "events"}


def events_node(event: Event) -> dict[str, Any]:
    node = {
        "kind": "EventsNode",
        "event": event.name,
        "name": event.name or "All events",
        "properties": properties(event.filters),
    }
    return {key: value for key, value in node.items() if value != []}


def date_range(range: Range) -> dict[str, Any]:
    found = {"date_from": range.date_from}
    return {**found, "date_to": range.date_to} if range.date_to else found


def properties(filters: tuple[Filter, ...] | list[Filter]) -> list[dict[str, Any]]:
    return [
        {
            "key": each.property.name,
            "type": each.property.scope,
            "operator": each.operator,
            "value": each.operator if each.value is None else each.value,
        }
        for each in filters
    ]


def breakdown(property: Property, limit: int | None) -> dict[str, Any]:
    found = {"breakdown": property.name, "breakdown_type": property.scope}
    return {**found, "breakdown_limit": limit} if limit else found


def without_empty(query: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in query.items() if value not in ([], None)}


BUILDERS = {"trend": trends, "funnel": funnel, "retention": retention}
