"""Writing events: each uuid once, by way of the outbox."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import orjson

import clickhouse
from clickhouse import outbox
from clickhouse.client import timestamp
from events.elements import chain_from_elements
from posthog_clone.captured import CapturedEvent

TABLE = "events"
KEY_BYTES = 24
# What ClickHouse's DateTime64(6) can hold with room for time zones.
EARLIEST, LATEST = (
    datetime.fromisoformat("1900-01-02T00:00Z"),
    datetime.fromisoformat("2299-12-30T00:00Z"),
)
# A batch that is sent again may carry a later sent_at or be read against a later clock, which
# shifts its corrected timestamps by the time between: SDKs give up within this.
REPLAY_WINDOW = timedelta(hours=3)


def without_replays(
    events: Iterable[CapturedEvent], lane: int | None = None
) -> list[CapturedEvent]:
    """The events whose uuid their project does not have yet, and of equal ones the first.

    A replay comes by the same lane as its original, which may still be in the outbox.
    """
    fresh: dict[bytes, CapturedEvent] = {}
    for event in events:
        fresh.setdefault(key(event.project_id, event.uuid), event)
    for sent in outbox.keys_on_their_way(TABLE, lane, KEY_BYTES):
        fresh.pop(sent, None)
    by_project = defaultdict(list)
    for event in fresh.values():
        by_project[event.project_id].append(event)
    for project_id, own in by_project.items():
        for uuid in stored_uuids(project_id, own):
            fresh.pop(key(project_id, uuid), None)
    return list(fresh.values())


def key(project_id: int, uuid: UUID) -> bytes:
    return project_id.to_bytes(8) + uuid.bytes


def stored_uuids(project_id: int, events: Sequence[CapturedEvent]) -> list[UUID]:
    """Which of the events' uuids are stored, within some hours of the events' time."""
    times = [clamp(event.timestamp) for event in events]
    found = clickhouse.rows(
        """
        SELECT uuid FROM events
        WHERE team_id = {project_id:Int64}
            AND timestamp >= {since:DateTime64(6, 'UTC')}
            AND timestamp <= {until:DateTime64(6, 'UTC')}
            AND uuid IN (SELECT toUUID(arrayJoin(splitByChar(',', {uuids:String}))))
        """,
        project_id=project_id,
        since=clamp(max(min(times), EARLIEST + REPLAY_WINDOW) - REPLAY_WINDOW),
        until=clamp(min(max(times), LATEST - REPLAY_WINDOW) + REPLAY_WINDOW),
        uuids=",".join(str(event.uuid) for event in events),
    )
    return [uuid for (uuid,) in found]


def encode_exceptions(events: Iterable[CapturedEvent]) -> None:
    """Encode the long exception lists, for `store` to copy: the work is done here, before the
    transaction, so that the database stays locked for less time."""
    for event in events:
        if (exceptions := event.properties.get("$exception_list")) is not None:
            event.encoded["$exception_list"] = orjson.Fragment(orjson.dumps(exceptions))


def store(events: Iterable[CapturedEvent], lane: int | None = None) -> None:
    """Put the events that no stage dropped into the outbox, in the caller's transaction."""
    kept = [event for event in events if not event.dropped]
    lines = [orjson.dumps(row(event)) for event in kept]
    outbox.enqueue_lines(
        TABLE, lines, lane, keys=[key(event.project_id, event.uuid) for event in kept]
    )


def row(event: CapturedEvent) -> dict:
    properties = event.properties
    elements, chain = properties.pop("$elements", None), properties.pop("$elements_chain", None)
    return {
        "team_id": event.project_id,
        "timestamp": timestamp(clamp(event.timestamp)),
        "uuid": event.uuid,
        "event": event.event,
        "distinct_id": event.distinct_id,
        "person_id": event.person_id,
        "person_mode": event.person_mode,
        "person_created_at": event.person_created_at and timestamp(clamp(event.person_created_at)),
        # ClickHouse keeps the text of an object that meets a String column.
        "person_properties": event.person_properties,
        "properties": {**properties, **event.encoded},
        "elements_chain": chain if isinstance(chain, str) else chain_from_elements(elements),
        "session_id": text_property(properties, "$session_id"),
        "window_id": text_property(properties, "$window_id"),
        **{f"group_{index}": text_property(properties, f"$group_{index}") for index in range(5)},
        "issue_id": event.issue_id,
        "fingerprint": event.fingerprint,
        "created_at": timestamp(event.received_at),
    }


def text_property(properties: dict, key: str) -> str:
    value = properties.get(key)
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def clamp(moment: datetime) -> datetime:
    return min(max(moment, EARLIEST), LATEST)
