"""The page of an issue."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from error_tracking.models import Issue
from notifications.models import Email
from projects.models import ActivityLogEntry
from tests.error_tracking.ingesting import event_of, exception, keep
from tests.factories import (
    ExternalReferenceFactory,
    FingerprintFactory,
    IssueFactory,
    MembershipFactory,
    ReleaseFactory,
    RoleFactory,
    UserFactory,
)


def frame(function, line, *, in_app=True, source="shop/cart.py"):
    return {
        "platform": "python",
        "filename": source,
        "abs_path": f"/srv/{source}",
        "function": function,
        "lineno": line,
        "in_app": in_app,
        "pre_context": ["def price(order):"],
        "context_line": f"    return {function}(<order>)",
        "post_context": [],
    }


@pytest.fixture
def happened(project, analytics):
    """An issue that happened twice, in a release, with a stack."""
    release = ReleaseFactory(project=project, app="shop", version="1.2.3")
    stack = [
        frame("main", 5),
        frame("library", 9, in_app=False, source="lib/wsgi.py"),
        frame("crash", 7),
    ]
    now = timezone.now()
    for hours in (3, 27):
        event = event_of(project, *stack, **{"$release_id": str(release.id), "order": 7})
        event.timestamp = now - timedelta(hours=hours)
        keep(event)
    return Issue.objects.get()


def url(issue):
    return reverse("admin:error_tracking_issue_change", args=[issue.pk])


def shown(admin, issue, **query):
    response = admin.get(url(issue), query)
    assert response.status_code == 200
    return response.content.decode()


def do(admin, issue, action, **data):
    return admin.post(url(issue), {"action": action, **data}, follow=True)


def test_it_shows_what_happened(admin, happened):
    reference = ExternalReferenceFactory(issue=happened)
    text = shown(admin, happened)
    for part in (
        "shop <b>1.2.3</b>",
        happened.fingerprints.get().fingerprint,
        "return crash(&lt;order&gt;)",
        "1 frame of libraries",
        "The whole stack in order",
        reference.external_url,
        "<b>2</b><span>times in 14 days",
    ):
        assert part in text
    places = ["shop/cart.py:7", "shop/cart.py:5", "lib/wsgi.py:9"]
    found = [text.index(f'class="place">{place}') for place in places]
    assert found == sorted(found)
    assert text.count("<rect") == 14
    assert text.count('class="none"') == 12


def test_older_events(admin, happened):
    assert "?skip=1" in shown(admin, happened)
    older = shown(admin, happened, skip=1)
    assert "?skip=0" in older
    assert "?skip=2" not in older
    for odd in ("x", "-1", "9" * 30, "²"):
        shown(admin, happened, skip=odd)


@pytest.mark.parametrize("status", ["resolved", "suppressed", "active"])
def test_status(admin, superuser, status):
    issue = IssueFactory(status="archived")
    text = do(admin, issue, "status", status=status).content.decode()
    issue.refresh_from_db()
    assert issue.status == status
    assert f"The issue is {status}." in text
    assert ActivityLogEntry.objects.get().user == superuser


def test_assignees(admin, project, organization):
    issue = IssueFactory(project=project)
    member = MembershipFactory(organization=organization).user
    role = RoleFactory(organization=organization)
    stranger = MembershipFactory().user

    do(admin, issue, "assign", assignee=f"user:{member.id}")
    assert Issue.objects.get().assigned_user == member
    assert Email.objects.get().recipient == member.email
    do(admin, issue, "assign", assignee=f"role:{role.id}")
    assert Issue.objects.get().assignee == {"id": str(role.id), "type": "role"}
    do(admin, issue, "assign", assignee=f"user:{stranger.id}")
    assert Issue.objects.get().assigned_role == role
    do(admin, issue, "assign", assignee="")
    assert Issue.objects.get().assignee is None


def test_who_has_left_stays_chosen(admin, project):
    issue = IssueFactory(project=project, assigned_user=UserFactory(first_name="Gone"))
    assert "selected>Gone" in shown(admin, issue)


def test_merge(admin, project):
    issue = FingerprintFactory(issue__project=project).issue
    others = [FingerprintFactory(issue__project=project).issue for _ in range(2)]
    assert all(str(other.id) in shown(admin, issue) for other in others)
    text = do(admin, issue, "merge", ids=f"{others[0].id}, {others[1].id}").content.decode()
    assert "The issues are one now." in text
    assert Issue.objects.get() == issue
    assert issue.fingerprints.count() == 3


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ("x", "Ids of issues are needed"),
        ("", "This field is required"),
        ("0190a8b0-0000-7000-8000-000000000000", "no issue of that id"),
    ],
)
def test_merging_with_nothing(admin, project, ids, message):
    issue = IssueFactory(project=project)
    assert message in do(admin, issue, "merge", ids=ids).content.decode()
    assert message not in shown(admin, issue)


def test_merging_with_itself_or_another_project_s(admin, project):
    issue, stranger = IssueFactory(project=project), IssueFactory()
    assert "Another issue" in do(admin, issue, "merge", ids=issue.id).content.decode()
    assert "nothing was merged" in do(admin, issue, "merge", ids=stranger.id).content.decode()
    assert Issue.objects.count() == 2


def test_odd_actions_change_nothing(admin):
    issue = IssueFactory()
    for data in ({}, {"action": "delete"}, {"action": "status", "status": "archived"}):
        assert admin.post(url(issue), data).status_code == 200
    assert Issue.objects.get().status == "active"


def test_an_issue_that_never_happened(admin, analytics):
    assert "No event is stored." in shown(admin, IssueFactory(name=None))


def test_markup_in_events_is_shown_as_text(admin, project, analytics):
    keep(exception(project, "<script>x</script>", "<img src=x>", timestamp=timezone.now()))
    text = shown(admin, Issue.objects.get())
    assert "<script>x" not in text
    assert "<img src=x>" not in text
    assert "&lt;img src=x&gt;" in text


def test_odd_exceptions_are_shown(admin, project, analytics):
    resolved = {"type": "resolved", "frames": [{"raw_id": 5, "line": {}}, {"in_app": "x"}, 7]}
    entry = {"type": "E", "stacktrace": resolved, "mechanism": {"handled": "perhaps"}}
    event = exception(project, timestamp=timezone.now(), **{"$exception_list": [entry]})
    event.properties["$exception_releases"] = {"a": 5}
    keep(event)
    assert "<b>E</b>" in shown(admin, Issue.objects.get())


def test_who_may_look_may_not_change(project, analytics):
    issue = IssueFactory(project=project)
    staff = UserFactory(is_staff=True)
    client = Client()
    client.force_login(staff)
    assert client.get(url(issue)).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_issue"))
    text = shown(client, issue)
    assert "Resolve" not in text
    assert client.post(url(issue), {"action": "status", "status": "resolved"}).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="change_issue"))
    assert do(client, issue, "status", status="resolved").status_code == 200
    assert Issue.objects.get().status == "resolved"


def test_unknown_issues_lead_to_the_list(admin):
    missing = reverse(
        "admin:error_tracking_issue_change", args=["0190a8b0-0000-7000-8000-000000000000"]
    )
    assert admin.get(missing).status_code == 302
