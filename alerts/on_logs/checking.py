"""Checking alerts on logs when they are due, as alerts.checking does those on insights."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from rest_framework.exceptions import APIException

import clickhouse
from alerts.blocking import is_blocked, next_free
from alerts.claims import kept
from alerts.models import LogsAlert, LogsAlertEvent
from alerts.models.logs import LogsState
from alerts.on_logs.counting import STEP, count
from alerts.on_logs.states import Notice, Situation, decide, decide_failed, is_breach
from alerts.on_logs.telling import tell
from alerts.scheduling import step_on
from hogql.failures import as_api_error
from posthog_clone.api.errors import body_of

logger = logging.getLogger(__name__)

AT_ONCE = 20
RETRY = timedelta(seconds=30)
KEPT = timedelta(days=14)
PRUNED_AT_ONCE = 1000
CHECK = LogsAlertEvent.Kind.CHECK


@dataclass(frozen=True)
class Finding:
    """How many lines there were, or why nobody can tell."""

    count: int | None = None
    error: str | None = None
    milliseconds: int = 0


def check_due(now: datetime) -> int:
    """Check a project's alerts on logs that are due; returns how many were taken up."""
    alerts = LogsAlert.objects.select_related("project").claim(now, AT_ONCE)
    if not alerts:
        return 0
    with kept(alerts, now):
        for alert in alerts:
            try:
                check(alert, now)
            except clickhouse.Unavailable as error:
                logger.warning("Alerts on logs wait for the analytics store: %s", error)
                break
            except Exception:  # one alert must not keep the others from being checked
                logger.exception("The check of the logs alert %s could not be written", alert.id)
    LogsAlert.objects.release(alerts, now + RETRY)
    return len(alerts)


def check(alert: LogsAlert, now: datetime) -> None:
    if is_blocked(now, alert.schedule_restriction, alert.project.tz):
        until = next_free(now, alert.schedule_restriction, alert.project.tz)
        LogsAlert.objects.held_by([alert]).update(next_check_at=until, claim=None, held_until=None)
        return
    write(alert, find(alert, now), now)


def find(alert: LogsAlert, now: datetime) -> Finding:
    """Raises clickhouse.Unavailable: then a later try may do better."""
    started = time.monotonic()
    try:
        found = count(alert.project_id, alert.filters, alert.window_minutes, now)
    except (clickhouse.Unavailable, clickhouse.Rejected) as error:
        failure = as_api_error(error, settings.QUERY_MAX_SECONDS)
        if isinstance(failure, clickhouse.Unavailable):
            raise failure from error
        return Finding(error=body_of(failure)["detail"])
    except APIException as error:
        return Finding(error=body_of(error)["detail"])
    return Finding(found, milliseconds=round((time.monotonic() - started) * 1000))


@transaction.atomic
def write(alert: LogsAlert, finding: Finding, now: datetime) -> None:
    """Write what was found and tell of it, unless somebody has changed the alert meanwhile."""
    if not LogsAlert.objects.held_by([alert]).select_for_update().exists():
        return
    situation, before = Situation.of(alert), alert.state
    breached = finding.count is not None and is_breach(
        finding.count, alert.threshold_operator, alert.threshold_count
    )
    if finding.error is None:
        earlier = recent_breaches(alert, situation.periods - 1)
        decision = decide(situation, [breached, *earlier], now)
    else:
        decision = decide_failed(situation)
    alert.state, alert.consecutive_failures = decision.state, decision.failures
    event = LogsAlertEvent.objects.create(
        alert=alert,
        created_at=now,
        kind=CHECK,
        state_before=before,
        state_after=alert.state,
        threshold_breached=breached,
        result_count=finding.count,
        error_message=finding.error,
        query_duration_ms=finding.milliseconds,
    )
    if decision.notice != Notice.NONE:
        tell(alert, decision.notice, event)
        if decision.notice in (Notice.FIRE, Notice.RESOLVE):
            alert.last_notified_at = now
    alert.last_checked_at, alert.snooze_until = now, None
    alert.next_check_at = following(alert, now)
    alert.claim = alert.held_until = None
    alert.save(
        update_fields=[
            *("state", "consecutive_failures", "last_notified_at", "last_checked_at"),
            *("snooze_until", "next_check_at", "claim", "held_until"),
        ]
    )


def recent_breaches(alert: LogsAlert, count: int) -> list[bool]:
    """Of the checks that went well since somebody last changed the alert, newest first."""
    if count < 1:
        return []
    events = alert.events.order_by("-created_at", "-id").filter(error_message=None)
    found = []
    for kind, breached in events.values_list("kind", "threshold_breached")[:count]:
        if kind != CHECK:
            break
        found.append(breached)
    return found


def following(alert: LogsAlert, now: datetime) -> datetime | None:
    if alert.state == LogsState.BROKEN:
        return None
    moment = step_on(alert.next_check_at or now, STEP, now)
    return next_free(moment, alert.schedule_restriction, alert.project.tz)


def prune(now: datetime) -> int:
    """Forget events that are two weeks old, at most some at a time."""
    old = LogsAlertEvent.objects.filter(created_at__lt=now - KEPT).values_list("id", flat=True)
    return LogsAlertEvent.objects.filter(id__in=list(old[:PRUNED_AT_ONCE])).delete()[0]
