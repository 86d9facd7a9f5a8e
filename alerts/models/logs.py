"""Alerts on log lines: on how many of them there were in the last minutes."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone
from uuid_utils.compat import uuid7

from alerts.models.scheduled import Scheduled, ScheduledQuerySet
from projects.models import User


class LogsState(models.TextChoices):
    NOT_FIRING = "not_firing"
    FIRING = "firing"
    ERRORED = "errored"
    SNOOZED = "snoozed"
    BROKEN = "broken"


class LogsAlertQuerySet(ScheduledQuerySet):
    def due(self, now: datetime) -> Self:
        return (
            super()
            .due(now)
            .filter(Q(snooze_until=None) | Q(snooze_until__lte=now))
            .exclude(state=LogsState.BROKEN)
        )

    def with_last_error(self) -> Self:
        """Adds `last_error`: of the newest check."""
        newest = LogsAlertEvent.objects.filter(
            alert=OuterRef("pk"), kind=LogsAlertEvent.Kind.CHECK
        ).order_by("-created_at", "-id")
        return self.annotate(last_error=Subquery(newest.values("error_message")[:1]))


class LogsAlert(Scheduled):
    class Operator(models.TextChoices):
        ABOVE = "above"
        BELOW = "below"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=255)
    filters = models.JSONField(default=dict, blank=True)
    """`severityLevels`, `serviceNames`, `searchTerm` and `filterGroup` of a LogsQuery."""
    threshold_count = models.PositiveIntegerField(default=100)
    threshold_operator = models.CharField(
        max_length=5, choices=Operator.choices, default=Operator.ABOVE
    )
    window_minutes = models.PositiveSmallIntegerField(default=5)
    evaluation_periods = models.PositiveSmallIntegerField(default=1)
    datapoints_to_alarm = models.PositiveSmallIntegerField(default=1)
    """How many of the last `evaluation_periods` checks must be beyond the threshold."""
    cooldown_minutes = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=15, choices=LogsState.choices, default=LogsState.NOT_FIRING)
    snooze_until = models.DateTimeField(null=True, blank=True)
    schedule_restriction = models.JSONField(null=True, blank=True)
    consecutive_failures = models.PositiveSmallIntegerField(default=0)
    first_enabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    objects = LogsAlertQuerySet.as_manager()

    class Meta:
        verbose_name = "logs alert"
        indexes = [
            models.Index(fields=["project", "-created_at", "-id"], name="logs_alert_newest_first"),
            models.Index(
                fields=["next_check_at"], condition=Q(enabled=True), name="logs_alert_due"
            ),
        ]

    def __str__(self):
        return self.name


class LogsAlertEvent(models.Model):
    """What happened to an alert: checks, and what people did."""

    class Kind(models.TextChoices):
        CHECK = "check"
        RESET = "reset"
        ENABLE = "enable"
        DISABLE = "disable"
        SNOOZE = "snooze"
        UNSNOOZE = "unsnooze"
        THRESHOLD_CHANGE = "threshold_change"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    alert = models.ForeignKey(LogsAlert, on_delete=models.CASCADE, related_name="events")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    state_before = models.CharField(max_length=15, choices=LogsState.choices)
    state_after = models.CharField(max_length=15, choices=LogsState.choices)
    threshold_breached = models.BooleanField(default=False)
    result_count = models.PositiveBigIntegerField(null=True, blank=True)
    error_message = models.TextField(null=True, blank=True)
    query_duration_ms = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = "logs alert event"
        indexes = [
            models.Index(fields=["alert", "-created_at", "-id"], name="logs_alert_event_newest"),
            models.Index(fields=["created_at"], name="logs_alert_event_age"),
        ]

    def __str__(self):
        return f"{self.kind} at {self.created_at:%Y-%m-%d %H:%M}"
