"""Counting the members of cohorts: soon after they change, and every day."""

import logging
from datetime import datetime, timedelta

from django.db.models import F
from django.db.models.functions import Coalesce
from rest_framework.exceptions import APIException

from persons.cohorts.querying import count_members
from persons.models import Cohort

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
DAY = timedelta(days=1)
AFTER_ERROR = timedelta(hours=1)
BATCH = 10


def calculate_due(now: datetime) -> int:
    """Count some that are due; returns how many. Several workers share the work: a claim that runs
    out, since its worker was killed say, is another one's."""
    due = Cohort.objects.live().filter(due_at__lte=now).select_related("project")
    cohorts = list(due.order_by("due_at", "id")[:BATCH])
    for cohort in cohorts:
        lease = now + LEASE
        rows = Cohort.objects.filter(id=cohort.id, due_at=cohort.due_at)
        if rows.update(due_at=lease):
            calculate(cohort, now, lease)
    return len(cohorts)


def calculate(cohort: Cohort, now: datetime, lease: datetime) -> None:
    # Changed meanwhile, it is due again, and that is another calculation's.
    rows = Cohort.objects.filter(id=cohort.id, due_at=lease)
    try:
        count = count_members(cohort, cohort.project, now)
    except APIException as error:
        logger.warning("Cohort %d could not be counted: %s", cohort.id, error)
        rows.update(
            is_calculating=False,
            errors_calculating=F("errors_calculating") + 1,
            due_at=now + AFTER_ERROR,
        )
        return
    rows.update(
        is_calculating=False,
        count=count,
        version=Coalesce(F("version"), 0) + 1,
        last_calculation=now,
        errors_calculating=0,
        due_at=now + DAY,
    )
