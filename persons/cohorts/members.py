"""The members of static cohorts, and their copies in the analytics store."""

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from clickhouse import outbox
from persons.models import Cohort, CohortPerson, Person, PersonDistinctId, next_version
from persons.moving import HasIdentity
from projects.viewsets import as_uuid

CHUNK = 1000
TABLE = "static_cohort_people"
COLUMNS = {
    "person_id": ("person_id", "person-id", "person id"),
    "distinct_id": ("distinct_id", "distinct-id", "distinct id"),
    "email": ("email", "e-mail"),
}
"""What a file names persons by, the best first, and what its header may call that."""


def copy_of_member(cohort: Cohort, person: UUID, *, is_deleted: bool = False) -> dict[str, Any]:
    return {
        "team_id": cohort.project_id,
        "cohort_id": cohort.id,
        "person_id": str(person),
        "is_deleted": int(is_deleted),
        "version": next_version(),
    }


def add(cohort: Cohort, values: Iterable[str], by: str = "person_id") -> int:
    """Add the persons whom the values name; unknown ones are passed over. Returns how many it
    knew."""
    known = 0
    for chunk in chunks(dict.fromkeys(values)):
        with transaction.atomic():
            known += add_persons(cohort, persons_named(cohort.project_id, chunk, by))
    recount([cohort.id])
    return known


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    values = list(values)
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def persons_named(project_id: int, values: list[str], by: str) -> set[int]:
    if by == "distinct_id":
        rows = PersonDistinctId.objects.filter(project=project_id, distinct_id__in=values)
        return set(rows.values_list("person_id", flat=True))
    persons = Person.objects.filter(project=project_id)
    if by == "email":
        persons = persons.filter(email__in=values)
    else:
        persons = persons.filter(uuid__in=[uuid for value in values if (uuid := as_uuid(value))])
    return set(persons.values_list("id", flat=True))


def add_persons(cohort: Cohort, ids: Collection[int]) -> int:
    persons = dict(Person.objects.filter(id__in=ids).locked().values_list("id", "uuid"))
    members = CohortPerson.objects.filter(cohort=cohort, person__in=persons)
    new = persons.keys() - set(members.values_list("person_id", flat=True))
    CohortPerson.objects.bulk_create(
        [CohortPerson(cohort=cohort, person_id=id_) for id_ in sorted(new)], ignore_conflicts=True
    )
    outbox.enqueue(TABLE, [copy_of_member(cohort, persons[id_]) for id_ in sorted(new)])
    return len(persons)


@transaction.atomic
def remove(cohort: Cohort, person: Person) -> None:
    """Whoever is no member stays none."""
    gone, _ = CohortPerson.objects.filter(cohort=cohort, person=person).delete()
    if gone:
        outbox.enqueue(TABLE, [copy_of_member(cohort, person.uuid, is_deleted=True)])
        recount([cohort.id])


def recount(cohorts: Collection[int]) -> None:
    now = timezone.now()
    for id_ in cohorts:
        Cohort.objects.filter(id=id_).update(
            count=CohortPerson.objects.filter(cohort=id_).count(),
            version=Coalesce(F("version"), 0) + 1,
            last_calculation=now,
        )


def forget(persons: Mapping[int, UUID]) -> None:
    """Persons, id → uuid, who are about to be deleted leave all cohorts: a later person can have
    the same uuid."""
    members = list(CohortPerson.objects.filter(person__in=persons).select_related("cohort"))
    if not members:
        return
    CohortPerson.objects.filter(id__in=[member.id for member in members]).delete()
    gone = [
        copy_of_member(member.cohort, persons[member.person_id], is_deleted=True)
        for member in members
    ]
    outbox.enqueue(TABLE, gone)
    recount({member.cohort_id for member in members})


def hand_over(
    survivors: Mapping[int, HasIdentity], merged: Mapping[int, UUID], lane: int | None
) -> None:
    """Persons who went up in others are members no more, but those are. Both by the merged id."""
    members = list(CohortPerson.objects.filter(person__in=merged).select_related("cohort"))
    if not members:
        return
    CohortPerson.objects.filter(id__in=[member.id for member in members]).delete()
    CohortPerson.objects.bulk_create(
        [
            CohortPerson(cohort=member.cohort, person_id=survivors[member.person_id].pk)
            for member in members
        ],
        ignore_conflicts=True,
    )
    copies = []
    for member in members:
        uuid = merged[member.person_id]
        copies.append(copy_of_member(member.cohort, uuid, is_deleted=True))
        copies.append(copy_of_member(member.cohort, survivors[member.person_id].uuid))
    outbox.enqueue(TABLE, copies, lane)
    recount({member.cohort_id for member in members})


def read_csv(file: UploadedFile) -> tuple[str, list[str]]:
    """What a file of persons names them by, and its values. Raises ValidationError."""
    try:
        lines = file.read().decode("utf-8-sig").splitlines()
        rows = [row for row in csv.reader(lines) if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValidationError(f"The file can't be read as CSV: {error}.") from None
    if not rows:
        raise ValidationError("The file is empty.")
    header = [cell.strip().lower() for cell in rows[0]]
    for by, names in COLUMNS.items():
        for name in names:
            if name in header and (by != "distinct_id" or len(header) > 1):
                return by, column(rows[1:], header.index(name))
    if len(header) > 1:
        raise ValidationError(
            "A file of several columns needs one called person_id, distinct_id or email."
        )
    skipped = header[0] in COLUMNS["distinct_id"]
    return "distinct_id", column(rows[1:] if skipped else rows, 0)


def column(rows: list[list[str]], index: int) -> list[str]:
    values = [row[index].strip() for row in rows if index < len(row)]
    values = [value for value in values if value and "\0" not in value]
    if not values:
        raise ValidationError("The file names no persons.")
    return values
