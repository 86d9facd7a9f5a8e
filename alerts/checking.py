"""Checking alerts on insights when they are due. Any number of workers may do so at once.

A worker claims alerts and commits that before it asks anything. What it finds is written in one
transaction with the messages it causes, and only while the claim holds. So a check is written once
and told once, whoever is killed or changes the alert meanwhile.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import transaction
from rest_framework.exceptions import APIException, ValidationError

import clickhouse
from alerts.blocking import is_blocked, next_free
from alerts.claims import kept
from alerts.comparing import CannotCompare, Comparison, Evaluation, evaluate
from alerts.configuration import check_configuration
from alerts.models import Alert, AlertCheck
from alerts.models.alerts import State
from alerts.scheduling import is_weekend, next_check
from alerts.telling import tell_disabled, tell_firing
from hogql import kinds
from posthog_clone.api.errors import body_of
from projects.models import Project

logger = logging.getLogger(__name__)

AT_ONCE = 100
WRITTEN_AT_ONCE = 50
ROUND = timedelta(seconds=20)
RETRY = timedelta(seconds=30)
KEPT = timedelta(days=14)
PRUNED_AT_ONCE = 1000


@dataclass(frozen=True)
class Outcome:
    """How the check of one alert ended."""

    alert: Alert
    evaluation: Evaluation = field(default_factory=lambda: Evaluation(None))
    error: str = ""
    is_hopeless: bool = False
    """Whether no later check can do better."""

    @property
    def state(self) -> str:
        if self.error:
            return State.ERRORED
        return State.FIRING if self.evaluation.is_breach else State.NOT_FIRING


def check_due(now: datetime) -> int:
    """Check a project's alerts that are due; returns how many were taken up.

    Begins with no further ones after ROUND, so that other projects have their turn.
    """
    rows = Alert.objects.select_related("project", "insight", "threshold")
    alerts = rows.with_subscribed().claim(now, AT_ONCE)
    if alerts:
        with kept(alerts, now):
            check(skip_quiet(alerts, now), now)
    return len(alerts)


def check(alerts: list[Alert], now: datetime) -> None:
    """Check claimed alerts, and give back those that there was no time for."""
    started = time.monotonic()
    groups, found = planned(alerts)
    for group in groups:
        elapsed = timedelta(seconds=time.monotonic() - started)
        if elapsed > ROUND:
            break
        if len(found) >= WRITTEN_AT_ONCE:
            settle(found, now)
            found = []
        try:
            found += outcomes(group, now)
        except clickhouse.Unavailable as error:
            logger.warning("Alerts wait, since the analytics store is not available: %s", error)
            settle(found, now)
            Alert.objects.release(alerts, now + elapsed + RETRY)
            return
    settle(found, now)
    Alert.objects.release(alerts)


def skip_quiet(alerts: list[Alert], now: datetime) -> list[Alert]:
    """Put off those that keep quiet now; returns the others."""
    loud = []
    for alert in alerts:
        tz, restriction = alert.project.tz, alert.schedule_restriction
        if alert.skip_weekend and is_weekend(now, tz):
            put_off(alert, following(alert, now))
        elif is_blocked(now, restriction, tz):
            put_off(alert, next_free(now, restriction, tz))
        else:
            loud.append(alert)
    return loud


def put_off(alert: Alert, until: datetime) -> None:
    Alert.objects.held_by([alert]).update(next_check_at=until, claim=None, held_until=None)


def following(alert: Alert, now: datetime) -> datetime:
    return next_check(
        alert.calculation_interval,
        now,
        alert.project.tz,
        due_at=alert.next_check_at,
        restriction=alert.schedule_restriction,
    )


Group = list[tuple[Alert, Comparison]]
"""Alerts that one query answers."""


def planned(alerts: Iterable[Alert]) -> tuple[list[Group], list[Outcome]]:
    """The alerts by what is asked for them, and those that nothing can be asked for."""
    groups: dict[bytes, Group] = {}
    hopeless = []
    for alert in alerts:
        threshold = alert.threshold.configuration
        try:
            question = check_configuration(
                alert.insight.query, alert.condition, alert.config, threshold
            )
        except ValidationError as error:
            hopeless.append(Outcome(alert, error=body_of(error)["detail"], is_hopeless=True))
            continue
        comparison = Comparison(question, alert.condition["type"], threshold, alert.config)
        key = orjson.dumps(question.query, option=orjson.OPT_SORT_KEYS)
        groups.setdefault(key, []).append((alert, comparison))
    return list(groups.values()), hopeless


def outcomes(group: Group, now: datetime) -> list[Outcome]:
    """Raises clickhouse.Unavailable: then a later try may do better."""
    asking = [comparison for _, comparison in group if comparison.has_bounds]
    results, error = None, ""
    if asking:
        query = asking[0].question.since(max(comparison.steps for comparison in asking))
        results, error = ask(group[0][0].project, query, now)
    return [outcome(alert, comparison, results, error) for alert, comparison in group]


def ask(project: Project, query: dict[str, Any], now: datetime) -> tuple[Any, str]:
    """The results, or what went wrong."""
    try:
        return kinds.answer(project, query, kinds.Run(now=now)).get("results"), ""
    except clickhouse.Unavailable:
        raise
    except APIException as error:
        return None, body_of(error)["detail"]
    except Exception as error:  # one alert must not keep the others from being checked
        logger.exception("An alert's query failed")
        return None, f"The query failed: {error!r}"


def outcome(alert: Alert, comparison: Comparison, results: Any, error: str) -> Outcome:
    if error and comparison.has_bounds:
        return Outcome(alert, error=error)
    try:
        return Outcome(alert, evaluate(comparison, results))
    except CannotCompare as reason:
        return Outcome(alert, error=str(reason))


def settle(found: list[Outcome], now: datetime) -> None:
    """Write the outcomes; one that can't be written does not keep back the others."""
    if not found:
        return
    try:
        write(found, now)
    except Exception:
        if len(found) > 1:
            for each in found:
                settle([each], now)
            return
        logger.exception("The check of alert %s could not be written", found[0].alert.id)
        Alert.objects.release([found[0].alert], now + RETRY)


@transaction.atomic
def write(found: list[Outcome], now: datetime) -> None:
    ours = Alert.objects.held_by(each.alert for each in found).select_for_update()
    held = set(ours.values_list("id", flat=True))
    checks, changes = [], defaultdict(list)
    for each in found:
        if each.alert.id in held:
            changes[tuple(changed(each, now).items())].append(each.alert.id)
            checks.append(check_of(each, now))
            if each.is_hopeless:
                tell_disabled(checks[-1])
    # Alerts that were checked together once are due together, so these are few.
    for values, ids in changes.items():
        Alert.objects.filter(id__in=ids).update(**dict(values))
    if firing := [check for check in checks if check.state == State.FIRING]:
        tell_firing(firing)
    AlertCheck.objects.bulk_create(checks)


def check_of(outcome: Outcome, now: datetime) -> AlertCheck:
    return AlertCheck(
        alert=outcome.alert,
        created_at=now,
        calculated_value=outcome.evaluation.stored_value,
        state=outcome.state,
        breaches=outcome.evaluation.breaches,
        error=outcome.error,
    )


def changed(outcome: Outcome, now: datetime) -> dict[str, Any]:
    """What the alert becomes by the check."""
    values = {
        "state": outcome.state,
        "snoozed_until": None,
        "last_checked_at": now,
        "next_check_at": None if outcome.is_hopeless else following(outcome.alert, now),
        "claim": None,
        "held_until": None,
    }
    if outcome.is_hopeless:
        values["enabled"] = False
    if outcome.state == State.FIRING:
        values["last_notified_at"] = now
    return values


def prune(now: datetime) -> int:
    """Forget checks that are two weeks old; returns how many rows went, at most some at a time."""
    old = AlertCheck.objects.filter(created_at__lt=now - KEPT).values_list("id", flat=True)
    return AlertCheck.objects.filter(id__in=list(old[:PRUNED_AT_ONCE])).delete()[0]
