"""What is to be sent, written in the transaction of its cause and sent after it."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from uuid_utils.compat import uuid7

# When to try again after the first, second and third failure.
BACKOFF = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5))


class OutboundQuerySet(models.QuerySet):
    def due(self, now: datetime) -> Self:
        return self.filter(state=Outbound.State.PENDING, next_attempt_at__lte=now)

    def next_in_turn(self, now: datetime) -> Self:
        """Those that are due, who has waited longest first."""
        return self.due(now).order_by("next_attempt_at", "id")

    def claim(self, now: datetime, limit: int) -> list["Outbound"]:
        """Take some that are due for the time of a LEASE: no other sender gets them meanwhile."""
        ids = list(self.next_in_turn(now).values_list("id", flat=True)[:limit])
        if not ids:
            return []
        with transaction.atomic():
            free = self.due(now).filter(id__in=ids)
            claimed = list(free.select_for_update(skip_locked=True, of=("self",)))
            self.model.objects.filter(id__in=[row.id for row in claimed]).update(
                attempts=F("attempts") + 1, next_attempt_at=now + self.model.LEASE
            )
        for row in claimed:
            row.attempts += 1
        return claimed

    def requeue(self, now: datetime) -> int:
        """Start anew with what failed or was cancelled; returns how many there were."""
        given_up = self.filter(state__in=[Outbound.State.FAILED, Outbound.State.CANCELLED])
        return given_up.update(
            state=Outbound.State.PENDING,
            attempts=0,
            next_attempt_at=now,
            finished_at=None,
            error="",
        )


class Outbound(models.Model):
    class State(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")

    objects = OutboundQuerySet.as_manager()

    LEASE: timedelta
    """How long a sender has before another takes over: longer than sending can take."""

    class Meta:
        abstract = True
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state="pending"),
                name="%(class)s_due",
            ),
            models.Index(
                fields=["finished_at"],
                condition=Q(finished_at__isnull=False),
                name="%(class)s_finished",
            ),
        ]

    def settle(self, state: str, now: datetime, error: str = "") -> bool:
        """Write how the claimed attempt ended; False when another sender has taken over."""
        self.state, self.error, self.finished_at = state, error, now
        return self._write(state=state, error=error, finished_at=now)

    def retry_later(self, now: datetime, error: str) -> bool:
        """Write when to try again; False when another sender has taken over."""
        self.error, self.next_attempt_at = error, now + BACKOFF[self.attempts - 1]
        return self._write(error=error, next_attempt_at=self.next_attempt_at)

    @property
    def may_retry(self) -> bool:
        return self.attempts <= len(BACKOFF)

    def _write(self, **fields) -> bool:
        ours = type(self).objects.filter(
            pk=self.pk, state=self.State.PENDING, attempts=self.attempts
        )
        return ours.update(**fields) == 1
