"""Roles and members as assignees, wherever there are assignees."""

import pytest

from error_tracking.models import Issue, Rule
from projects.models import ActivityLogEntry
from tests.error_tracking.asking import ask, happen
from tests.error_tracking.ingesting import exception, ingest
from tests.factories import IssueFactory, RoleFactory, RuleFactory

ISSUES = "error_tracking/issues/"
FILTERS = {"type": "AND", "values": [{"key": "a", "type": "event", "value": "b"}]}


@pytest.fixture
def role(organization):
    return RoleFactory(organization=organization)


@pytest.fixture
def as_role(role):
    return {"id": str(role.id), "type": "role"}


def test_an_issue_of_a_role(api, project, user, as_role, role):
    issue = IssueFactory(project=project, assigned_user=user)
    r = api.patch(f"{ISSUES}{issue.id}/assign/", {"assignee": as_role})
    assert (r.status_code, r.json()) == (200, {"success": True})

    assert api.get(f"{ISSUES}{issue.id}/").json()["assignee"] == as_role
    assert api.get(ISSUES).json()["results"][0]["assignee"] == as_role
    (entry,) = ActivityLogEntry.objects.filter(activity="assigned")
    (change,) = entry.detail["changes"]
    assert (change["field"], change["before"], change["after"]) == (
        "assignee",
        {"id": user.id, "type": "user"},
        as_role,
    )
    api.patch(f"{ISSUES}{issue.id}/assign/", {"assignee": {"id": user.id, "type": "user"}})
    issue.refresh_from_db()
    assert (issue.assigned_user, issue.assigned_role) == (user, None)


def test_an_issue_made_for_a_role(api, as_role):
    body = {"first_seen": "2026-01-01T00:00:00Z", "assignee": as_role, "external_issues": []}
    r = api.post(ISSUES, body)
    assert (r.status_code, r.json()["assignee"]) == (201, as_role)


def test_changing_other_things_keeps_the_role(api, project, as_role, role):
    issue = IssueFactory(project=project, assigned_role=role)
    r = api.patch(f"{ISSUES}{issue.id}/", {"status": "resolved"})
    assert r.json()["assignee"] == as_role


def test_many_issues_of_a_role(api, project, role, as_role):
    issues = IssueFactory.create_batch(3, project=project)
    body = {"ids": [str(i.id) for i in issues[:2]], "action": "assign", "assignee": as_role}
    assert api.post(f"{ISSUES}bulk/", body).status_code == 200
    assert Issue.objects.filter(assigned_role=role).count() == 2


def test_a_deleted_role_leaves_nobody(api, project, role):
    issue = IssueFactory(project=project, assigned_role=role)
    rule = RuleFactory(project=project, kind="assignment", assigned_role=role)
    assert api.delete(f"/api/organizations/@current/roles/{role.id}/").status_code == 204
    assert api.get(f"{ISSUES}{issue.id}/").json()["assignee"] is None
    assert api.get(f"error_tracking/assignment_rules/{rule.id}/").json()["assignee"] is None


@pytest.mark.parametrize("kind", ["grouping", "assignment"])
def test_rules_with_a_role(api, project, role, as_role, user, kind):
    path = f"error_tracking/{kind}_rules/"
    r = api.post(path, {"filters": FILTERS, "assignee": as_role})
    assert (r.status_code, r.json()["assignee"]) == (201, as_role)
    one = f"{path}{r.json()['id']}/"
    assert api.patch(one, {"filters": FILTERS}).status_code == 204
    assert api.get(one).json()["assignee"] == as_role
    api.patch(one, {"assignee": {"type": "user", "id": user.id}})
    assert api.get(one).json()["assignee"] == {"type": "user", "id": user.id}


@pytest.mark.parametrize("kind", ["grouping", "assignment"])
def test_rules_assign_to_roles(project, role, kind):
    RuleFactory(project=project, kind=kind, assigned_role=role)
    ingest(exception(project, "ValueError"))
    issue = Issue.objects.get()
    assert (issue.assigned_user, issue.assigned_role) == (None, role)


def test_an_issue_of_a_role_is_not_assigned_again(project, role, user):
    RuleFactory(project=project, kind="assignment", assigned_user=user)
    event = exception(project, "ValueError")
    ingest(event)
    Issue.objects.update(assigned_user=None, assigned_role=role, status="resolved")
    ingest(exception(project, "ValueError"))
    issue = Issue.objects.get()
    assert (issue.status, issue.assigned_user, issue.assigned_role) == ("active", None, role)


def test_questions_about_a_role(api, analytics, project, role, as_role, user):
    for name in "AB":
        happen(project, name)
    Issue.objects.filter(name="A").update(assigned_role=role)
    Issue.objects.filter(name="B").update(assigned_user=user)
    (found,) = ask(api, assignee=as_role)["results"]
    assert (found["name"], found["assignee"]) == ("A", as_role)
    (found,) = ask(api, assignee={"id": user.id, "type": "user"})["results"]
    assert (found["name"], found["assignee"]) == ("B", {"id": user.id, "type": "user"})
    assert len(ask(api, assignee=None)["results"]) == 2


@pytest.mark.parametrize(
    ("assignee", "attr"),
    [
        ({"type": "role", "id": 5}, "assignee__id"),
        ({"type": "role", "id": "x"}, "assignee__id"),
        ({"type": "role", "id": True}, "assignee__id"),
        ({"type": "role"}, "assignee__id"),
        ({"type": "user", "id": "0192"}, "assignee__id"),
        ({"type": "user", "id": True}, "assignee__id"),
        ({"type": "team", "id": 5}, "assignee__type"),
    ],
)
def test_who_is_nobody(api, project, assignee, attr):
    issue = IssueFactory(project=project)
    r = api.patch(f"{ISSUES}{issue.id}/assign/", {"assignee": assignee})
    assert (r.status_code, r.json()["attr"]) == (400, attr)
    r = api.post("error_tracking/assignment_rules/", {"filters": FILTERS, "assignee": assignee})
    assert (r.status_code, r.json()["attr"]) == (400, attr)
    assert not Rule.objects.exists()


def test_another_organization_s_role(api, project):
    issue = IssueFactory(project=project)
    assignee = {"type": "role", "id": str(RoleFactory().id)}
    r = api.patch(f"{ISSUES}{issue.id}/assign/", {"assignee": assignee})
    assert (r.status_code, r.json()["attr"]) == (400, "assignee__id")
