"""Alerts on insights."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import Case, F, OuterRef, Prefetch, Q, Subquery, Value, When
from django.utils import timezone
from django.utils.functional import cached_property
from uuid_utils.compat import uuid7

from alerts.models.scheduled import Scheduled, ScheduledQuerySet
from insights.models import Insight
from projects.models import OrganizationMembership, Project, User


class State(models.TextChoices):
    FIRING = "Firing"
    NOT_FIRING = "Not firing"
    ERRORED = "Errored"
    SNOOZED = "Snoozed"


class Interval(models.TextChoices):
    REAL_TIME = "real_time"
    EVERY_15_MINUTES = "every_15_minutes"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Threshold(models.Model):
    """The bounds of one alert. It has an id of its own in the API."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    insight = models.ForeignKey(Insight, on_delete=models.CASCADE, related_name="thresholds")
    name = models.CharField(max_length=255, blank=True, default="")
    configuration = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        indexes = [
            models.Index(fields=["insight", "-created_at", "-id"], name="threshold_newest_first")
        ]

    def __str__(self):
        return self.name or str(self.id)


LISTED = [
    *("id", "project_id", "created_by_id", "created_at", "insight_id", "name"),
    *("threshold_id", "threshold__created_at", "threshold__name", "threshold__configuration"),
    *("condition", "state", "enabled", "last_notified_at", "last_checked_at", "next_check_at"),
    *("config", "calculation_interval", "snoozed_until", "skip_weekend", "schedule_restriction"),
    "last_value",
]


ALERTS_PER_INSIGHT = 10
"""On average, of those that are claimed together."""


class AlertQuerySet(ScheduledQuerySet):
    def due(self, now: datetime) -> Self:
        return (
            super()
            .due(now)
            .filter(Q(snoozed_until=None) | Q(snoozed_until__lt=now), insight__deleted=False)
        )

    def in_turn(self) -> Self:
        """The more often one is checked, the less it can wait."""
        urgency = Case(
            When(next_check_at=None, then=Value(0)),
            When(calculation_interval__in=["real_time", "every_15_minutes"], then=Value(1)),
            When(calculation_interval=Interval.HOURLY, then=Value(2)),
            When(calculation_interval=Interval.DAILY, then=Value(3)),
            default=Value(4),
        )
        return self.order_by(urgency, F("next_check_at").asc(nulls_first=True), "id")

    def chosen(self, limit: int) -> Self:
        """The first, and with them those on the same insights: one query answers them all."""
        insights = set(self.values_list("insight_id", flat=True)[:limit])
        return self.filter(insight__in=insights)[: ALERTS_PER_INSIGHT * limit]

    def with_subscribed(self) -> Self:
        subscriptions = AlertSubscription.objects.select_related("member__user")
        return self.prefetch_related(Prefetch("subscriptions", subscriptions, "subscribed"))

    def as_rows(self) -> Self:
        """Plain rows for lists: making a hundred alerts with thresholds takes twice as long."""
        return self.select_related(None).prefetch_related(None).values_list(*LISTED, named=True)

    def with_last_value(self) -> Self:
        newest = AlertCheck.objects.filter(alert=OuterRef("pk")).order_by("-created_at", "-id")
        return self.annotate(last_value=Subquery(newest.values("calculated_value")[:1]))


class Alert(Scheduled):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    insight = models.ForeignKey(Insight, on_delete=models.CASCADE, related_name="alerts")
    name = models.CharField(max_length=255, blank=True, default="")
    threshold = models.OneToOneField(Threshold, on_delete=models.CASCADE, related_name="alert")
    condition = models.JSONField()
    config = models.JSONField()
    calculation_interval = models.CharField(
        max_length=20, choices=Interval.choices, default=Interval.DAILY
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.NOT_FIRING)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    skip_weekend = models.BooleanField(null=True, default=False)
    schedule_restriction = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    subscribers = models.ManyToManyField(
        OrganizationMembership, through="AlertSubscription", related_name="+"
    )

    objects = AlertQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["project", "-created_at", "-id"], name="alert_newest_first"),
            models.Index(fields=["next_check_at"], condition=Q(enabled=True), name="alert_due"),
        ]

    def __str__(self):
        return self.title

    @property
    def title(self) -> str:
        return self.name or f"Alert on {self.insight.title}"

    @cached_property
    def subscribed(self) -> list["AlertSubscription"]:
        """In the order in which they came; `with_subscribed` fetches those of many alerts."""
        return list(self.subscriptions.select_related("member__user"))

    @property
    def subscribed_users(self) -> list[User]:
        return [each.member.user for each in self.subscribed]


class AlertSubscriptionQuerySet(models.QuerySet):
    def user_ids_by_alert(self, page: Sequence[Alert]) -> dict[UUID, list[int]]:
        """Of alerts of one project in order of `created_at`, in the order in which they came.

        By the page's ends: a list of a hundred ids takes longer to spell out than to look up.
        """
        if not page:
            return {}
        ends = sorted([page[0].created_at, page[-1].created_at])
        rows = self.filter(alert__project=page[0].project_id, alert__created_at__range=ends)
        found = defaultdict(list)
        for alert_id, user_id in rows.order_by("id").values_list("alert_id", "member__user_id"):
            found[alert_id].append(user_id)
        return found


class AlertSubscription(models.Model):
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="subscriptions")
    member = models.ForeignKey(OrganizationMembership, on_delete=models.CASCADE, related_name="+")
    """Who leaves the organization hears no more of its alerts."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = AlertSubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["alert", "member"], name="unique_alert_subscription")
        ]

    def __str__(self):
        return f"{self.member.user} to {self.alert}"


class AlertCheck(models.Model):
    """One look at an alert, or a snooze. Its id names the e-mails and deliveries it caused."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="checks")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    calculated_value = models.FloatField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices)
    breaches = models.JSONField(default=list, blank=True)
    """A line each, as people were told."""
    error = models.TextField(blank=True, default="")
    """For operators; the API does not show it."""
    targets_notified = models.JSONField(default=dict, blank=True)
    """`{"users": [addresses], "destinations": how many}`; empty when nobody was to be told."""

    class Meta:
        indexes = [
            models.Index(fields=["alert", "-created_at", "-id"], name="alert_check_newest_first"),
            models.Index(fields=["created_at"], name="alert_check_age"),
        ]

    def __str__(self):
        return f"{self.state} at {self.created_at:%Y-%m-%d %H:%M}"
