"""Copies of persons, distinct ids and groups for the joins of the analytics store.

Each change goes into the outbox in the transaction that makes it, with a version that grows: there
the copy with the highest version counts, whatever the order in which copies arrive.

Distinct ids that lead to another person than their events came in with are copied into OVERRIDES
too, the same row: it is what makes old events follow.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson

from clickhouse.client import timestamp
from persons.models import Group, Person, person_uuid

DISTINCT_IDS = "person_distinct_ids"
OVERRIDES = "person_distinct_id_overrides"


def copy_of_person(person: Person) -> dict[str, Any]:
    return {
        "team_id": person.project_id,
        "id": str(person.uuid),
        "created_at": timestamp(person.created_at),
        "properties": orjson.dumps(person.properties).decode(),
        "is_identified": int(person.is_identified),
        "is_deleted": 0,
        "version": person.version,
    }


def tombstone_of_person(person: Person) -> dict[str, Any]:
    return copy_of_person(person) | {
        "properties": "{}",
        "is_deleted": 1,
        "version": person.version + 1,
    }


def copy_of_distinct_id(
    project_id: int, distinct_id: str, person: UUID, version: int
) -> dict[str, Any]:
    return {
        "team_id": project_id,
        "distinct_id": distinct_id,
        "person_id": str(person),
        "is_deleted": 0,
        "version": version,
    }


def tombstone_of_distinct_id(
    project_id: int, distinct_id: str, person: UUID, version: int
) -> dict[str, Any]:
    """`version` is the one that the distinct id had."""
    return copy_of_distinct_id(project_id, distinct_id, person, version + 1) | {"is_deleted": 1}


def overrides_among(distinct_ids: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of copies of new distinct ids, those that may have events already, with the person that a
    distinct id has which nobody knows: they came in without a profile."""
    return [
        row
        for row in distinct_ids
        if row["person_id"] != str(person_uuid(row["team_id"], row["distinct_id"]))
    ]


def copy_of_group(group: Group) -> dict[str, Any]:
    return {
        "team_id": group.project_id,
        "type_index": group.type_index,
        "key": group.key,
        "created_at": timestamp(group.created_at),
        "updated_at": timestamp(group.updated_at),
        "properties": orjson.dumps(group.properties).decode(),
        "version": group.version,
    }
