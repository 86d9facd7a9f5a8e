"""The admin's first page: is what is accepted stored, and what came in lately."""

import json
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.urls import reverse

import clickhouse
from ingestion import status

HOURS = 24


def add_status(request, context: dict) -> dict:
    """Called for the admin's index with its context."""
    now = status.snapshot()
    context["cards"] = cards(now)
    try:
        context["hours"] = chart(events_by_hour(now.taken_at))
    except (clickhouse.Unavailable, clickhouse.Rejected) as error:
        context["analytics_error"] = str(error)
    return context


def cards(now: status.Snapshot) -> list[dict]:
    late = now.lag_seconds > settings.READY_MAX_LAG_SECONDS
    space = now.free_disk_bytes
    shown = [
        {
            "title": "Waiting to be digested",
            "value": f"{now.queued_events:,} events",
            "detail": filesizeformat(now.queued_bytes),
            "href": reverse("admin:ingestion_queuedbatch_changelist"),
        },
        {
            "title": "Waiting for ClickHouse",
            "value": f"{now.undelivered_rows:,} rows",
            "detail": "digested, not readable yet",
            "href": reverse("admin:clickhouse_outboxblock_changelist"),
        },
        {
            "title": "Lag",
            "value": f"{now.lag_seconds:,.1f} s",
            "detail": "age of the oldest accepted event that is not readable yet",
            "warning": late and f"More than {settings.READY_MAX_LAG_SECONDS} s: see the log",
        },
        {
            "title": "Dead letters",
            "value": f"{now.dead_letters:,}",
            "detail": "parked with their error",
            "href": reverse("admin:ingestion_deadletter_changelist"),
            "warning": bool(now.dead_letters) and "Look at them, then requeue or delete them",
        },
    ]
    if space is not None:
        shown.append(
            {
                "title": "Free disk",
                "value": filesizeformat(space),
                "detail": f"capture stops below {filesizeformat(settings.MIN_FREE_DISK_BYTES)}",
                "warning": space < 4 * settings.MIN_FREE_DISK_BYTES and "Make room",
            }
        )
    return shown


def events_by_hour(now: datetime) -> list[tuple[datetime, int, int]]:
    """For each of the last 24 hours, the oldest first: its start, events, exceptions."""
    last = now.replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=back) for back in reversed(range(HOURS))]
    found = clickhouse.rows(
        """
        SELECT toStartOfHour(timestamp) AS hour, count(), countIf(event = '$exception')
        FROM events
        WHERE timestamp >= {since:DateTime64(6, 'UTC')}
            AND timestamp < {until:DateTime64(6, 'UTC')}
        GROUP BY hour
        """,
        since=hours[0],
        until=last + timedelta(hours=1),
    )
    counts = {hour.replace(tzinfo=UTC): (total, errors) for hour, total, errors in found}
    return [(hour, *counts.get(hour, (0, 0))) for hour in hours]


def chart(hours: list[tuple[datetime, int, int]]) -> str:
    datasets = [
        {
            "label": "Exceptions",
            "data": [errors for _, _, errors in hours],
            "backgroundColor": "var(--color-primary-600)",
        },
        {
            "label": "Other events",
            "data": [total - errors for _, total, errors in hours],
            "backgroundColor": "var(--color-primary-200)",
        },
    ]
    labels = [f"{hour:%H:%M}" for hour, _, _ in hours]
    return json.dumps({"labels": labels, "datasets": datasets})
