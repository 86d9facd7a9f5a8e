from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from error_tracking.models import Issue
from persons.models import Cohort
from tests.factories import (
    FingerprintFactory,
    IssueFactory,
    MembershipFactory,
    ProjectFactory,
    UserFactory,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def issue(project):
    return IssueFactory(project=project, name="TypeError", description="bad")


def row(issue, **changes):
    return {
        "id": str(issue.id),
        "status": issue.status,
        "name": issue.name,
        "description": issue.description,
        "first_seen": None,
        "assignee": None,
        "external_issues": [],
        "cohort": None,
        "fingerprint": None,
        "severity": None,
        **changes,
    }


def test_an_issue_as_the_api_shows_it(api, issue, user):
    issue.assigned_user = user
    issue.severity = "high"
    issue.save()
    FingerprintFactory(issue=issue, fingerprint="first", first_seen=NOON)
    FingerprintFactory(issue=issue, fingerprint="second", first_seen=NOON - timedelta(days=1))

    r = api.get(f"error_tracking/issues/{issue.id}/")

    assert r.status_code == 200
    assert r.json() == row(
        issue,
        first_seen="2026-01-30T12:00:00Z",
        assignee={"id": user.id, "type": "user"},
        fingerprint="first",
        severity="high",
    )


def test_a_first_seen_of_the_issue_itself_counts_too(api, issue):
    issue.first_seen = NOON
    issue.save()
    path = f"error_tracking/issues/{issue.id}/"
    assert api.get(path).json()["first_seen"] == "2026-01-31T12:00:00Z"
    FingerprintFactory(issue=issue, first_seen=NOON + timedelta(days=1))
    assert api.get(path).json()["first_seen"] == "2026-01-31T12:00:00Z"


def test_list_is_newest_first(api, project):
    old, new = (IssueFactory(project=project, created_at=NOON + timedelta(n)) for n in range(2))
    IssueFactory()
    r = api.get("error_tracking/issues/")
    assert [found["id"] for found in r.json()["results"]] == [str(new.id), str(old.id)]
    assert r.json()["count"] == 2


def test_issues_of_one_moment_are_paged_without_gaps(api, project):
    issues = {str(IssueFactory(project=project, created_at=NOON).id) for _ in range(5)}
    seen, path = [], "error_tracking/issues/?limit=2"
    while path:
        page = api.get(path).json()
        seen += [found["id"] for found in page["results"]]
        path = page["next"] and page["next"].removeprefix("http://testserver")
    assert len(seen) == 5
    assert set(seen) == issues


def test_a_list_costs_the_same_queries_whatever_its_length(
    api, project, user, django_assert_num_queries
):
    for number in range(100):
        issue = IssueFactory(project=project, assigned_user=user)
        FingerprintFactory.create_batch(number % 3, issue=issue, first_seen=NOON)
    # key, its last use, project, count, ids, rows, references
    with django_assert_num_queries(7):
        assert len(api.get("error_tracking/issues/").json()["results"]) == 100


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps statistics")
def test_issues_are_looked_up_by_their_ids_however_many_there_are(issue, project):
    assert "(id=?)" in Issue.objects.of_ids(project, [issue.id]).explain()
    assert not Issue.objects.of_ids(ProjectFactory(), [issue.id]).exists()


def test_create(api, user):
    r = api.post(
        "error_tracking/issues/",
        {
            "first_seen": "2026-01-31T12:00:00Z",
            "assignee": {"id": user.id, "type": "user"},
            "external_issues": [],
            "status": "archived",
            "name": "Own",
            "description": "",
        },
    )
    issue = Issue.objects.get()
    assert r.status_code == 201
    assert r.json() == row(
        issue,
        status="archived",
        name="Own",
        description="",
        first_seen="2026-01-31T12:00:00Z",
        assignee={"id": user.id, "type": "user"},
    )


def test_create_needs_first_seen_alone(api):
    r = api.post("error_tracking/issues/", {"first_seen": "2026-01-31T12:00:00Z"})
    assert r.status_code == 201
    assert r.json()["status"] == "active"


@pytest.mark.parametrize(
    ("changes", "attr", "code"),
    [
        ({"first_seen": None}, "first_seen", "null"),
        ({"first_seen": "yesterday"}, "first_seen", "invalid_input"),
        ({"status": "gone"}, "status", "invalid_choice"),
        ({"assignee": {"id": 10**9, "type": "user"}}, "assignee__id", "does_not_exist"),
        ({"assignee": {"type": "user"}}, "assignee__id", "required"),
        ({"assignee": "ada"}, "assignee", "not_an_object"),
        ({"external_issues": "x"}, "external_issues", "not_a_list"),
        (
            {"external_issues": [{"integration_id": 5}]},
            "external_issues__0__integration_id",
            "does_not_exist",
        ),
    ],
)
def test_create_refuses(api, changes, attr, code):
    r = api.post("error_tracking/issues/", {"first_seen": "2026-01-31T12:00:00Z", **changes})
    assert (r.status_code, r.json()["attr"], r.json()["code"]) == (400, attr, code)
    assert not Issue.objects.exists()


def test_create_of_nothing_names_the_first_thing_missing(api):
    r = api.post("error_tracking/issues/", {})
    assert (r.status_code, r.json()["attr"], r.json()["code"]) == (400, "first_seen", "required")


@pytest.mark.parametrize("method", ["patch", "put"])
def test_update_keeps_what_is_not_sent(api, issue, method):
    r = getattr(api, method)(f"error_tracking/issues/{issue.id}/", {"status": "resolved"})
    assert (r.status_code, r.json()) == (200, row(issue, status="resolved"))
    issue.refresh_from_db()
    assert (issue.status, issue.name) == ("resolved", "TypeError")


def test_update_of_everything(api, issue, user):
    r = api.patch(
        f"error_tracking/issues/{issue.id}/",
        {
            "status": "suppressed",
            "severity": "low",
            "name": "",
            "description": None,
            "assignee": {"id": str(user.id)},
            "id": str(uuid4()),
            "cohort": 5,
            "unknown": True,
        },
    )
    assert r.status_code == 200
    assert r.json() == row(
        issue,
        status="suppressed",
        severity="low",
        name="",
        description=None,
        assignee={"id": user.id, "type": "user"},
    )


@pytest.mark.parametrize("status", ["archived", "pending_release", "gone", None, 5, []])
def test_update_refuses_statuses_that_are_not_peoples_to_give(api, issue, status):
    r = api.patch(f"error_tracking/issues/{issue.id}/", {"status": status})
    assert (r.status_code, r.json()["attr"]) == (400, "status")
    if isinstance(status, str):
        assert status in r.json()["detail"]


def test_archived_issues_read_and_update_fine(api, issue):
    Issue.objects.update(status="archived")
    path = f"error_tracking/issues/{issue.id}/"
    assert api.get(path).json()["status"] == "archived"
    assert api.patch(path, {"name": "N"}).json()["status"] == "archived"


def test_an_update_that_changes_nothing_writes_nothing(
    api, issue, django_assert_num_queries, django_assert_max_num_queries
):
    # key, its last use, project, issue, savepoint twice, references twice
    with django_assert_max_num_queries(8):
        api.patch(f"error_tracking/issues/{issue.id}/", {"name": "TypeError"})


def test_delete_is_refused(api, issue):
    for id in [issue.id, uuid4(), "nonsense"]:
        r = api.delete(f"error_tracking/issues/{id}/")
        assert (r.status_code, r.content) == (405, b"")
    assert Issue.objects.exists()


@pytest.mark.parametrize("id", ["nonsense", "9029e5dc-3eed-4d29-b09e-18beb6f5238f", "0"])
def test_unknown_issues_are_not_found(api, id):
    for method in ["get", "patch", "put"]:
        r = getattr(api, method)(f"error_tracking/issues/{id}/")
        assert (r.status_code, r.json()["detail"]) == (404, "Not found.")


def test_a_fingerprint_hint_leads_to_the_issue_it_is_in(api, issue, project):
    FingerprintFactory(issue=issue, fingerprint="here")
    other = FingerprintFactory(issue__project=project, fingerprint="there").issue
    FingerprintFactory(fingerprint="elsewhere")

    def ask(id, hint):
        r = api.get(f"error_tracking/issues/{id}/", {"fingerprint": hint})
        return r.status_code, r.json().get("issue_id") or r.json().get("id")

    assert ask(issue.id, "there") == (308, str(other.id))
    assert ask(uuid4(), "there") == (308, str(other.id))
    assert ask(issue.id, "here") == (200, str(issue.id))
    assert ask(issue.id, "elsewhere") == (200, str(issue.id))
    assert ask(uuid4(), "elsewhere") == (404, None)
    assert ask(issue.id, "a\0b")[0] == 400


def test_exists(api, project):
    assert api.get("error_tracking/issues/exists/").json() == {"exists": False}
    IssueFactory()
    assert api.get("error_tracking/issues/exists/").json() == {"exists": False}
    IssueFactory(project=project)
    assert api.get("error_tracking/issues/exists/").json() == {"exists": True}


def test_values(api, project):
    IssueFactory(project=project, name="TypeError", description="no user")
    IssueFactory(project=project, name="TypeError", description="No item")
    IssueFactory(project=project, name="KeyError", description=None)
    IssueFactory(name="Elsewhere")

    def ask(**query):
        r = api.get("error_tracking/issues/values/", query)
        assert r.json()["refreshing"] is False
        return [found["name"] for found in r.json()["results"]]

    assert ask(key="name") == ["KeyError", "TypeError"]
    assert ask(key="name", value="typee") == ["TypeError"]
    assert ask(key="name", value="%") == []
    assert sorted(ask(key="issue_description", value="NO ")) == ["No item", "no user"]
    assert ask(key="severity", value="i") == ["medium", "high", "critical"]
    assert ask(key="status") == ask() == []


@pytest.fixture
def member(organization):
    member = UserFactory()
    MembershipFactory(organization=organization, user=member)
    return member


@pytest.mark.parametrize("as_text", [False, True])
def test_assign(api, issue, member, as_text):
    id = str(member.id) if as_text else member.id
    path = f"error_tracking/issues/{issue.id}/assign/"
    r = api.patch(path, {"assignee": {"type": "user", "id": id}})
    assert (r.status_code, r.json()) == (200, {"success": True})
    issue.refresh_from_db()
    assert issue.assigned_user == member

    for body in [{"assignee": None}, {}]:
        Issue.objects.update(assigned_user=member)
        assert api.patch(path, body).json() == {"success": True}
        issue.refresh_from_db()
        assert issue.assigned_user is None


@pytest.mark.parametrize(
    ("assignee", "attr"),
    [
        ({"type": "user", "id": "ada"}, "assignee__id"),
        ({"type": "user", "id": True}, "assignee__id"),
        ({"type": "user", "id": 1.5}, "assignee__id"),
        ({"type": "user", "id": 10**12}, "assignee__id"),
        ({"type": "user", "id": -1}, "assignee__id"),
        ({"type": "user", "id": []}, "assignee__id"),
        ({"type": "role", "id": 1}, "assignee__id"),
        ({"type": "role", "id": str(uuid4())}, "assignee__id"),
        ({"type": "team", "id": 1}, "assignee__type"),
        ({"type": [], "id": 1}, "assignee__type"),
        ([], "assignee"),
    ],
)
def test_assign_refuses(api, issue, assignee, attr):
    r = api.patch(f"error_tracking/issues/{issue.id}/assign/", {"assignee": assignee})
    assert (r.status_code, r.json()["attr"]) == (400, attr)


def test_assign_refuses_people_of_other_organizations(api, issue):
    stranger = MembershipFactory().user
    r = api.patch(
        f"error_tracking/issues/{issue.id}/assign/",
        {"assignee": {"type": "user", "id": stranger.id}},
    )
    assert (r.status_code, r.json()["attr"]) == (400, "assignee__id")


def test_bulk(api, project, member):
    issues = IssueFactory.create_batch(3, project=project)
    elsewhere = IssueFactory()
    ids = [str(issue.id) for issue in [*issues[:2], elsewhere]] + [str(uuid4())]

    r = api.post(
        "error_tracking/issues/bulk/", {"ids": ids, "action": "set_status", "status": "resolved"}
    )
    assert (r.status_code, r.json()) == (200, {"success": True})
    api.post(
        "error_tracking/issues/bulk/",
        {"ids": ids, "action": "assign", "assignee": {"type": "user", "id": member.id}},
    )

    found = Issue.objects.filter(status="resolved", assigned_user=member)
    assert set(found) == set(issues[:2])
    r = api.post("error_tracking/issues/bulk/", {"ids": ids, "action": "dance"})
    assert (r.status_code, r.json()) == (200, {"success": True})


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"action": "set_status", "status": "resolved"}, "ids"),
        ({"ids": ["x"], "action": "set_status", "status": "resolved"}, "ids__0"),
        ({"ids": []}, "action"),
        ({"ids": [], "action": "set_status"}, "status"),
        ({"ids": [], "action": "set_status", "status": "archived"}, "status"),
        ({"ids": [], "action": "assign", "assignee": {"id": 0}}, "assignee__id"),
    ],
)
def test_bulk_refuses(api, body, attr):
    r = api.post("error_tracking/issues/bulk/", body)
    assert (r.status_code, r.json()["attr"]) == (400, attr)


def test_cohorts(api, issue, project):
    path = f"error_tracking/issues/{issue.id}/cohort/"
    for name in ("affected", "others"):
        cohort = Cohort.objects.create(project=project, name=name)
        r = api.put(path, {"cohortId": cohort.id})
        assert (r.status_code, r.json()) == (200, {"success": True})
        shown = {"id": cohort.id, "name": name}
        assert api.get(f"error_tracking/issues/{issue.id}/").json()["cohort"] == shown
        assert api.get("error_tracking/issues/").json()["results"][0]["cohort"] == shown
    Cohort.objects.update(deleted=True)
    assert api.get(f"error_tracking/issues/{issue.id}/").json()["cohort"] is None


def test_cohorts_that_are_none(api, issue, project):
    path = f"error_tracking/issues/{issue.id}/cohort/"
    r = api.put(path, {})
    assert (r.status_code, r.json()["attr"]) == (400, "cohortId")
    deleted = Cohort.objects.create(project=project, name="a", deleted=True)
    stranger = Cohort.objects.create(project=ProjectFactory(), name="b")
    for id in (5_000_000, deleted.id, stranger.id):
        assert api.put(path, {"cohortId": id}).status_code == 404
    for odd in ("x", None, 2**40, []):
        assert api.put(path, {"cohortId": odd}).status_code == 400


@pytest.mark.parametrize("prefix", ["environments", "projects"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_both_prefixes_with_and_without_slash(api, issue, prefix, slash):
    base = f"/api/{prefix}/{api.project.id}/error_tracking/issues"
    assert api.get(f"{base}{slash}").status_code == 200
    assert api.get(f"{base}/exists{slash}").status_code == 200
    assert api.post(f"{base}/{issue.id}/merge{slash}", {"ids": [str(issue.id)]}).json() == {
        "success": False
    }


def test_other_projects_issues_are_out_of_reach(api, organization):
    elsewhere = IssueFactory(project=ProjectFactory(organization=organization))
    path = f"error_tracking/issues/{elsewhere.id}/"
    assert api.get(path).status_code == 404
    assert api.patch(path, {"name": "x"}).status_code == 404
    assert api.post(f"{path}split/", {"fingerprints": []}).status_code == 404
    assert api.patch(f"{path}assign/", {}).status_code == 404


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("error_tracking:read", "get", "", 200),
        ("error_tracking:read", "get", "values/", 200),
        ("error_tracking:read", "post", "bulk/", 403),
        ("error_tracking:read", "post", "", 403),
        ("error_tracking:write", "get", "", 200),
        ("error_tracking:write", "post", "bulk/", 400),
        ("query:read", "get", "", 403),
    ],
)
def test_scopes(api_with_scopes, scope, method, path, status):
    r = getattr(api_with_scopes(scope), method)(f"error_tracking/issues/{path}")
    assert r.status_code == status
