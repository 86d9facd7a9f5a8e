"""Making, changing, resetting and deleting alerts on logs."""

from datetime import datetime
from typing import Any

from django.db import transaction
from rest_framework.exceptions import ValidationError

from alerts.models import LogsAlert, LogsAlertEvent
from alerts.models.logs import LogsState
from notifications import destinations
from posthog_clone.api.errors import Conflict
from projects.models import Project, User

MAX_ALERTS = 20
UNTITLED = "Untitled alert"
Kind = LogsAlertEvent.Kind
# What makes the checks so far say nothing about the next one.
MEANING = {
    *("threshold_count", "threshold_operator", "filters"),
    *("datapoints_to_alarm", "evaluation_periods"),
}
RESETTABLE = (LogsState.BROKEN, LogsState.ERRORED)


@transaction.atomic
def create_alert(project: Project, fields: dict[str, Any], user: User, now: datetime) -> LogsAlert:
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # two at once count as two
    if LogsAlert.objects.filter(project=project).count() >= MAX_ALERTS:
        raise ValidationError(f"A project may have at most {MAX_ALERTS} alerts on logs.")
    fields = {**fields, "name": fields.get("name", "").strip() or UNTITLED}
    alert = LogsAlert(project=project, created_by=user, created_at=now, **fields)
    if alert.snooze_until:
        alert.state = LogsState.SNOOZED
    if alert.enabled:
        alert.first_enabled_at = now
    alert.save(force_insert=True)
    return alert


@transaction.atomic
def change_alert(alert: LogsAlert, fields: dict[str, Any], now: datetime) -> None:
    """Change what is given; a worker that is at the alert loses it."""
    alert.refresh_from_db(from_queryset=LogsAlert.objects.select_for_update())
    changed = {name for name, value in fields.items() if getattr(alert, name) != value}
    for name, value in fields.items():
        setattr(alert, name, value)
    alert.name = alert.name.strip() or UNTITLED
    if kind := happened(alert, changed):
        move_on(alert, kind, now)
    if changed & {*MEANING, "window_minutes", "enabled", "schedule_restriction"}:
        alert.next_check_at = None
    if alert.enabled and alert.first_enabled_at is None:
        alert.first_enabled_at = now
    alert.claim = alert.held_until = None
    alert.save()


def happened(alert: LogsAlert, changed: set[str]) -> str | None:
    """What of all that was changed counts."""
    if "enabled" in changed:
        return Kind.ENABLE if alert.enabled else Kind.DISABLE
    if "snooze_until" in changed:
        return Kind.SNOOZE if alert.snooze_until else Kind.UNSNOOZE
    return Kind.THRESHOLD_CHANGE if changed & MEANING else None


def move_on(alert: LogsAlert, kind: str, now: datetime) -> None:
    """To the state that the event brings, and write the event."""
    before = alert.state
    is_asleep = alert.enabled and alert.snooze_until and alert.snooze_until > now
    alert.state = LogsState.SNOOZED if is_asleep else LogsState.NOT_FIRING
    alert.consecutive_failures = 0
    LogsAlertEvent.objects.create(
        alert=alert, created_at=now, kind=kind, state_before=before, state_after=alert.state
    )


@transaction.atomic
def reset_alert(alert: LogsAlert, now: datetime) -> None:
    """Give an alert that could not be checked another chance. Raises Conflict."""
    alert.refresh_from_db(from_queryset=LogsAlert.objects.select_for_update())
    if alert.state not in RESETTABLE:
        raise Conflict(f"Only a broken or errored alert can be reset; this one is {alert.state}.")
    move_on(alert, Kind.RESET, now)
    alert.next_check_at = alert.claim = alert.held_until = None
    alert.save()


@transaction.atomic
def delete_alert(alert: LogsAlert) -> None:
    destinations.retire(alert.project, "alert_id", str(alert.id))
    alert.delete()
