"""Who is told of issues, and what."""

import json

import pytest
from uuid_utils.compat import uuid7

from error_tracking.alerting import tell_destinations
from notifications.models import Delivery, HogFunction
from tests.error_tracking.ingesting import NOON, captured, exception, ingest
from tests.factories import FingerprintFactory, IssueFactory


@pytest.fixture
def destination(project):
    """A webhook for everything that this server tells of the project."""
    return HogFunction.objects.create(
        project=project,
        type="internal_destination",
        template_id="template-webhook",
        name="Webhook",
        enabled=True,
        inputs={"url": {"value": "https://example.com/hook"}},
    )


def told():
    return [json.loads(delivery.payload)["event"] for delivery in Delivery.objects.order_by("id")]


def test_destinations_are_told_of_new_issues(project, destination):
    event = exception(project, "ValueError", "bad", level="high")
    ingest(event)
    (found,) = told()
    assert (found["event"], found["distinct_id"]) == (
        "$error_tracking_issue_created",
        str(event.issue_id),
    )
    assert found["url"].endswith(f"/error_tracking/{event.issue_id}")
    props = found["properties"].pop("exception_props")
    assert props["level"] == "high"
    assert props["$exception_issue_id"] == str(event.issue_id)
    assert found["properties"] == {
        "name": "ValueError",
        "description": "bad",
        "status": "active",
        "fingerprint": event.fingerprint,
        "exception_timestamp": NOON.isoformat(),
        "assignee": None,
    }


def test_destinations_are_told_of_reopened_issues(project, destination, user):
    issue = IssueFactory(project=project, status="resolved", assigned_user=user)
    FingerprintFactory(issue=issue, fingerprint="f")
    ingest(*(exception(project, **{"$exception_fingerprint": "f"}) for _ in range(2)))
    (found,) = told()
    assert (found["event"], found["distinct_id"]) == (
        "$error_tracking_issue_reopened",
        str(issue.id),
    )
    assert found["properties"]["status"] == "active"
    assert json.loads(found["properties"]["assignee"]) == {"id": user.id, "type": "user"}


def test_known_issues_and_imports_tell_nothing(project, destination):
    ingest(exception(project))
    Delivery.objects.all().delete()
    ingest(exception(project))
    imported = exception(project, value="another")
    imported.historical = True
    assert len(ingest(imported)) == 1
    assert told() == []


def test_long_properties_are_left_out(project, destination):
    ingest(exception(project, blob="x" * 300_000))
    assert told()[0]["properties"]["exception_props"] == {"message_was_too_large": True}


def test_the_same_event_again_is_told_once(project, destination):
    event = exception(project)
    event.uuid = uuid7()
    (change,) = ingest(event)

    tell_destinations([change])
    assert len(told()) == 1


def test_telling_nobody_of_new_issues_costs_two_queries(project, django_assert_num_queries):
    events = [exception(project, value=letter) for letter in "abcdefgh"]
    with django_assert_num_queries(10):
        # savepoint, rules, look-up, issues, fingerprints, look-up, destinations, subscribers,
        # limits, its release
        ingest(*events)


def test_broken_exceptions_tell_nothing(project, destination):
    ingest(captured(project, **{"$exception_list": 5}))
    assert told() == []
