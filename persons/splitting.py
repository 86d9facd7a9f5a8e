"""Taking a person apart who turned out to be several."""

from collections.abc import Collection
from uuid import UUID, uuid4

from django.db import transaction
from rest_framework.exceptions import ValidationError

from clickhouse import outbox
from persons.copies import DISTINCT_IDS, OVERRIDES, copy_of_person
from persons.locking import lock_person
from persons.models import Person, PersonDistinctId, next_version, person_uuid
from persons.moving import move_distinct_ids
from persons.naming import name_of
from projects.activity import Change, log_activity
from projects.models import Project, User


def keep_only(person: Person, distinct_id: str | None, *, user: User | None) -> None:
    """Split off all distinct ids but the given one, by default the oldest."""
    with transaction.atomic():
        person = lock_person(person)
        if distinct_id is None:
            kept = set(person.distinct_ids[:1])
        else:
            check_belongs(person, [distinct_id], "main_distinct_id")
            kept = {distinct_id}
        moving = [row for row in person.loaded_distinct_ids if row.distinct_id not in kept]
        split_off(person, moving, user)


def move_out(person: Person, distinct_ids: Collection[str], *, user: User | None) -> None:
    """Split off the given distinct ids."""
    with transaction.atomic():
        person = lock_person(person)
        check_belongs(person, distinct_ids, "distinct_ids_to_split")
        moving = [row for row in person.loaded_distinct_ids if row.distinct_id in distinct_ids]
        split_off(person, moving, user)


def check_belongs(person: Person, distinct_ids: Collection[str], field: str) -> None:
    if strangers := set(distinct_ids).difference(person.distinct_ids):
        message = f"This person has no distinct id {min(strangers)!r}."
        raise ValidationError({field: message})


def split_off(person: Person, moving: list[PersonDistinctId], user: User | None) -> None:
    """Give each distinct id a person of its own, without properties."""
    if not moving:
        return
    project = person.project
    new = Person.objects.bulk_create(
        Person(project=project, uuid=uuid, version=next_version())
        for uuid in new_uuids(project, [row.distinct_id for row in moving])
    )
    distinct_ids = move_distinct_ids(zip(moving, new, strict=True))
    outbox.enqueue("persons", [copy_of_person(each) for each in new])
    outbox.enqueue(DISTINCT_IDS, distinct_ids)
    outbox.enqueue(OVERRIDES, distinct_ids)
    moved = {row.distinct_id for row in moving}
    log_activity(
        project,
        user=user,
        scope="Person",
        item_id=person.id,
        activity="split_person",
        name=name_of(person, project),
        changes=[
            Change(
                type="Person",
                action="changed",
                field="distinct_ids",
                before=person.distinct_ids,
                after=[id_ for id_ in person.distinct_ids if id_ not in moved],
            )
        ],
    )


def new_uuids(project: Project, distinct_ids: list[str]) -> list[UUID]:
    """The uuids made from the distinct ids; a random one where that is somebody's already."""
    uuids = [person_uuid(project.id, distinct_id) for distinct_id in distinct_ids]
    persons = Person.objects.filter(project=project, uuid__in=uuids)
    taken = set(persons.values_list("uuid", flat=True))
    return [uuid4() if uuid in taken else uuid for uuid in uuids]
