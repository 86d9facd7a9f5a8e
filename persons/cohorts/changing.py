"""Cohorts made, changed and deleted by hand."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from rest_framework.exceptions import ValidationError

from persons.cohorts import members
from persons.cohorts.filters import in_filters, referred_cohorts
from persons.models import Cohort, Person
from projects.activity import Change, changes_between, log_activity
from projects.models import Project, User

LOGGED = ("name", "description", "filters", "is_static")


@transaction.atomic
def create(project: Project, fields: Mapping[str, Any], user: User | None) -> Cohort:
    cohort = Cohort(project=project, created_by=user, **fields)
    if not cohort.is_static:
        recalculate(cohort)
    cohort.save()
    log(cohort, "created", user)
    return cohort


@transaction.atomic
def change(cohort: Cohort, fields: Mapping[str, Any], user: User | None) -> None:
    """What changes nothing leaves no trace. Raises ValidationError when it is deleted though
    something uses it."""
    before, was_deleted = logged(cohort), cohort.deleted
    for name, value in fields.items():
        setattr(cohort, name, value)
    if cohort.deleted and not was_deleted:
        check_unused(cohort)
    if not cohort.is_static:
        recalculate(cohort)
    cohort.save(update_fields=[*fields, "is_calculating", "due_at"])
    changes = changes_between("Cohort", before, logged(cohort))
    if cohort.deleted != was_deleted:
        log(cohort, "deleted" if cohort.deleted else "restored", user)
    elif changes:
        log(cohort, "updated", user, changes)


def recalculate(cohort: Cohort) -> None:
    cohort.is_calculating = not cohort.deleted
    cohort.due_at = timezone.now()


def add_members(cohort: Cohort, uuids: list[str], user: User | None) -> None:
    before = cohort.count
    members.add(cohort, uuids)
    log_count(cohort, before, user)


def remove_member(cohort: Cohort, person: Person, user: User | None) -> None:
    before = cohort.count
    members.remove(cohort, person)
    log_count(cohort, before, user)


def log_count(cohort: Cohort, before: int | None, user: User | None) -> None:
    cohort.refresh_from_db(fields=["count"])
    if cohort.count != before:
        change = Change("Cohort", "changed", "count", before, cohort.count)
        log(cohort, "updated", user, [change])


def check_unused(cohort: Cohort) -> None:
    others = Cohort.objects.live().filter(project=cohort.project_id).exclude(id=cohort.id)
    for other in others.filter(is_static=False).only("id", "name", "filters"):
        if cohort.id in in_filters(other.filters):
            raise in_use(f"by cohort {other.name!r} (ID {other.id})")
    if cohort.id in referred_cohorts(cohort.project.all_settings["test_account_filters"]):
        raise in_use("in the project's test account filters")
    for path in settings.COHORT_USES:
        if where := import_string(path)(cohort.project, cohort.id):
            raise in_use(where)


def in_use(where: str) -> ValidationError:
    return ValidationError({"deleted": f"This cohort is used {where}: remove it there first."})


def logged(cohort: Cohort) -> dict[str, Any]:
    return {name: getattr(cohort, name) for name in LOGGED}


def log(cohort: Cohort, activity: str, user: User | None, changes=()) -> None:
    log_activity(
        cohort.project,
        user=user,
        scope="Cohort",
        item_id=cohort.id,
        activity=activity,
        name=cohort.name,
        changes=changes,
    )
