"""Distinct ids that go from one person to another."""

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from persons.copies import copy_of_distinct_id
from persons.models import PersonDistinctId, next_version

BATCH = 5000


class HasIdentity(Protocol):
    pk: int
    uuid: UUID


def move_distinct_ids(moves: Iterable[tuple[PersonDistinctId, HasIdentity]]) -> list[dict]:
    """Hand each distinct id over to the person, and return the copies for the outbox.

    The persons they come from are locked by the caller, and so nobody else moves them.
    """
    rows, copies = [], []
    for row, person in moves:
        row.person_id = person.pk
        row.version = next_version(row.version)
        rows.append(row)
        copies.append(
            copy_of_distinct_id(row.project_id, row.distinct_id, person.uuid, row.version)
        )
    # As INSERT … ON CONFLICT: some ten times faster than bulk_update's CASE.
    PersonDistinctId.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["person", "version"],
        batch_size=BATCH,
    )
    return copies
