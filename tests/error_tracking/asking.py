"""Exceptions that have happened, and questions about them."""

from datetime import UTC, datetime, timedelta

from tests.error_tracking.ingesting import exception, keep

NOW = datetime.now(UTC).replace(microsecond=0)
ISSUES = "error_tracking/query/issues/"
ISSUE = "error_tracking/query/issue/"
EVENTS = "error_tracking/query/issue_events/"


def ago(**time):
    return NOW - timedelta(**time)


def happen(project, type, *, hours_ago=1, user="user_1", **properties):
    event = exception(project, type, "bad", ago(hours=hours_ago), **properties)
    event.distinct_id = user
    (event,) = keep(event)
    return event


def ask(api, path=ISSUES, **body):
    r = api.post(path, body)
    assert r.status_code == 200, r.json()
    return r.json()


def iso(moment):
    return moment.isoformat().replace("+00:00", "Z")
