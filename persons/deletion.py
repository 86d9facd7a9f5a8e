"""Deletion of persons: at once and for good. Their events stay unless they are to go as well.

A later event on one of the distinct ids makes a new person, who gets the same uuid again when it
is the id that the uuid is made from.
"""

from collections.abc import Collection

from django.db import transaction

from clickhouse import outbox
from persons.cohorts import members
from persons.copies import (
    DISTINCT_IDS,
    OVERRIDES,
    overrides_among,
    tombstone_of_distinct_id,
    tombstone_of_person,
)
from persons.erasing import erase_events
from persons.models import Person
from persons.naming import name_of
from projects.activity import activity_entry, log_activities
from projects.models import Project, User


@transaction.atomic
def delete_persons(
    project: Project, ids: Collection[int], *, user: User | None, delete_events: bool = False
) -> int:
    """Delete those of the project's persons that are still there; returns how many were."""
    persons = Person.objects.filter(project=project, id__in=ids)
    doomed = list(persons.locked().with_distinct_ids())
    if delete_events:
        erase_events(project, doomed)
    distinct_ids = [
        tombstone_of_distinct_id(project.id, row.distinct_id, person.uuid, row.version)
        for person in doomed
        for row in person.loaded_distinct_ids
    ]
    members.forget({person.id: person.uuid for person in doomed})
    Person.objects.filter(id__in=[person.id for person in doomed]).delete()
    outbox.enqueue("persons", [tombstone_of_person(person) for person in doomed])
    outbox.enqueue(DISTINCT_IDS, distinct_ids)
    outbox.enqueue(OVERRIDES, overrides_among(distinct_ids))
    log_activities(
        activity_entry(
            project,
            user=user,
            scope="Person",
            item_id=person.id,
            activity="deleted",
            name=name_of(person, project),
        )
        for person in doomed
    )
    return len(doomed)


def delete_events_only(project: Project, ids: Collection[int]) -> None:
    """Delete the events that the persons have by now; the persons stay."""
    persons = Person.objects.filter(project=project, id__in=ids)
    erase_events(project, persons.order_by("id").with_distinct_ids())
