"""Who is told of issues, and what."""

import json

import pytest
from uuid_utils.compat import uuid7

from error_tracking.alerting import tell_destinations
from notifications.models import Delivery, Email, HogFunction
from tests.error_tracking.ingesting import NOON, captured, exception, ingest
from tests.factories import FingerprintFactory, IssueFactory, MembershipFactory


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


def test_without_destinations_new_issues_cost_one_query_more(project, django_assert_num_queries):
    events = [exception(project, value=letter) for letter in "abcdefgh"]
    with django_assert_num_queries(9):
        # savepoint, rules, look-up, issues, fingerprints, look-up, destinations, limits,
        # its release
        ingest(*events)


@pytest.fixture
def member(organization):
    return MembershipFactory(organization=organization).user


def assign(api, issue, user):
    path = f"error_tracking/issues/{issue.id}/assign/"
    return api.patch(path, {"assignee": {"type": "user", "id": user.id}})


def test_who_is_assigned_gets_a_mail(api, project, member):
    issue = IssueFactory(project=project, name="Type\nError", description="bad")
    assign(api, issue, member)
    mail = Email.objects.get()
    assert mail.recipient == member.email
    assert mail.subject == "Ada Lovelace assigned Type Error to you"
    assert str(issue.id) in mail.text

    assign(api, issue, member)  # nothing changes
    api.patch(f"error_tracking/issues/{issue.id}/assign/", {"assignee": None})
    assert Email.objects.count() == 1
    assign(api, issue, member)
    assert Email.objects.count() == 2


def test_many_issues_make_one_mail(api, project, member):
    issues = IssueFactory.create_batch(3, project=project)
    api.post(
        "error_tracking/issues/bulk/",
        {
            "ids": [str(issue.id) for issue in issues],
            "action": "assign",
            "assignee": {"type": "user", "id": member.id},
        },
    )
    mail = Email.objects.get()
    assert mail.subject == "Ada Lovelace assigned 3 issues to you"
    assert all(str(issue.id) in mail.text for issue in issues)


def test_who_does_not_want_mails_gets_none(api, project, member):
    member.preferences = {"notification_settings": {"error_tracking_issue_assigned": False}}
    member.save()
    assign(api, IssueFactory(project=project), member)
    assert not Email.objects.exists()


def test_broken_exceptions_tell_nothing(project, destination):
    ingest(captured(project, **{"$exception_list": 5}))
    assert told() == []
