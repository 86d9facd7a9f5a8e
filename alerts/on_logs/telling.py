"""Telling the destinations of alerts on logs, in the transaction that writes the event."""

from typing import Any
from urllib.parse import urlencode

import orjson

from alerts.models import LogsAlert, LogsAlertEvent
from alerts.on_logs.states import Notice
from notifications.events import emit
from notifications.rendering import project_url
from posthog_clone.api.times import iso

EVENTS = {
    Notice.FIRE: "$logs_alert_firing",
    Notice.RESOLVE: "$logs_alert_resolved",
    Notice.ERROR: "$logs_alert_errored",
    Notice.BROKEN: "$logs_alert_auto_disabled",
}


def tell(alert: LogsAlert, notice: Notice, event: LogsAlertEvent) -> int:
    """Returns how many deliveries wait."""
    return emit(
        alert.project,
        EVENTS[notice],
        distinct_id=f"team_{alert.project_id}",
        properties=properties_of(alert, notice, event),
        uuid=event.id,
        url=f"{project_url(alert.project)}/logs/alerts/{alert.id}",
    )


def properties_of(alert: LogsAlert, notice: Notice, event: LogsAlertEvent) -> dict[str, Any]:
    common = {
        "alert_id": str(alert.id),
        "alert_name": alert.name,
        "service_names": alert.filters.get("serviceNames") or [],
        "severity_levels": alert.filters.get("severityLevels") or [],
        "triggered_at": iso(event.created_at),
    }
    if notice in (Notice.FIRE, Notice.RESOLVE):
        return common | {
            "threshold_count": alert.threshold_count,
            "threshold_operator": alert.threshold_operator,
            "window_minutes": alert.window_minutes,
            "result_count": event.result_count,
            "logs_url_params": urlencode(
                {name: orjson.dumps(value).decode() for name, value in alert.filters.items()}
            ),
        }
    message = "error_message" if notice == Notice.ERROR else "last_error_message"
    return common | {
        "consecutive_failures": alert.consecutive_failures,
        message: event.error_message,
    }
