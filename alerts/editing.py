"""Making, changing, snoozing and deleting alerts on insights.

Every change takes the alert from the worker that may be checking it, whose result would be about
the alert as it was.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from alerts.models import Alert, AlertCheck, AlertSubscription, Threshold
from alerts.models.alerts import State
from alerts.questions import question_of
from alerts.scheduling import next_check
from insights.models import Insight
from notifications import destinations
from posthog_clone.api.times import iso
from projects.activity import changes_between, log_activity
from projects.models import OrganizationMembership, Project, User

SCOPE = "AlertConfiguration"
COLUMNS = (
    *("name", "insight", "condition", "config", "calculation_interval", "enabled"),
    *("skip_weekend", "schedule_restriction"),
)
# What makes the last result say nothing about the next one.
MEANING = {"threshold", "condition", "config", "insight"}


@transaction.atomic
def create_alert(project: Project, fields: dict[str, Any], user: User, now: datetime) -> Alert:
    columns = {name: fields[name] for name in COLUMNS if name in fields}
    threshold = Threshold.objects.create(
        project=project, insight=fields["insight"], created_by=user, **fields["threshold"]
    )
    alert = Alert(project=project, threshold=threshold, created_by=user, created_at=now, **columns)
    if until := fields.get("snoozed_until"):
        alert.state, alert.snoozed_until = State.SNOOZED, until
    alert.save(force_insert=True)
    subscribe(alert, fields["subscribed_users"], user)
    log(alert, user, "created")
    return alert


@transaction.atomic
def change_alert(alert: Alert, fields: dict[str, Any], user: User, now: datetime) -> Alert:
    """Change what is given; returns the alert as it is then."""
    alert = locked(alert)
    before = logged(alert)
    old = {name: getattr(alert, name) for name in COLUMNS}
    for name in COLUMNS:
        setattr(alert, name, fields.get(name, old[name]))
    changed = {name for name in COLUMNS if getattr(alert, name) != old[name]}
    if change_threshold(alert, fields.get("threshold") or {}):
        changed.add("threshold")
    if "subscribed_users" in fields:
        subscribe(alert, fields["subscribed_users"], user)
    reschedule(alert, changed, now)
    if "snoozed_until" in fields:
        put_to_sleep(alert, fields["snoozed_until"], now)
    let_go(alert)
    if changes := changes_between(SCOPE, before, logged(alert)):
        log(alert, user, "updated", changes)
    return alert


def locked(alert: Alert) -> Alert:
    rows = Alert.objects.select_related("project", "insight", "threshold")
    return rows.select_for_update(of=("self",)).get(pk=alert.pk)


def let_go(alert: Alert) -> None:
    alert.claim = alert.held_until = None
    alert.save()


def change_threshold(alert: Alert, fields: dict[str, Any]) -> bool:
    """Whether its bounds are others than before."""
    threshold = alert.threshold
    old = threshold.configuration
    for name, value in fields.items():
        setattr(threshold, name, value)
    threshold.insight = alert.insight
    threshold.save()
    return threshold.configuration != old


def reschedule(alert: Alert, changed: set[str], now: datetime) -> None:
    if "schedule_restriction" in changed:
        alert.next_check_at = next_check(
            alert.calculation_interval,
            now,
            alert.project.tz,
            restriction=alert.schedule_restriction,
        )
    if changed & MEANING or ("enabled" in changed and not alert.enabled):
        alert.state, alert.snoozed_until = unless_snoozed(alert)
    if changed & {*MEANING, "calculation_interval", "enabled"}:
        alert.next_check_at = None


def unless_snoozed(alert: Alert) -> tuple[str, datetime | None]:
    if alert.enabled and alert.state == State.SNOOZED:
        return State.SNOOZED, alert.snoozed_until
    return State.NOT_FIRING, None


def put_to_sleep(alert: Alert, until: datetime | None, now: datetime) -> None:
    """Snooze the alert, or wake it; a check tells so."""
    if until is None and alert.snoozed_until is None and alert.state != State.SNOOZED:
        return
    alert.snoozed_until = until
    alert.state = State.SNOOZED if until else State.NOT_FIRING
    AlertCheck.objects.create(alert=alert, state=alert.state, created_at=now)


def snooze_alert(alert: Alert, until: datetime | None, user: User, now: datetime) -> Alert:
    return change_alert(alert, {"snoozed_until": until}, user, now)


@transaction.atomic
def check_soon(alert: Alert) -> None:
    """Have the alert checked as soon as a worker is free."""
    alert = locked(alert)
    alert.next_check_at = None
    let_go(alert)


def subscribe(alert: Alert, members: list[OrganizationMembership], user: User) -> None:
    """Make these the subscribers, and nobody else."""
    alert.subscriptions.exclude(member__in=members).delete()
    AlertSubscription.objects.bulk_create(
        (AlertSubscription(alert=alert, member=member, created_by=user) for member in members),
        ignore_conflicts=True,
    )


@transaction.atomic
def delete_alert(alert: Alert, user: User | None) -> None:
    """Delete the alert with its checks, and retire the destinations that tell of it."""
    log(alert, user, "deleted")
    destinations.retire(alert.project, "alert_id", str(alert.id))
    alert.threshold.delete()  # and with it the alert


def follow_insight(insight: Insight, user: User | None) -> None:
    """Delete the alerts of an insight that is gone or asks what alerts can't be on."""
    if not insight.deleted and question_of(insight.query):
        return
    for alert in insight.alerts.select_related("project", "insight", "threshold"):
        delete_alert(alert, user)


def logged(alert: Alert) -> dict[str, Any]:
    names = ("name", "condition", "config", "calculation_interval", "enabled", "skip_weekend")
    members = alert.subscriptions.values_list("member__user_id", flat=True)
    return {
        **{name: getattr(alert, name) for name in names},
        "insight": alert.insight_id,
        "threshold": alert.threshold.configuration,
        "subscribed_users": sorted(members),
        "snoozed_until": iso(alert.snoozed_until),
        "schedule_restriction": alert.schedule_restriction,
    }


def log(alert: Alert, user: User | None, activity: str, changes: list | None = None) -> None:
    log_activity(
        alert.project,
        user=user,
        scope=SCOPE,
        item_id=alert.id,
        activity=activity,
        name=alert.name,
        changes=changes or [],
    )
