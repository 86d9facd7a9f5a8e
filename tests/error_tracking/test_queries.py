"""Issues by what happened to them: the queries of the MCP server and the web interface."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from error_tracking.models import Fingerprint, Issue
from persons.models import person_uuid
from tests.error_tracking.ingesting import captured, deliver, exception, keep
from tests.error_tracking.recorded import exception_events
from tests.factories import (
    FingerprintFactory,
    IssueFactory,
    MembershipFactory,
    ProjectFactory,
    ReleaseFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]

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


def names(api, **body):
    return [row["name"] for row in ask(api, **body)["results"]]


@pytest.fixture
def three(project):
    """Issues A (once, lately), B (thrice, one user) and C (twice, two users, long ago)."""
    happen(project, "A", hours_ago=1)
    for hours in (3, 4, 5):
        happen(project, "B", hours_ago=hours)
    happen(project, "C", hours_ago=30, user="user_1")
    happen(project, "C", hours_ago=31, user="user_2")
    return {issue.name: issue for issue in Issue.objects.all()}


# query/issues


def test_a_row(api, project, user):
    properties = exception_events("python_exception_handled")[0]
    first, last = (
        keep(captured(project, ago(hours=hours), **dict(properties), **{"$session_id": "s1"}))[0]
        for hours in (2, 1)
    )
    Issue.objects.update(assigned_user=user)
    (row,) = ask(api)["results"]
    assert row == {
        "id": str(last.issue_id),
        "fingerprint": last.fingerprint,
        "name": "ZeroDivisionError",
        "description": "division by zero",
        "status": "active",
        "severity": None,
        "first_seen": iso(first.timestamp),
        "last_seen": iso(last.timestamp),
        "library": "posthog-python",
        "source": "app/orders.py",
        "assignee": {"id": user.id, "type": "user"},
        "aggregations": {
            "occurrences": 2,
            "users": 1,
            "sessions": 1,
            "volumeRange": [],
            "volume_buckets": [],
        },
    }


def iso(moment):
    return moment.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({}, "BCA"),
        ({"orderDirection": "ASC"}, "ACB"),
        ({"orderBy": "last_seen"}, "ABC"),
        ({"orderBy": "last_seen", "orderDirection": "ASC"}, "CBA"),
        ({"orderBy": "first_seen"}, "ABC"),
        ({"orderBy": "first_seen", "orderDirection": "ASC"}, "CBA"),
    ],
)
def test_orders(api, three, order, expected):
    assert names(api, **order) == list(expected)
    assert names(api, orderBy="users")[0] == "C"


def test_first_seen_is_of_the_issue_not_of_the_range(api, three):
    Fingerprint.objects.filter(issue=three["A"]).update(first_seen=ago(days=400))
    assert names(api, orderBy="first_seen") == ["B", "C", "A"]


def test_pages(api, three):
    first = ask(api, limit=2)
    assert (first["hasMore"], first["nextOffset"], first["limit"], first["offset"]) == (
        True,
        2,
        2,
        0,
    )
    rest = ask(api, limit=2, offset=2)
    assert [row["name"] for row in first["results"] + rest["results"]] == ["B", "C", "A"]
    assert rest["hasMore"] is False
    assert "nextOffset" not in rest
    assert ask(api, offset=9)["results"] == []


def test_statuses_and_assignees(api, three, organization):
    member = MembershipFactory(organization=organization).user
    Issue.objects.filter(name="A").update(status="resolved", assigned_user=member)
    assert names(api) == ["B", "C"]
    assert names(api, status="resolved") == ["A"]
    assert names(api, status="all") == ["B", "C", "A"]
    assert names(api, status="archived") == []
    assert names(api, status="all", assignee={"type": "user", "id": member.id}) == ["A"]
    assert names(api, status="all", assignee=None) == ["B", "C", "A"]


@pytest.mark.parametrize(
    ("date_range", "expected"),
    [
        ({"date_from": "-1d"}, "BA"),
        ({"date_from": "-2h"}, "A"),
        ({"date_from": "-7d", "date_to": "-1d"}, "C"),
        ({"date_from": "all"}, "BCA"),
        ({"date_from": ago(hours=2).isoformat()}, "A"),
        (None, "BCA"),
    ],
)
def test_date_ranges(api, three, date_range, expected):
    assert names(api, dateRange=date_range) == list(expected)


def test_what_the_exceptions_were_like(api, project):
    release = ReleaseFactory(project=project, version="shop/2.5.1")
    shop = happen(
        project,
        "Shop",
        user="ada",
        **{
            "$lib": "web",
            "$current_url": "https://shop.example.com/cart?a=50%",
            "$release_id": str(release.id),
            "$exception_list": [
                {
                    "type": "Shop",
                    "value": "no price",
                    "stacktrace": {
                        "frames": [
                            {"platform": "python", "filename": "app/Cart.py", "function": "total"}
                        ]
                    },
                }
            ],
        },
    )
    happen(project, "Other", **{"$lib": "posthog-node"})
    for asked in [
        {"library": "web"},
        {"release": "shop/2.5.1"},
        {"release": release.hash_id},
        {"fingerprint": shop.fingerprint},
        {"fingerprint": [shop.fingerprint, "another"]},
        {"user": "ada"},
        {"personId": str(person_uuid(project.id, "ada"))},
        {"url": "EXAMPLE.com/cart"},
        {"url": "50%"},
        {"filePath": "app/cart"},
        {"searchQuery": "shop"},
        {"searchQuery": "PRICE total"},
        {"searchQuery": "cart.py"},
        {"filterGroup": [{"key": "$lib", "value": ["web"], "operator": "exact", "type": "event"}]},
        {"filterGroup": [{"key": "$exception_functions", "value": "total"}]},
    ]:
        assert names(api, **asked) == ["Shop"], asked
    for asked in [
        {"library": "we"},
        {"release": "2.5.1"},
        {"fingerprint": []},
        {"user": "bob"},
        {"personId": str(uuid4())},
        {"url": "5_%"},
        {"filePath": "app/cart.rb"},
        {"searchQuery": "shop nothing"},
        {"filterGroup": [{"key": "$lib", "value": "ios"}]},
    ]:
        expected = ["Other", "Shop"] if asked == {"fingerprint": []} else []
        assert sorted(names(api, **asked)) == expected, asked


def test_search_finds_names_that_people_gave(api, three):
    Issue.objects.filter(name="A").update(name="Checkout is broken", description="50% of carts")
    assert names(api, searchQuery="checkout CARTS") == ["Checkout is broken"]
    assert names(api, searchQuery="50%") == ["Checkout is broken"]
    assert names(api, searchQuery="checkout nothing") == []


def test_test_accounts_are_left_out(api, project, three):
    project.settings = {
        "test_account_filters": [
            {"key": "internal", "value": "true", "operator": "is_not", "type": "event"}
        ]
    }
    project.save()
    happen(project, "Internal", internal=True)
    assert names(api) == ["B", "C", "A"]
    assert sorted(names(api, filterTestAccounts=False)) == ["A", "B", "C", "Internal"]


def test_volumes(api, project):
    for hours in (0.5, 1, 3.5):
        happen(project, "A", hours_ago=hours)
    day = {"date_from": ago(hours=4).isoformat(), "date_to": NOW.isoformat()}
    (row,) = ask(api, volumeResolution=4, dateRange=day)["results"]
    found = row["aggregations"]
    assert found["volumeRange"] == [1, 0, 0, 2]
    assert found["volume_buckets"] == [
        {"label": iso(ago(hours=4 - n)), "value": value} for n, value in enumerate([1, 0, 0, 2])
    ]
    (row,) = ask(api, volumeResolution=2, dateRange={"date_from": "all"})["results"]
    assert sum(row["aggregations"]["volumeRange"]) == 3


def test_merged_issues_are_one(api, project, three):
    path = f"error_tracking/issues/{three['A'].id}/merge/"
    api.post(path, {"ids": [str(three["B"].id)]})
    deliver()
    rows = ask(api)["results"]
    assert [(row["name"], row["aggregations"]["occurrences"]) for row in rows] == [
        ("A", 4),
        ("C", 2),
    ]


def test_other_projects_and_other_events_are_out_of_sight(api, project, three):
    happen(ProjectFactory(), "Elsewhere")
    keep(captured(project, ago(hours=1), "$pageview"))
    keep(captured(project, ago(hours=1), **{"$exception_list": "broken"}))
    assert names(api) == ["B", "C", "A"]


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"status": "gone"}, "status"),
        ({"orderBy": "name"}, "orderBy"),
        ({"orderDirection": "UP"}, "orderDirection"),
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"offset": -1}, "offset"),
        ({"volumeResolution": 201}, "volumeResolution"),
        ({"searchQuery": "x" * 501}, "searchQuery"),
        ({"dateRange": "x"}, "dateRange"),
        ({"filterGroup": "x"}, "filterGroup"),
        ({"filterGroup": [{"key": "1 = 1", "type": "hogql"}]}, "filterGroup"),
        ({"filterGroup": [{"type": "AND", "values": []}]}, "filterGroup"),
        ({"filterGroup": [{"key": "a", "operator": "nearly"}]}, "filterGroup"),
        ({"fingerprint": 5}, "fingerprint"),
        ({"fingerprint": [5]}, "fingerprint"),
        ({"personId": "x"}, "personId"),
        ({"assignee": {"type": "user", "id": "x"}}, "assignee__id"),
    ],
)
def test_what_is_refused(api, body, attr):
    r = api.post(ISSUES, body)
    assert (r.status_code, r.json()["attr"]) == (400, attr)


def test_bounds_that_are_no_times(api):
    assert api.post(ISSUES, {"dateRange": {"date_from": "yesterday-ish"}}).status_code == 400


def test_a_page_costs_the_same_queries_whatever_its_length(
    api, project, django_assert_max_num_queries
):
    for letter in "ABCDEFGHIJ":
        happen(project, letter)
    # key, its last use, project; the choice; rows, references
    with django_assert_max_num_queries(6):
        assert len(ask(api, volumeResolution=5)["results"]) == 10


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
    assert (len(found), sum(bucket["value"] for bucket in found)) == (24, 3)
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
