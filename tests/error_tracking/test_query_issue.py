"""One issue and its exceptions, as the MCP server and the web interface ask for them."""

from uuid import uuid4

import pytest

from error_tracking.models import Fingerprint
from tests.error_tracking.asking import EVENTS, ISSUE, ISSUES, ago, ask, happen, iso
from tests.error_tracking.ingesting import captured, deliver, keep
from tests.error_tracking.recorded import exception_events
from tests.factories import FingerprintFactory, IssueFactory, ReleaseFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]

# query/issue


def test_an_issue(api, project):
    release = ReleaseFactory(
        project=project,
        metadata={"git": {"commit_id": "c0ffee", "branch": "main", "repo_name": "shop"}},
    )
    properties = exception_events("python_exception_handled")[0]
    properties["$release_id"] = str(release.id)
    (event,) = keep(captured(project, ago(hours=1), **properties))
    issue = {"id": str(event.issue_id), "fingerprint": event.fingerprint}
    assert ask(api, ISSUE, issueId=str(event.issue_id)) == {
        **issue,
        "name": "ZeroDivisionError",
        "description": "division by zero",
        "status": "active",
        "first_seen": iso(event.timestamp),
        "last_seen": iso(event.timestamp),
        "library": "posthog-python",
        "source": "app/orders.py",
        "function": "price",
        "top_in_app_frame": {
            "function": "price",
            "source": "app/orders.py",
            "line": 6,
            "in_app": True,
        },
        "latest_release": {
            "version": release.version,
            "project": "shop",
            "timestamp": release.created_at.isoformat(),
            "commit_id": "c0ffee",
            "branch": "main",
            "repo_name": "shop",
        },
        "impact": {"occurrences": 1, "users": 1, "sessions": 0},
    }


def test_an_issue_that_did_not_happen(api, project, user):
    issue = FingerprintFactory(
        issue=IssueFactory(project=project, name="A", assigned_user=user), fingerprint="f"
    ).issue
    assert ask(api, ISSUE, issueId=str(issue.id)) == {
        "id": str(issue.id),
        "fingerprint": "f",
        "name": "A",
        "status": "active",
        "assignee": {"id": user.id, "type": "user"},
        "impact": {},
    }


def test_the_sparkline_of_an_issue(api, three):
    issue = {"issueId": str(three["B"].id)}
    assert "sparkline" not in ask(api, ISSUE, **issue)
    found = ask(api, ISSUE, **issue, includeSparkline=True)["sparkline"]
    assert (len(found), sum(bucket["value"] for bucket in found)) == (12, 3)
    found = ask(api, ISSUE, **issue, volumeResolution=7)["sparkline"]
    assert (len(found), sum(bucket["value"] for bucket in found)) == (7, 3)


@pytest.mark.parametrize("path", [ISSUE, EVENTS])
def test_unknown_issues(api, path):
    for id in [uuid4(), IssueFactory().id]:
        r = api.post(path, {"issueId": str(id)})
        assert (r.status_code, r.json()["detail"]) == (404, "Not found.")
    for body, code in [({}, "required"), ({"issueId": "x"}, "invalid_input")]:
        r = api.post(path, body)
        assert (r.status_code, r.json()["attr"], r.json()["code"]) == (400, "issueId", code)


# query/issue_events


@pytest.fixture
def chained(project):
    """An event of two exceptions with frames of the app and of others."""
    properties = exception_events("node_exception_cause")[0]
    properties |= {"$browser": "Chrome", "$os": "Linux", "order_id": 7}
    properties["$exception_list"][0]["value"] = "x" * 2000
    return keep(captured(project, ago(hours=1), **properties))[0]


def test_a_summary_of_an_exception(api, chained):
    body = ask(api, EVENTS, issueId=str(chained.issue_id))
    (row,) = body["results"]
    assert (row["uuid"], row["timestamp"], row["distinct_id"]) == (
        str(chained.uuid),
        iso(chained.timestamp),
        "user_1",
    )
    shown = row["properties"]
    assert (shown["$browser"], shown["$os"], shown["$lib"]) == ("Chrome", "Linux", "posthog-node")
    assert shown["$exception_issue_id"] == str(chained.issue_id)
    assert "order_id" not in shown
    outer, cause = shown["$exception_list"]
    assert set(outer) == {"type", "value", "mechanism"}
    assert (outer["type"], outer["value"], cause["type"]) == ("OrderError", "x" * 1000, "TypeError")


def test_stacks_and_all_of_it(api, chained):
    issue = {"issueId": str(chained.issue_id)}

    def first(**options):
        (row,) = ask(api, EVENTS, **issue, **options)["results"]
        return row["properties"]["$exception_list"][0]

    assert len(first(verbosity="stack")["stacktrace"]["frames"]) == 3
    assert len(first(verbosity="stack", onlyAppFrames=False)["stacktrace"]["frames"]) == 9
    raw = first(verbosity="raw")
    assert len(raw["stacktrace"]["frames"]) == 9
    assert len(raw["value"]) == 2000
    assert raw["id"]


def test_parts_of_an_event(api, project, chained):
    event = happen(
        project,
        "A",
        **{"$trace_id": "a" * 32, "$current_url": "https://a.example/", "$lib": "web"},
    )

    def included(*groups, id=event.issue_id, **options):
        body = {"issueId": str(id), "include": list(groups), **options}
        return ask(api, EVENTS, **body)["results"][0]["properties"]

    assert included("navigation") == {"$current_url": "https://a.example/"}
    assert set(included("environment", "correlation")) == {"$lib", "$trace_id"}
    assert included() == {}
    (outer, _) = included("exception", id=chained.issue_id)["$exception_list"]
    assert "stacktrace" not in outer
    for groups in (["stacktrace"], ["code_variables"]):
        shown = included(*groups, id=chained.issue_id, onlyAppFrames=False)
        assert set(shown) == {"$exception_list"}
        assert len(shown["$exception_list"][0]["stacktrace"]["frames"]) == 9
    r = api.post(EVENTS, {"issueId": str(event.issue_id), "include": ["all"]})
    assert (r.status_code, r.json()["attr"]) == (400, "include__0")


def test_variables_are_left_out_unless_asked_for(api, project):
    frame = {"platform": "python", "filename": "a.py", "function": "f", "lineno": 1}
    raw = {"frames": [{**frame, "code_variables": {"token": "x"}}]}
    (event,) = keep(
        captured(project, ago(hours=1), **{"$exception_list": [{"type": "E", "stacktrace": raw}]})
    )

    def variables(**options):
        body = ask(api, EVENTS, issueId=str(event.issue_id), **options)
        (shown,) = body["results"][0]["properties"]["$exception_list"][0]["stacktrace"]["frames"]
        return shown.get("code_variables")

    assert variables(include=["stacktrace"]) is None
    assert variables(include=["code_variables"]) == {"token": "x"}
    assert variables(verbosity="stack") == {"token": "x"}


def test_pages_of_events(api, three):
    issue = {"issueId": str(three["B"].id)}
    newest = ask(api, EVENTS, **issue)
    assert (newest["hasMore"], newest["limit"], newest["nextOffset"]) == (True, 1, 1)
    assert newest["results"][0]["timestamp"] == iso(ago(hours=3))
    rest = ask(api, EVENTS, **issue, limit=5, offset=1)
    assert [row["timestamp"] for row in rest["results"]] == [iso(ago(hours=h)) for h in (4, 5)]
    assert (rest["hasMore"], "nextOffset" in rest) == (False, False)
    oldest = ask(api, EVENTS, **issue, orderDirection="ASC")
    assert oldest["results"][0]["timestamp"] == iso(ago(hours=5))


def test_events_are_filtered(api, project):
    one = happen(project, "A", plan="pro")
    happen(project, "A", plan="free")
    issue = {"issueId": str(one.issue_id), "limit": 9}
    assert len(ask(api, EVENTS, **issue)["results"]) == 2
    filters = [{"key": "plan", "value": "pro"}]
    (row,) = ask(api, EVENTS, **issue, filterGroup=filters)["results"]
    assert row["uuid"] == str(one.uuid)
    assert ask(api, EVENTS, **issue, searchQuery="nothing")["results"] == []
    assert ask(api, EVENTS, **issue, dateRange={"date_from": "-10M"})["results"] == []


def test_events_of_merged_issues(api, three):
    path = f"error_tracking/issues/{three['A'].id}/merge/"
    api.post(path, {"ids": [str(three["B"].id)]})
    deliver()
    rows = ask(api, EVENTS, issueId=str(three["A"].id), limit=20)["results"]
    assert len(rows) == 4
    assert {row["properties"]["$exception_issue_id"] for row in rows} == {str(three["A"].id)}
    assert len(ask(api, EVENTS, issueId=str(three["C"].id), limit=20)["results"]) == 2


def test_events_of_issues_that_were_split(api, three):
    path = f"error_tracking/issues/{three['B'].id}/split/"
    fingerprint = Fingerprint.objects.get(issue=three["B"]).fingerprint
    (new,) = api.post(path, {"fingerprints": [fingerprint]}).json()["new_issue_ids"]
    deliver()
    assert len(ask(api, EVENTS, issueId=new, limit=20)["results"]) == 3
    assert ask(api, EVENTS, issueId=str(three["B"].id))["results"] == []


@pytest.mark.parametrize(
    ("body", "attr"),
    [({"limit": 21}, "limit"), ({"limit": 0}, "limit"), ({"verbosity": "loud"}, "verbosity")],
)
def test_queries_of_events_that_are_refused(api, project, body, attr):
    issue = IssueFactory(project=project)
    r = api.post(EVENTS, {"issueId": str(issue.id), **body})
    assert (r.status_code, r.json()["attr"]) == (400, attr)


def test_queries_take_keys_that_may_read(api_with_scopes):
    for path in [ISSUES, ISSUE, EVENTS]:
        assert api_with_scopes("error_tracking:read").post(path, {}).status_code in {200, 400}
        assert api_with_scopes("query:read").post(path, {}).status_code == 403
