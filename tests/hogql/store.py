"""Rows for queries to find."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import clickhouse
from clickhouse.client import timestamp
from persons.copies import overrides_among
from persons.models import person_uuid

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


def add_events(project_id: int, *events: dict) -> list[UUID]:
    """Each `{"event", "distinct_id", "properties", "timestamp", …}`, all with defaults."""
    rows = [event_row(project_id, **event) for event in events]
    insert("events", rows)
    return [UUID(row["uuid"]) for row in rows]


def event_row(
    project_id: int,
    event: str = "$pageview",
    distinct_id: str = "ada",
    properties: dict | None = None,
    time: datetime = NOON,
    **columns,
) -> dict:
    return {
        "team_id": project_id,
        "uuid": str(uuid4()),
        "event": event,
        "distinct_id": distinct_id,
        "person_id": str(person_uuid(project_id, distinct_id)),
        "timestamp": timestamp(time),
        "created_at": timestamp(time),
        "properties": json.dumps(properties or {}),
        "session_id": (properties or {}).get("$session_id", ""),
        **columns,
    }


def add_person(
    project_id: int, *distinct_ids: str, properties: dict | None = None, version: int = 1, **columns
) -> UUID:
    """A person whose id is that of the first distinct id."""
    id = columns.pop("id", None) or person_uuid(project_id, distinct_ids[0])
    row = {
        "team_id": project_id,
        "id": str(id),
        "created_at": timestamp(NOON),
        "properties": json.dumps(properties or {}),
        "is_identified": 1,
        "is_deleted": 0,
        "version": version,
    }
    insert("persons", [row | columns])
    link(project_id, id, *distinct_ids, version=version)
    return id


def link(
    project_id: int,
    person_id: UUID,
    *distinct_ids: str,
    version: int = 1,
    moved: bool = False,
    **columns,
) -> None:
    """Let the distinct ids lead to the person; `moved` ones led to another one before."""
    rows = [
        {
            "team_id": project_id,
            "distinct_id": distinct_id,
            "person_id": str(person_id),
            "is_deleted": 0,
            "version": version,
            **columns,
        }
        for distinct_id in distinct_ids
    ]
    if rows:
        insert("person_distinct_ids", rows)
    if overrides := rows if moved else overrides_among(rows):
        insert("person_distinct_id_overrides", overrides)


def insert(table: str, rows: list[dict]) -> None:
    clickhouse.insert(table, b"\n".join(json.dumps(row).encode() for row in rows))
