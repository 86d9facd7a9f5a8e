"""What tests of deliveries share."""

from datetime import datetime

from clickhouse import outbox


def fail(table, row, reason):
    raise AssertionError(reason)


def flush() -> None:
    """Make metrics and log lines visible."""
    outbox.deliver(None, fail)


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
