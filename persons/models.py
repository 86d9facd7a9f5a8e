"""Persons, the distinct ids that lead to them, groups and cohorts."""

import time
import uuid
from typing import Any

import orjson
from django.conf import settings
from django.db import models
from django.db.models.fields.json import KT
from django.db.models.functions import Concat, Substr
from django.utils import timezone

from projects.models import Project

PERSON_NAMESPACE = uuid.UUID("932979b4-65c3-4424-8467-0b66ec27bc22")


def person_uuid(project_id: int, distinct_id: str) -> uuid.UUID:
    """The uuid a person gets from the first distinct id seen of it; clients compute it too."""
    return uuid.uuid5(PERSON_NAMESPACE, f"{project_id}:{distinct_id}")


def next_version(previous: int = 0) -> int:
    """A version for a row that is made or changed now.

    The clock in microseconds, so that a row made again after its deletion outdoes the tombstone
    without anybody having kept count; and always above the previous one, should the clock be
    behind. Tombstones take the previous version plus one instead: they lie in the past, and so
    hosts whose clocks differ a little still agree that what was made later wins.
    """
    return max(previous + 1, time.time_ns() // 1000)


class JSONEncoder:
    """What json.dumps asks of an encoder, by orjson."""

    def __init__(self, **options: Any):
        pass

    def encode(self, value: Any) -> str:
        return orjson.dumps(value).decode()


class JSONDecoder:
    """What json.loads asks of a decoder, by orjson.

    Faster, and it reads 1e300 as a float: PostgreSQL writes that number out digit by digit, which
    the standard library would read as an integer no other part of the server can write.
    """

    def __init__(self, **options: Any):
        pass

    def decode(self, text: str) -> Any:
        return orjson.loads(text)


class PersonQuerySet(models.QuerySet):
    def locked(self) -> "PersonQuerySet":
        """Locked until the transaction ends, each waited for in the same order by everybody.

        Whoever changes a person, or gives it or takes from it a distinct id, locks it first.
        """
        return self.select_for_update(of=("self",)).order_by("id")

    def with_distinct_ids(self, at_most: int | None = None) -> "PersonQuerySet":
        """Load each one's distinct ids too, or the oldest few, as `person.distinct_ids`."""
        rows = PersonDistinctId.objects.order_by("id")[:at_most]
        return self.prefetch_related(
            models.Prefetch("distinct_id_rows", rows, to_attr="loaded_distinct_ids")
        )


class Person(models.Model):
    uuid = models.UUIDField(default=uuid.uuid4)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    properties = models.JSONField(default=dict, encoder=JSONEncoder, decoder=JSONDecoder)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    is_identified = models.BooleanField(default=False)
    version = models.BigIntegerField(default=0)
    """Grows with every change; the analytics store keeps the copy with the highest."""

    # Kept by the database, so that lists find persons without reading all properties.
    email = models.GeneratedField(
        expression=Substr(KT("properties__email"), 1, 200),
        output_field=models.CharField(max_length=200, null=True),
        db_persist=True,
    )
    email_and_name = models.GeneratedField(
        expression=Substr(
            Concat(
                KT("properties__email"),
                models.Value(" ", models.TextField()),
                KT("properties__name"),
            ),
            1,
            400,
        ),
        output_field=models.CharField(max_length=400),
        db_persist=True,
    )

    objects = PersonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "uuid"], name="unique_person_uuid")
        ]
        indexes = [
            models.Index(fields=["project", "email", "-created_at", "-id"], name="person_by_email"),
            # With what a search looks at, so that it needn't leave the index.
            models.Index(
                fields=["project", "-created_at", "-id", "email_and_name"],
                name="person_newest_first",
            ),
        ]

    def __str__(self):
        return str(self.uuid)

    @property
    def distinct_ids(self) -> list[str]:
        """What `with_distinct_ids` has loaded, oldest first."""
        return [row.distinct_id for row in self.loaded_distinct_ids]


class PersonDistinctId(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="distinct_id_rows")
    distinct_id = models.CharField(max_length=400)
    version = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "distinct_id"], name="unique_person_distinct_id"
            )
        ]

    def __str__(self):
        return self.distinct_id


class GroupType(models.Model):
    """One of a project's at most five kinds of group: company, workspace …"""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="group_types")
    name = models.CharField(max_length=400)
    name_singular = models.CharField(max_length=400, null=True, blank=True)
    name_plural = models.CharField(max_length=400, null=True, blank=True)
    index = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="unique_group_type_name"),
            models.UniqueConstraint(fields=["project", "index"], name="unique_group_type_index"),
            models.CheckConstraint(
                condition=models.Q(index__lte=4), name="group_type_index_up_to_4"
            ),
        ]

    def __str__(self):
        return self.name


class Group(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    type_index = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=400)
    properties = models.JSONField(default=dict, encoder=JSONEncoder, decoder=JSONDecoder)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    version = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "type_index", "key"], name="unique_group_key"
            )
        ]
        indexes = [
            models.Index(
                fields=["project", "type_index", "-created_at", "-id"], name="group_newest_first"
            )
        ]

    def __str__(self):
        return self.key


class EventsDeletion(models.Model):
    """Events of a person that are to be deleted: those received until it was asked for."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    person_uuid = models.UUIDField()
    distinct_ids = models.JSONField()
    """Whose events they are; the person may be gone by now."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    due_at = models.DateTimeField(default=timezone.now)
    """When to look at it next."""
    last_block = models.BigIntegerField(null=True, blank=True)
    """With this block of the outbox, the last of the events are in the analytics store."""
    verified_at = models.DateTimeField(null=True, blank=True)
    """When none of them was found any more; None: they are to be deleted still."""

    class Meta:
        indexes = [
            models.Index(fields=["project", "-created_at", "-id"], name="deletion_newest_first"),
            models.Index(
                fields=["due_at"], condition=models.Q(verified_at=None), name="deletion_waiting"
            ),
        ]

    def __str__(self):
        return f"events of {self.person_uuid}"


class CohortQuerySet(models.QuerySet):
    def live(self) -> "CohortQuerySet":
        return self.filter(deleted=False)


class Cohort(models.Model):
    """Some of a project's persons: listed one by one, or all who satisfy conditions."""

    id = models.AutoField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=400)
    description = models.CharField(max_length=1000, blank=True, default="")
    is_static = models.BooleanField(default=False)
    filters = models.JSONField(null=True, blank=True)
    """`{"properties": group}` (persons/cohorts/conditions.py); None of static ones."""
    deleted = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    count = models.PositiveIntegerField(null=True, blank=True)
    """How many persons were in it at `last_calculation`."""
    version = models.PositiveIntegerField(null=True, blank=True)
    """Grows with every calculation."""
    is_calculating = models.BooleanField(default=False)
    last_calculation = models.DateTimeField(null=True, blank=True)
    errors_calculating = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    """When to count it next; None: never."""

    objects = CohortQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(deleted=False), name="cohort_to_calculate"
            )
        ]

    def __str__(self):
        return self.name


class CohortPerson(models.Model):
    """A member of a static cohort."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cohort", "person"], name="unique_cohort_member")
        ]

    def __str__(self):
        return f"{self.person} in {self.cohort}"
