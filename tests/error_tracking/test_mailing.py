"""Who gets e-mails about issues."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from error_tracking.mailing import mail_of_spike
from error_tracking.models import Issue
from notifications.models import Email
from projects.models import RoleMembership
from tests.error_tracking.ingesting import exception, ingest
from tests.factories import (
    FingerprintFactory,
    IssueFactory,
    MembershipFactory,
    RoleFactory,
    RuleFactory,
    SpikeEventFactory,
    UserFactory,
)


@pytest.fixture
def membership(organization):
    return MembershipFactory(organization=organization)


@pytest.fixture
def member(membership):
    return membership.user


@pytest.fixture
def role(organization, membership):
    """A role with two people, one of whom has left."""
    role = RoleFactory(organization=organization, name="Payments")
    left = MembershipFactory(organization=organization)
    left.user.is_active = False
    left.user.save()
    for each in (membership, left):
        RoleMembership.objects.create(role=role, organization_member=each)
    return role


def set_notifications(user, **settings):
    user.preferences = {"notification_settings": settings}
    user.save()


def assign(api, issue, assignee, kind="user"):
    path = f"error_tracking/issues/{issue.id}/assign/"
    r = api.patch(path, {"assignee": {"type": kind, "id": assignee.id}})
    assert r.status_code == 200, r.json()


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


def test_everybody_of_a_role_gets_a_mail(api, project, member, role):
    assign(api, IssueFactory(project=project, name="Oops"), role, kind="role")
    mail = Email.objects.get()
    assert mail.recipient == member.email
    assert mail.subject == "Ada Lovelace assigned Oops to your role Payments"


def test_many_issues_make_one_mail(api, project, member):
    issues = IssueFactory.create_batch(52, project=project)
    api.post(
        "error_tracking/issues/bulk/",
        {
            "ids": [str(issue.id) for issue in issues],
            "action": "assign",
            "assignee": {"type": "user", "id": member.id},
        },
    )
    mail = Email.objects.get()
    assert mail.subject == "Ada Lovelace assigned 52 issues to you"
    assert sum(str(issue.id) in mail.text for issue in issues) == 50
    assert mail.text.endswith("and 2 more")


def test_who_does_not_want_mails_gets_none(api, project, member):
    set_notifications(member, error_tracking_issue_assigned=False)
    assign(api, IssueFactory(project=project), member)
    assert not Email.objects.exists()


def test_whom_a_rule_assigns_to_gets_one_mail(project, member):
    RuleFactory(project=project, kind="assignment", assigned_user=member)
    ingest(*(exception(project, "ValueError", letter) for letter in "ab"))
    assert set(Issue.objects.values_list("assigned_user", flat=True)) == {member.id}
    mail = Email.objects.get()
    assert (mail.recipient, mail.subject) == (member.email, "A rule assigned 2 issues to you")


def test_who_has_left_the_organization_gets_nothing(project):
    RuleFactory(project=project, kind="assignment", assigned_user=UserFactory())
    ingest(exception(project, "ValueError"))
    assert Issue.objects.get().assigned_user
    assert not Email.objects.exists()


def test_subscribers_hear_of_new_issues(project, member, django_assert_num_queries):
    set_notifications(member, error_tracking_issue_created=True)
    stranger = MembershipFactory().user
    set_notifications(stranger, error_tracking_issue_created=True)
    event = exception(project, "ValueError", "bad")
    ingest(event)
    mail = Email.objects.get()
    assert mail.recipient == member.email
    assert mail.subject == f"New issue: ValueError in {project.name}"
    assert str(event.issue_id) in mail.text

    ingest(exception(project, "ValueError", "bad"))  # nothing new
    assert Email.objects.count() == 1


def test_new_issues_of_a_batch_come_in_one_mail(project, member):
    set_notifications(member, error_tracking_issue_created=True)
    ingest(*(exception(project, value=letter) for letter in "abc"))
    assert Email.objects.get().subject == f"3 new issues in {project.name}"


@pytest.fixture
def clock(monkeypatch):
    """Stands still at the 42nd second; `clock.now` can be set."""
    clock = SimpleNamespace(now=datetime(2030, 1, 31, 12, 30, 42, tzinfo=UTC))
    stopped = SimpleNamespace(now=lambda: clock.now)
    monkeypatch.setattr("error_tracking.mailing.timezone", stopped)
    return clock


def test_new_issues_of_a_minute_come_in_one_mail_when_it_is_over(project, member, clock):
    set_notifications(member, error_tracking_issue_created=True)
    events = [exception(project, value=letter) for letter in "abc"]
    for event in events:
        ingest(event)

    mail = Email.objects.get()
    assert mail.subject == f"Several new issues in {project.name}"
    assert all(str(event.issue_id) in mail.text for event in events)
    assert not Email.objects.due(clock.now)
    assert Email.objects.due(datetime(2030, 1, 31, 12, 31, tzinfo=UTC)).exists()

    clock.now += timedelta(minutes=1)
    ingest(exception(project, value="d"))
    assert Email.objects.count() == 2


def test_what_comes_while_the_mail_is_being_sent_goes_into_the_next(project, member, clock):
    set_notifications(member, error_tracking_issue_created=True)
    ingest(exception(project, value="a"))
    (claimed,) = Email.objects.claim(clock.now + timedelta(minutes=1), 10)
    late = exception(project, value="b")
    ingest(late)

    following = Email.objects.exclude(pk=claimed.pk).get()
    assert str(late.issue_id) in following.text
    assert following.next_attempt_at == datetime(2030, 1, 31, 12, 32, tzinfo=UTC)


def test_a_mail_does_not_grow_without_end(project, member, clock, monkeypatch):
    monkeypatch.setattr("notifications.mail.MAX_GATHERED", 10)
    set_notifications(member, error_tracking_issue_created=True)
    events = [exception(project, value=letter) for letter in "ab"]
    for event in events:
        ingest(event)

    assert str(events[1].issue_id) not in Email.objects.get().text


def test_subscribers_hear_of_reopened_issues(project, member):
    set_notifications(member, error_tracking_issue_reopened=True)
    issue = IssueFactory(project=project, status="resolved", name="Oops")
    FingerprintFactory(issue=issue, fingerprint="f")
    ingest(exception(project, **{"$exception_fingerprint": "f"}), exception(project))
    mail = Email.objects.get()
    assert mail.subject == f"Reopened issue: Oops in {project.name}"


def test_subscribers_hear_of_spikes(project, member, user):
    set_notifications(member, error_tracking_issue_spiking=True)
    mail_of_spike(SpikeEventFactory(issue=IssueFactory(project=project, name="Oops")))
    mail = Email.objects.get()
    assert (mail.recipient, mail.subject) == (
        member.email,
        f"Spiking issue: Oops in {project.name}",
    )
    assert "600 times in five minutes; 10.0 before that." in mail.text


def test_imports_tell_nothing(project, member):
    set_notifications(member, error_tracking_issue_created=True)
    RuleFactory(project=project, kind="assignment", assigned_user=member)
    event = exception(project, "ValueError", timestamp=timezone.now())
    event.historical = True
    ingest(event)
    assert Issue.objects.get().assigned_user == member
    assert not Email.objects.exists()


@pytest.mark.parametrize("value", ["yes", 1, None, {}])
def test_what_to_be_told_of_is_true_or_false(api, value):
    settings = {"error_tracking_issue_created": value, "other": value}
    r = api.patch("/api/users/@me/", {"notification_settings": settings})
    assert (r.status_code, r.json()["attr"]) == (400, "notification_settings")


def test_subscribing_over_the_api(api, project, user):
    settings = {"error_tracking_issue_created": True}
    r = api.patch("/api/users/@me/", {"notification_settings": settings})
    assert r.json()["notification_settings"] == settings
    ingest(exception(project))
    assert Email.objects.get().recipient == user.email
