"""Deletion of persons: at once and for good. Their events stay.

A later event on one of the distinct ids makes a new person, who gets the same uuid again when it
is the id that the uuid is made from.
"""

from collections.abc import Collection

from django.db import transaction

from clickhouse import outbox
from persons.copies import tombstone_of_distinct_id, tombstone_of_person
from persons.models import Person
from persons.naming import name_of
from projects.activity import activity_entry, log_activities
from projects.models import Project, User


@transaction.atomic
def delete_persons(project: Project, ids: Collection[int], *, user: User | None) -> int:
    """Delete those of the project's persons that are still there; returns how many were."""
    persons = Person.objects.filter(project=project, id__in=ids)
    doomed = list(persons.locked().with_distinct_ids())
    distinct_ids = [
        tombstone_of_distinct_id(project.id, row.distinct_id, person.uuid, row.version)
        for person in doomed
        for row in person.loaded_distinct_ids
    ]
    Person.objects.filter(id__in=[person.id for person in doomed]).delete()
    outbox.enqueue("persons", [tombstone_of_person(person) for person in doomed])
    outbox.enqueue("person_distinct_ids", distinct_ids)
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
