"""The events table's SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import clickhouse

COLUMNS = "uuid, distinct_id, properties, event, timestamp, elements_chain, person_id, person_mode"


@dataclass(frozen=True, slots=True)
class EventRow:
    uuid: UUID
    distinct_id: str
    properties: str
    """JSON text, as captured."""
    event: str
    timestamp: datetime
    elements_chain: str
    person_id: UUID
    person_mode: str


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the order (timestamp, uuid); without uuid, just before or after the time."""

    timestamp: datetime
    uuid: UUID | None = None


def page(
    project_id: int,
    *,
    after: Position | None,
    before: Position | None,
    event: str | None = None,
    distinct_ids: Sequence[str] | None = None,
    descending: bool = True,
    limit: int,
    offset: int = 0,
) -> list[EventRow]:
    """Events between two positions, neither included, in the order of (timestamp, uuid)."""
    where, params = ["team_id = {project_id:Int64}"], {"project_id": project_id}
    for name, position, sign in (("after", after, ">"), ("before", before, "<")):
        if position is None:
            continue
        where.append(beyond(name, position, sign))
        params[name] = position.timestamp
        params[f"{name}_uuid"] = str(position.uuid)
    if event is not None:
        where.append("event = {event:String}")
        params["event"] = event
    if distinct_ids is not None:
        where.append("distinct_id IN {distinct_ids:Array(String)}")
        params["distinct_ids"] = list(distinct_ids)
    order = "DESC" if descending else "ASC"
    found = clickhouse.rows(
        f"""
        SELECT {COLUMNS} FROM events WHERE {" AND ".join(where)}
        ORDER BY timestamp {order}, uuid {order}
        LIMIT {{limit:UInt32}} OFFSET {{offset:UInt64}}
        """,
        limit=limit,
        offset=offset,
        **params,
    )
    return [EventRow(*row) for row in found]


def by_uuids(project_id: int, found: Sequence[tuple[UUID, datetime]]) -> list[EventRow]:
    """The events of these uuids, known with their times, in the same order.

    The times are what the table's key can use: only the granules that they are in are read.
    """
    if not found:
        return []
    rows = clickhouse.rows(
        f"""
        SELECT {COLUMNS} FROM events
        WHERE team_id = {{project_id:Int64}}
            AND timestamp IN {{times:Array(DateTime64(6, 'UTC'))}}
            AND uuid IN {{uuids:Array(UUID)}}
        """,
        project_id=project_id,
        times=sorted({moment for _, moment in found}),
        uuids=[str(uuid) for uuid, _ in found],
    )
    events = {row[0]: EventRow(*row) for row in rows}
    return [events[uuid] for uuid, _ in found if uuid in events]


def beyond(name: str, position: Position, sign: str) -> str:
    """Strictly beyond the position. The first condition alone is what the key can use."""
    at = f"{{{name}:DateTime64(6, 'UTC')}}"
    if position.uuid is None:
        return f"timestamp {sign} {at}"
    return f"timestamp {sign}= {at} AND (timestamp {sign} {at} OR uuid {sign} {{{name}_uuid:UUID}})"


def one(project_id: int, uuid: UUID) -> EventRow | None:
    found = clickhouse.rows(
        f"SELECT {COLUMNS} FROM events"
        " WHERE team_id = {project_id:Int64} AND uuid = {uuid:UUID} LIMIT 1",
        project_id=project_id,
        uuid=str(uuid),
    )
    return EventRow(*found[0]) if found else None
