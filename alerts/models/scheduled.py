"""What is checked again and again, by one worker at a time."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Self
from uuid import uuid4

from django.db import models, transaction
from django.db.models import F, Q

from projects.models import Project

PROJECTS_TRIED = 20
LEASE = timedelta(seconds=30)


class ScheduledQuerySet(models.QuerySet):
    def due(self, now: datetime) -> Self:
        """What is to be checked and nobody is at."""
        return self.filter(
            Q(next_check_at=None) | Q(next_check_at__lte=now),
            Q(held_until=None) | Q(held_until__lte=now),
            enabled=True,
        )

    def in_turn(self) -> Self:
        """What was never checked first, then who has waited longest."""
        return self.order_by(F("next_check_at").asc(nulls_first=True), "id")

    def claim(self, now: datetime, limit: int) -> list["Scheduled"]:
        """Take some that are due, all of one project that no other worker is at.

        A claim runs out after LEASE unless it is renewed (claims.py), so what a killed worker held
        is soon another's.
        """
        waiting = self.due(now).in_turn().values_list("project_id", flat=True)
        for project_id in list(dict.fromkeys(waiting[: PROJECTS_TRIED * limit]))[:PROJECTS_TRIED]:
            if claimed := self.claim_of(project_id, now, limit):
                return claimed
        return []

    @transaction.atomic
    def claim_of(self, project_id: int, now: datetime, limit: int) -> list["Scheduled"]:
        projects = Project.objects.filter(id=project_id)
        if not projects.select_for_update(skip_locked=True, no_key=True).exists():
            return []  # another worker is choosing here
        own = self.model.objects.filter(project_id=project_id)
        if own.filter(held_until__gt=now).exclude(claim=None).exists():
            return []
        due = self.due(now).filter(project_id=project_id).in_turn()
        chosen = due.chosen(limit).select_for_update(skip_locked=True, of=("self",))
        rows = list(chosen)
        if rows:
            claim, until = uuid4(), now + LEASE
            own.filter(id__in=[row.id for row in rows]).update(claim=claim, held_until=until)
            for row in rows:
                row.claim, row.held_until = claim, until
        return rows

    def chosen(self, limit: int) -> Self:
        """Of these, in their order, those to be taken up together."""
        return self[:limit]

    def held_by(self, rows: Iterable["Scheduled"]) -> Self:
        """Of these, which were claimed together, those that nobody has changed or taken since."""
        rows = list(rows)
        claims = {row.claim for row in rows}
        return self.filter(id__in=[row.id for row in rows], claim__in=claims)

    def renew(self, rows: Iterable["Scheduled"], now: datetime) -> None:
        self.held_by(rows).update(held_until=now + LEASE)

    def release(self, rows: Iterable["Scheduled"], until: datetime | None = None) -> None:
        """Give them back unchecked: to be had at once, or from `until` on."""
        self.held_by(rows).update(claim=None, held_until=until)


class Scheduled(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    enabled = models.BooleanField(default=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    """None means as soon as possible."""
    last_checked_at = models.DateTimeField(null=True, blank=True)
    last_notified_at = models.DateTimeField(null=True, blank=True)
    claim = models.UUIDField(null=True, blank=True, editable=False)
    """Of the worker that is at it. Whoever changes the row takes it away, and the worker's result
    is thrown away with it: it is about what no longer holds."""
    held_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ScheduledQuerySet.as_manager()

    class Meta:
        abstract = True
