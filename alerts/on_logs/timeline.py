"""The states an alert on logs was in over the last day."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from alerts.models import LogsAlert, LogsAlertEvent
from posthog_clone.api.times import iso

LENGTH = timedelta(hours=24)
TOGGLES = {LogsAlertEvent.Kind.ENABLE: True, LogsAlertEvent.Kind.DISABLE: False}


def timeline(
    alert: LogsAlert, events: Sequence[LogsAlertEvent], now: datetime
) -> list[dict[str, Any]]:
    """Spans of one state, oldest first; `events` are those of that time, oldest first."""
    start = max(now - LENGTH, alert.created_at)
    toggles = [TOGGLES[event.kind] for event in events if event.kind in TOGGLES]
    state = events[0].state_before if events else alert.state
    enabled = not toggles[0] if toggles else alert.enabled
    spans = []
    for event in events:
        after = event.state_after, TOGGLES.get(event.kind, enabled)
        if after == (state, enabled):
            continue
        spans.append(span(start, event.created_at, state, enabled))
        start, (state, enabled) = event.created_at, after
    return [*spans, span(start, now, state, enabled)]


def span(start: datetime, end: datetime, state: str, enabled: bool) -> dict[str, Any]:
    return {"start": iso(start), "end": iso(end), "state": state, "enabled": enabled}
