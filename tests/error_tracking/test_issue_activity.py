"""What the activity log tells of issues."""

from uuid import uuid4

import pytest

from projects.models import ActivityLogEntry
from tests.error_tracking.ingesting import exception, ingest
from tests.factories import FingerprintFactory, IssueFactory


@pytest.fixture
def issue(project):
    return IssueFactory(project=project, name="TypeError", status="active")


def entries(api, path):
    r = api.get(f"error_tracking/issues/{path}activity/")
    assert r.status_code == 200
    assert set(r.json()) == {"results", "next", "previous", "total_count"}
    assert r.json()["total_count"] == len(r.json()["results"])
    return r.json()["results"]


def test_updates_of_status_and_name_leave_one_entry(api, issue, user):
    api.patch(f"error_tracking/issues/{issue.id}/", {"status": "resolved", "name": "Renamed"})
    (entry,) = entries(api, f"{issue.id}/")
    assert (entry["scope"], entry["activity"]) == ("ErrorTrackingIssue", "updated")
    assert (entry["item_id"], entry["user"]["id"]) == (str(issue.id), user.id)
    assert entry["detail"]["name"] == "Renamed"
    assert [(c["field"], c["before"], c["after"]) for c in entry["detail"]["changes"]] == [
        ("status", "active", "resolved"),
        ("name", "TypeError", "Renamed"),
    ]


def test_assigning_leaves_an_entry_of_its_own(api, issue, user):
    path = f"error_tracking/issues/{issue.id}/"
    assignee = {"id": user.id, "type": "user"}
    api.patch(f"{path}assign/", {"assignee": assignee})
    api.patch(path, {"assignee": None, "status": "resolved"})
    found = sorted(
        (entry["activity"], change["field"], change["before"], change["after"])
        for entry in entries(api, f"{issue.id}/")
        for change in entry["detail"]["changes"]
        if entry["activity"] == "updated" or change["before"] is None
    )
    assert found == [
        ("assigned", "assignee", None, assignee),
        ("updated", "status", "active", "resolved"),
    ]
    assert ActivityLogEntry.objects.filter(activity="assigned").count() == 2


def test_what_changes_nothing_leaves_none(api, issue):
    path = f"error_tracking/issues/{issue.id}/"
    api.patch(path, {"status": "active", "name": "TypeError", "assignee": None})
    api.patch(f"{path}assign/", {"assignee": None})
    assert entries(api, "") == []


def test_bulk_changes_leave_one_each(api, issue, project, django_assert_max_num_queries):
    others = IssueFactory.create_batch(30, project=project)
    done = IssueFactory(project=project, status="resolved")
    ids = [str(found.id) for found in [issue, *others, done]]
    with django_assert_max_num_queries(10):
        api.post(
            "error_tracking/issues/bulk/",
            {"ids": ids, "action": "set_status", "status": "resolved"},
        )
    logged = ActivityLogEntry.objects.values_list("item_id", flat=True)
    assert sorted(logged) == sorted(ids[:-1])


def test_creation_and_ingestion_leave_none(api, project):
    api.post("error_tracking/issues/", {"first_seen": "2026-01-31T12:00:00Z"})
    FingerprintFactory(issue=IssueFactory(project=project, status="resolved"), fingerprint="f")
    ingest(exception(project), exception(project, **{"$exception_fingerprint": "f"}))
    assert not ActivityLogEntry.objects.exists()


def test_reading_it_needs_its_own_scope(api_with_scopes, issue):
    for path in ["activity/", f"{issue.id}/activity/"]:
        path = f"error_tracking/issues/{path}"
        assert api_with_scopes("activity_log:read").get(path).status_code == 200
        assert api_with_scopes("error_tracking:write").get(path).status_code == 403


def test_of_an_unknown_issue_there_is_none(api):
    for id in [uuid4(), "nonsense"]:
        assert api.get(f"error_tracking/issues/{id}/activity/").status_code == 404
