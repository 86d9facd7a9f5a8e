"""The tools that PostHog's agents call: their answers are text for a model to read."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rest_framework.exceptions import APIException, Throttled, ValidationError

from hogql.kinds import Run
from insights import hogql_query, taxonomy
from posthog_clone.api.errors import first_error
from projects.models import Project

MAX_CELL = 500
NO_DOCS = (
    "Searching PostHog's documentation is not part of this server: see https://posthog.com/docs."
)
NO_CONNECTIONS = (
    "This server has no connections to other databases: leave out connectionId and sendRawQuery."
)
Answer = dict[str, Any]


def succeeded(content: str, structured: Mapping[str, Any] | None = None) -> Answer:
    answer = {"success": True, "content": content}
    return answer | ({"structured_content": structured} if structured else {})


def failed(content: str) -> Answer:
    return {"success": False, "content": content}


def told(error: APIException) -> Answer:
    """What went wrong, to the model. Raises what is for the client: to come again later."""
    if isinstance(error, Throttled):
        raise error
    return failed(str(first_error(error.detail)[1]))


def execute_sql(project: Project, args: Mapping[str, Any], now: datetime) -> Answer:
    """Rows as a table."""
    if args.get("connectionId") or args.get("sendRawQuery"):
        return failed(NO_CONNECTIONS)
    query = {"kind": "HogQLQuery", "query": args["query"]}
    try:
        answer = hogql_query.answer(project, query, Run(now=now))
    except APIException as error:
        return told(error)
    longest = MAX_CELL if args.get("truncate", True) else None
    text = table(answer["columns"], answer["results"], longest)
    if answer["hasMore"]:
        text += (
            f"\n\nThese are the first {len(answer['results'])} rows; there are more. Use LIMIT and "
            "OFFSET, or aggregate."
        )
    structured = {
        "columns": answer["columns"],
        "types": answer["types"],
        "hasMore": answer["hasMore"],
    }
    return succeeded(text, structured)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], longest: int | None) -> str:
    """A line for each row, its values between bars."""
    if not rows:
        return f"{' | '.join(columns)}\n(no rows)"
    lines = [" | ".join(columns)]
    lines += [" | ".join(cell(value, longest) for value in row) for row in rows]
    return "\n".join(lines)


def cell(value: Any, longest: int | None) -> str:
    if value is None:
        return "NULL"
    if not isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False, default=str)
    elif "\n" in value or "|" in value:
        text = json.dumps(value, ensure_ascii=False)
    else:
        text = value
    if longest and len(text) > longest:
        return f"{text[:longest]}… ({len(text)} characters)"
    return text


def read_taxonomy(project: Project, query: Mapping[str, Any], now: datetime) -> Answer:
    """What there is to ask about, a line for each."""
    try:
        return succeeded(READERS[query["kind"]](project, query, now))
    except APIException as error:
        return told(error)


def read_events(project: Project, query: Mapping[str, Any], now: datetime) -> str:
    limit, offset = query["limit"], query["offset"]
    found, has_more = taxonomy.events(project, now, limit, offset)
    if not found:
        return "There are no events of the last 30 days."
    lines = [f"{name} ({count} in the last 30 days)" for name, count in found]
    if has_more:
        lines.append(f"There are more: ask with offset {offset + limit}.")
    return "\n".join(lines)


def read_event_properties(project: Project, query: Mapping[str, Any], now: datetime) -> str:
    condition = taxonomy.event_condition(query["event_name"])
    found = taxonomy.event_properties(project, condition, now)
    return property_lines(found, f"There are no events named {query['event_name']!r}.")


def read_event_values(project: Project, query: Mapping[str, Any], now: datetime) -> str:
    condition = taxonomy.event_condition(query["event_name"])
    return value_lines(taxonomy.event_values(project, condition, query["property_name"], now))


def read_action_properties(project: Project, query: Mapping[str, Any], now: datetime) -> str:
    condition = taxonomy.action_condition(project, query["action_id"], now)
    found = taxonomy.event_properties(project, condition, now)
    return property_lines(found, f"There are no events of action {query['action_id']}.")


def read_action_values(project: Project, query: Mapping[str, Any], now: datetime) -> str:
    condition = taxonomy.action_condition(project, query["action_id"], now)
    return value_lines(taxonomy.event_values(project, condition, query["property_name"], now))


def read_entity_properties(project: Project, query: Mapping[str, Any], now: datetime) -> str:
    found = taxonomy.entity_properties(project, query["entity"], now)
    return property_lines(found, f"No {query['entity']} has any properties.")


def read_entity_values(project: Project, query: Mapping[str, Any], now: datetime) -> str:
    return value_lines(
        taxonomy.entity_values(project, query["entity"], query["property_name"], now)
    )


def property_lines(found: Sequence[taxonomy.Property], nothing: str) -> str:
    if not found:
        return nothing
    return "\n".join(
        each.name
        + (f" ({each.type})" if each.type else "")
        + (f": {', '.join(cell(value, 60) for value in each.sample)}" if each.sample else "")
        for each in found
    )


def value_lines(found: Sequence[tuple[str, int]]) -> str:
    if not found:
        return "There are no values of this property."
    return "\n".join(f"{cell(value, MAX_CELL)} ({count})" for value, count in found)


Reader = Callable[[Project, Mapping[str, Any], datetime], str]
READERS: dict[str, Reader] = {
    "events": read_events,
    "event_properties": read_event_properties,
    "event_property_values": read_event_values,
    "action_properties": read_action_properties,
    "action_property_values": read_action_values,
    "entity_properties": read_entity_properties,
    "entity_property_values": read_entity_values,
}
NEEDS = {
    "event_properties": ("event_name",),
    "event_property_values": ("event_name", "property_name"),
    "action_properties": ("action_id",),
    "action_property_values": ("action_id", "property_name"),
    "entity_properties": ("entity",),
    "entity_property_values": ("entity", "property_name"),
}


def check_needs(query: Mapping[str, Any]) -> None:
    """Raise ValidationError unless the query has all that its kind needs."""
    for name in NEEDS.get(query["kind"], ()):
        if query.get(name) in (None, ""):
            raise ValidationError({name: "This field is required."}, code="required")
