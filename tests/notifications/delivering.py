"""What tests of deliveries share."""

from datetime import datetime, timedelta

from django.utils import timezone

from clickhouse import outbox
from notifications.delivering import deliver_due


def fail(table, row, reason):
    raise AssertionError(reason)


def flush() -> None:
    """Make metrics and log lines visible."""
    outbox.deliver(fail)


def put(value) -> dict:
    return {"value": value}


def webhook(url: str, **inputs) -> dict:
    """The body of a destination that is a webhook."""
    return {
        "type": "internal_destination",
        "template_id": "template-webhook",
        "name": "Hook",
        "enabled": True,
        "inputs": {"url": put(url), **{key: put(value) for key, value in inputs.items()}},
    }


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def run(after: float = 0) -> int:
    return deliver_due(timezone.now() + timedelta(seconds=after))


def metrics_of(api, function) -> dict:
    flush()
    return api.get(f"hog_functions/{function.id}/metrics/totals/").json()["totals"]


def logs_of(api, function, query="") -> list[tuple]:
    flush()
    rows = api.get(f"hog_functions/{function.id}/logs/?{query}").json()["results"]
    return [(row["level"], row["message"]) for row in rows]
