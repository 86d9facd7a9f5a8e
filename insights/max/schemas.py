"""The form of queries as a language model is told: what the query models take, and no more."""

from typing import Any


def text(*choices: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(choices)} if choices else {"type": "string"}


def things(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def thing(required: str = "", **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required.split()}


NUMBER: dict[str, Any] = {"type": "number"}
FLAG: dict[str, Any] = {"type": "boolean"}
FILTERS = things(
    thing(
        "key type operator",
        key=text(),
        type=text("event", "person"),
        operator=text(
            *("exact", "is_not", "icontains", "not_icontains", "regex", "not_regex"),
            *("gt", "gte", "lt", "lte", "is_set", "is_not_set", "between"),
        ),
        value={"description": "Text, a number or a list of them."},
    )
)
DATES = thing(
    date_from={"type": "string", "description": "Such as -7d, -24h, -1mStart, mStart, 2026-01-31."},
    date_to={"type": "string", "description": "Likewise; left out for now."},
)
BREAKDOWN = thing(
    breakdown=text(), breakdown_type=text("event", "person", "hogql"), breakdown_limit=NUMBER
)
EVENT = {
    "kind": text("EventsNode"),
    "event": {"type": ["string", "null"], "description": "null is any event."},
    "properties": FILTERS,
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "TrendsQuery": thing(
        "kind series",
        kind=text("TrendsQuery"),
        series=things(
            thing(
                "kind event",
                **EVENT,
                math=text(
                    *("total", "dau", "weekly_active", "monthly_active", "unique_session"),
                    *("first_time_for_user", "avg_count_per_actor"),
                    *("sum", "avg", "min", "max", "median", "p75", "p90", "p95", "p99"),
                ),
                math_property=text(),
            )
        ),
        interval=text("hour", "day", "week", "month"),
        dateRange=DATES,
        properties=FILTERS,
        breakdownFilter=BREAKDOWN,
        compareFilter=thing(compare=FLAG, compare_to=text()),
        trendsFilter=thing(
            display=text("ActionsLineGraph", "BoldNumber", "ActionsBarValue"),
            formula={"type": "string", "description": "Over the series A, B, …: A/B"},
        ),
    ),
    "FunnelsQuery": thing(
        "kind series",
        kind=text("FunnelsQuery"),
        series=things(thing("kind event", **EVENT)),
        interval=text("hour", "day", "week", "month"),
        dateRange=DATES,
        properties=FILTERS,
        breakdownFilter=BREAKDOWN,
        funnelsFilter=thing(
            funnelVizType=text("steps", "trends", "time_to_convert"),
            funnelOrderType=text("ordered", "strict", "unordered"),
            funnelWindowInterval=NUMBER,
            funnelWindowIntervalUnit=text("minute", "hour", "day", "week", "month"),
        ),
    ),
    "RetentionQuery": thing(
        "kind retentionFilter",
        kind=text("RetentionQuery"),
        retentionFilter=thing(
            "targetEntity returningEntity",
            targetEntity=thing("id type", id=text(), type=text("events")),
            returningEntity=thing("id type", id=text(), type=text("events")),
            period=text("Hour", "Day", "Week", "Month"),
            totalIntervals=NUMBER,
            retentionType=text("retention_recurring", "retention_first_time"),
        ),
        properties=FILTERS,
    ),
    "HogQLQuery": thing(
        "kind query",
        kind=text("HogQLQuery"),
        query={
            "type": "string",
            "description": "One SELECT in ClickHouse's SQL over the table `events`, with "
            "the columns event, timestamp, distinct_id, person_id, properties.<name> and "
            "person.properties.<name>.",
        },
    ),
}
