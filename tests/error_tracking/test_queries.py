"""Issues by what happened to them, as the MCP server and the web interface ask for them."""

from uuid import uuid4

import orjson
import pytest

import clickhouse
from error_tracking.models import Fingerprint, Issue
from error_tracking.reports import issues
from persons.models import person_uuid
from tests.error_tracking.asking import EVENTS, ISSUES, NOW, ago, ask, happen, iso
from tests.error_tracking.ingesting import captured, deliver, exception, keep
from tests.error_tracking.recorded import exception_events
from tests.factories import MembershipFactory, ProjectFactory, ReleaseFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]


def names(api, **body):
    return [row["name"] for row in ask(api, **body)["results"]]


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


@pytest.mark.parametrize("few", [1000, 0])
@pytest.mark.parametrize("order", ["occurrences", "first_seen"])
def test_issues_of_choice_are_found_behind_all_others(api, project, monkeypatch, few, order):
    """A page looks at twice as many as it shows, and then either at those chosen or at the rest."""
    monkeypatch.setattr(issues, "MAX_FEW", few)
    for number, letter in enumerate("ABCDEFG"):
        keep(*[exception(project, letter, timestamp=ago(hours=number)) for _ in range(7 - number)])
    happen(project, "Z", hours_ago=900)
    Issue.objects.filter(name__in="FGZ").update(status="resolved")
    asked = {"orderBy": order, "status": "resolved"}
    assert names(api, **asked, limit=1) == ["F"]
    assert names(api, **asked, limit=1, offset=1) == ["G"]
    assert names(api, **asked, limit=2) == ["F", "G"]
    assert names(api, **asked, offset=2) == []
    assert names(api, orderBy="first_seen", orderDirection="ASC", status="all", limit=1) == ["G"]
    assert names(api, status="archived", limit=1) == []


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
        {"library": ["ios", "web"]},
        {"release": "shop/2.5.1"},
        {"release": release.hash_id},
        {"release": str(release.id)},
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
        {"release": "shop"},
        {"release": str(uuid4())},
        {"library": []},
        {"fingerprint": []},
        {"user": "bob"},
        {"personId": str(uuid4())},
        {"url": "5_%"},
        {"filePath": "app/cart.rb"},
        {"searchQuery": "shop nothing"},
        {"filterGroup": [{"key": "$lib", "value": "ios"}]},
    ]:
        expected = ["Other", "Shop"] if [] in asked.values() else []
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


def test_users_who_became_one_person_count_once(api, project):
    for user in ("user_1", "user_2"):
        happen(project, "A", user=user)

    def users():
        return ask(api)["results"][0]["aggregations"]["users"]

    def lead(distinct_id, project, **fields):
        row = {
            "team_id": project.id,
            "distinct_id": distinct_id,
            "person_id": str(person_uuid(project.id, "user_1")),
            "is_deleted": 0,
            "version": 1,
            **fields,
        }
        clickhouse.insert("person_distinct_id_overrides", orjson.dumps(row))

    lead("user_2", ProjectFactory())
    assert users() == 2
    lead("user_2", project)
    assert users() == 1
    lead("user_2", project, is_deleted=1, version=2)
    assert users() == 2


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


@pytest.mark.parametrize("bound", ["date_from", "date_to"])
def test_bounds_that_are_no_times(api, bound):
    r = api.post(ISSUES, {"dateRange": {bound: "yesterday-ish"}})
    assert (r.status_code, r.json()["attr"]) == (400, f"dateRange__{bound}")


def test_a_page_costs_the_same_queries_whatever_its_length(
    api, project, django_assert_max_num_queries
):
    for letter in "ABCDEFGHIJ":
        happen(project, letter)
    # key, its last use, project; the choice; rows, references
    with django_assert_max_num_queries(7):
        assert len(ask(api, volumeResolution=5)["results"]) == 10


def test_filters_on_severity(api, three):
    Issue.objects.filter(name="A").update(severity="high")
    Issue.objects.filter(name="B").update(severity="low")

    def found(operator="exact", value=None, **more):
        leaf = {"type": "error_tracking_issue", "key": "severity", "operator": operator}
        filters = [{**leaf, "value": value}, {"key": "$lib", "operator": "is_not_set"}]
        return sorted(names(api, filterGroup=filters, **more))

    assert found(value="high") == ["A"]
    assert found(value=["high", "low"]) == ["A", "B"]
    assert found("is_set") == ["A", "B"]
    assert found("is_not_set") == ["C"]


@pytest.mark.parametrize(
    "leaf",
    [{"key": "name"}, {"key": "severity", "value": "bad"}, {"key": "severity", "operator": "gt"}],
)
def test_other_filters_on_issues_are_refused(api, leaf):
    filters = [{"type": "error_tracking_issue", **leaf}]
    r = api.post(ISSUES, {"filterGroup": filters})
    assert (r.status_code, r.json()["attr"]) == (400, "filterGroup")
    r = api.post(EVENTS, {"issueId": str(uuid4()), "filterGroup": filters})
    assert (r.status_code, r.json()["attr"]) == (400, "filterGroup")
