"""Telling of alerts that fire, or that can no longer be checked.

Call these in the transaction that writes the check: what is to be sent is written with it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from alerts.models import Alert, AlertCheck
from alerts.models.alerts import State
from notifications import mail
from notifications.events import Internal, emit_all
from notifications.models import Email
from notifications.rendering import project_url
from posthog_clone.api.times import iso

PRODUCT = settings.UNFOLD["SITE_TITLE"]
FIRING_EVENT = "$insight_alert_firing"


def tell_firing(checks: Sequence[AlertCheck], *, is_test: bool = False) -> None:
    """Tell the subscribers and destinations, and note with each check whom.

    The checks are of one project.
    """
    test = " (test)" if is_test else ""
    emails = [
        emails_to_subscribers(
            check,
            key="alert-firing",
            subject=f"{check.alert.title} is firing{test}",
            template="firing",
            breaches=check.breaches,
        )
        for check in checks
    ]
    mail.send_each_once(chain.from_iterable(emails))
    events = [event_of(check, is_test) for check in checks]
    counts = emit_all(checks[0].alert.project, events)
    for check, told, count in zip(checks, emails, counts, strict=True):
        check.targets_notified = {"users": recipients(told), "destinations": count}


def tell_disabled(check: AlertCheck) -> None:
    """Tell the subscribers that the alert has stopped, and why; note with the check whom."""
    emails = emails_to_subscribers(
        check,
        key="alert-disabled",
        subject=f"{check.alert.title} has been disabled",
        template="disabled",
        reason=check.error,
    )
    mail.send_each_once(emails)
    check.targets_notified = {"users": recipients(emails)}


def event_of(check: AlertCheck, is_test: bool) -> Internal:
    alert = check.alert
    return Internal(
        FIRING_EVENT,
        distinct_id=f"team_{alert.project_id}",
        properties=properties_of(alert, check) | ({"test": True} if is_test else {}),
        uuid=check.id,
        url=alert_url(alert),
    )


def properties_of(alert: Alert, check: AlertCheck) -> dict[str, Any]:
    return {
        "alert_id": str(alert.id),
        "alert_name": alert.name,
        "insight_name": alert.insight.title,
        "insight_id": alert.insight.short_id,
        "state": check.state,
        "last_checked_at": iso(check.created_at),
        "alert_mode": "threshold",
        "breaches": ", ".join(check.breaches),
    }


def emails_to_subscribers(
    check: AlertCheck, *, key: str, subject: str, template: str, **context: Any
) -> list[Email]:
    """One to each, not yet sent."""
    alert = check.alert
    users = [user for user in alert.subscribed_users if user.is_active]
    if not users:
        return []
    context |= {
        "alert": alert,
        "insight": alert.insight,
        "project": alert.project,
        "product": PRODUCT,
        "alert_url": alert_url(alert),
        "insight_url": insight_url(alert),
        "project_url": project_url(alert.project),
        "admin_url": settings.SITE_URL + reverse("admin:alerts_alert_change", args=[alert.id]),
    }
    text = render_to_string(f"alerts/{template}.txt", context)
    html = render_to_string(f"alerts/{template}.html", context)
    return [
        mail.email(f"{key}:{check.id}", user.email, f"{PRODUCT}: {subject}", text, html)
        for user in users
    ]


def recipients(emails: Iterable[Email]) -> list[str]:
    return [email.recipient for email in emails]


def insight_url(alert: Alert) -> str:
    return f"{project_url(alert.project)}/insights/{alert.insight.short_id}"


def alert_url(alert: Alert) -> str:
    return f"{insight_url(alert)}?alert_id={alert.id}"


@transaction.atomic
def send_test(alert: Alert, now: datetime) -> dict[str, Any]:
    """Tell everybody as if the alert fired, marked as a test; leaves no check behind."""
    check = AlertCheck(
        alert=alert,
        created_at=now,
        state=State.FIRING,
        breaches=["This is a test: nothing is out of bounds."],
    )
    tell_firing([check], is_test=True)
    return check.targets_notified
