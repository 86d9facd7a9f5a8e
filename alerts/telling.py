"""Telling of alerts that fire, or that can no longer be checked.

Call these in the transaction that writes the check: what is to be sent is written with it.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from alerts.models import Alert, AlertCheck
from alerts.models.alerts import State
from notifications import mail
from notifications.events import emit
from notifications.rendering import project_url
from posthog_clone.api.times import iso

PRODUCT = settings.UNFOLD["SITE_TITLE"]
FIRING_EVENT = "$insight_alert_firing"


def tell_firing(alert: Alert, check: AlertCheck, *, is_test: bool = False) -> dict[str, Any]:
    """Tell the subscribers and destinations; returns whom."""
    test = " (test)" if is_test else ""
    users = mail_subscribers(
        alert,
        key=f"alert-firing:{check.id}",
        subject=f"{PRODUCT}: {alert.title} is firing{test}",
        template="firing",
        breaches=check.breaches,
    )
    destinations = emit(
        alert.project,
        FIRING_EVENT,
        distinct_id=f"team_{alert.project_id}",
        properties=properties_of(alert, check) | ({"test": True} if is_test else {}),
        uuid=check.id,
        url=alert_url(alert),
    )
    return {"users": users, "destinations": destinations}


def tell_disabled(alert: Alert, check: AlertCheck) -> dict[str, Any]:
    """Tell the subscribers that the alert has stopped, and why."""
    users = mail_subscribers(
        alert,
        key=f"alert-disabled:{check.id}",
        subject=f"{PRODUCT}: {alert.title} has been disabled",
        template="disabled",
        reason=check.error,
    )
    return {"users": users}


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


def mail_subscribers(
    alert: Alert, *, key: str, subject: str, template: str, **context: Any
) -> list[str]:
    """Each once; returns their addresses."""
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
    for user in users:
        mail.send_once(key, user.email, subject, text, html)
    return [user.email for user in users]


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
    return tell_firing(alert, check, is_test=True)
