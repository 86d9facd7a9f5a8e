"""Insights: queries that are kept."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from insights.models import CachedResult, Insight
from insights.serializers.queries import EXAMPLES
from tests.factories import (
    AlertFactory,
    InsightFactory,
    MembershipFactory,
    ProjectFactory,
    UserFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]

COUNT = {"kind": "HogQLQuery", "query": "select count() from events"}
WRAPPED = {"kind": "DataVisualizationNode", "source": COUNT}
BASIC_KEYS = {
    *("id", "short_id", "name", "derived_name", "filters", "query", "dashboards"),
    *("dashboard_tiles", "description", "last_refresh", "refreshing", "saved", "tags"),
    *("updated_at", "created_by", "created_at", "last_modified_at", "favorited"),
    *("user_access_level", "last_viewed_at"),
}
KEYS = BASIC_KEYS | {
    *("order", "deleted", "cache_target_age", "next_allowed_client_refresh", "result"),
    *("hasMore", "columns", "last_modified_by", "is_sample", "effective_restriction_level"),
    *("effective_privilege_level", "timezone", "is_cached", "query_status", "hogql", "types"),
    *("resolved_date_range", "alerts", "filters_hash"),
}
changes = []


def note_change(insight, user):
    changes.append((insight.id, insight.deleted, user.id))


@pytest.fixture
def insight(project, user):
    return InsightFactory(project=project, query=WRAPPED, created_by=user)


def names(answer) -> list[str]:
    assert answer.status_code == 200, answer.json()
    return [row["name"] for row in answer.json()["results"]]


def test_an_insight_is_stored_as_it_was_sent(api, user):
    answer = api.post(
        "insights/",
        {
            "name": "Events",
            "description": "All of them",
            "query": {**WRAPPED, "display": "BoldNumber"},
            "tags": ["b", "a", "b"],
            "dashboards": [],
            "_create_in_folder": "Unfiled/Insights",
        },
        format="json",
    )
    assert answer.status_code == 201
    made = answer.json()
    assert set(made) == KEYS
    assert isinstance(made["id"], int)
    assert len(made["short_id"]) == 8
    assert made["query"] == {**WRAPPED, "display": "BoldNumber"}
    assert (made["name"], made["derived_name"], made["tags"]) == ("Events", None, ["a", "b"])
    assert (made["filters"], made["dashboards"], made["alerts"]) == ({}, [], [])
    assert (made["saved"], made["favorited"], made["deleted"]) == (False, False, False)
    assert made["created_by"]["id"] == made["last_modified_by"]["id"] == user.id
    assert (made["effective_restriction_level"], made["effective_privilege_level"]) == (21, 37)
    assert (made["result"], made["is_cached"], made["timezone"]) == (None, False, "UTC")
    assert isinstance(made["created_at"], str)
    assert isinstance(made["updated_at"], str)
    for name in (made["id"], made["short_id"]):
        assert api.get(f"insights/{name}/").json() == made
    assert api.get(f"insights/?short_id={made['short_id']}").json()["results"] == [made]


@pytest.mark.parametrize(
    ("fields", "code", "attr"),
    [
        ({"query": "select 1"}, "parse_error", "query"),
        ({"query": {}}, "parse_error", "query"),
        ({"query": {"kind": "Nothing"}}, "parse_error", "query"),
        ({"query": {"kind": "HogQLQuery"}}, "parse_error", "query"),
        ({"query": {"kind": "HogQLQuery", "query": "select 1", "x": 1}}, "parse_error", "query"),
        ({"query": {"kind": "SavedInsightNode"}}, "parse_error", "query"),
        ({"query": {"kind": "InsightVizNode", "source": 1}}, "parse_error", "query"),
        ({"name": "x" * 401}, "max_length", "name"),
        ({"description": "x" * 401}, "max_length", "description"),
        ({"tags": "a"}, "not_a_list", "tags"),
        ({"filters": {"insight": "TRENDS"}}, "invalid_input", "filters"),
        ({"dashboards": [5]}, "does_not_exist", "dashboards"),
        ({"favorited": "perhaps"}, "invalid_input", "favorited"),
    ],
)
def test_what_can_not_be_stored(api, insight, fields, code, attr):
    for answer in (
        api.post("insights/", fields, format="json"),
        api.patch(f"insights/{insight.id}/", fields, format="json"),
    ):
        assert answer.status_code == 400, answer.json()
        assert (answer.json()["code"], answer.json()["attr"]) == (code, attr)
    insight.refresh_from_db()
    assert insight.query == WRAPPED


def test_an_insight_without_a_query(api):
    made = api.post("insights/", {"name": "Empty"}, format="json").json()
    assert (made["query"], made["result"]) == (None, None)
    shown = api.get(f"insights/{made['id']}/?refresh=blocking").json()
    assert (shown["query"], shown["result"], shown["filters_hash"]) == (None, None, None)


def test_a_change_saves_an_insight_and_notes_who_made_it(api, insight, project):
    someone = UserFactory()
    Insight.objects.update(
        last_modified_by=someone, last_modified_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    answer = api.patch(f"insights/{insight.short_id}/", {"favorited": True}, format="json").json()
    assert (answer["saved"], answer["favorited"]) == (True, True)
    assert answer["last_modified_by"]["id"] == someone.id
    answer = api.patch(f"insights/{insight.short_id}/", {"name": "Other"}, format="json").json()
    assert answer["name"] == "Other"
    assert answer["query"] == WRAPPED
    assert answer["last_modified_by"]["id"] != someone.id
    assert answer["last_modified_at"] > "2026-01-02"


def test_put_is_not_offered(api, insight):
    assert api.put(f"insights/{insight.id}/", {"name": "x"}, format="json").status_code == 405


def test_a_deleted_insight_is_gone_until_it_is_restored(api, insight):
    answer = api.patch(f"insights/{insight.id}/", {"deleted": True}, format="json")
    assert (answer.status_code, answer.json()["deleted"]) == (200, True)
    assert names(api.get("insights/")) == []
    assert api.get(f"insights/{insight.id}/").status_code == 404
    assert api.get(f"insights/{insight.id}/activity/").status_code == 404
    for body in ({"name": "x"}, {"deleted": True}):
        assert api.patch(f"insights/{insight.id}/", body, format="json").status_code == 404
    answer = api.patch(f"insights/{insight.short_id}/", {"deleted": False}, format="json")
    assert (answer.status_code, answer.json()["deleted"]) == (200, False)
    assert names(api.get("insights/")) == [insight.name]


def test_hard_delete_is_refused(api, api_with_scopes, insight):
    for id in (insight.id, "nothing"):
        answer = api.delete(f"insights/{id}/")
        assert (answer.status_code, answer.content) == (405, b"")
    assert api_with_scopes("insight:write").delete("insights/1/").status_code == 405
    assert api_with_scopes("insight:read").delete("insights/1/").status_code == 403


def test_apps_above_hear_of_changes(api, insight, settings, user):
    settings.INSIGHT_CHANGED = ["tests.insights.test_insights.note_change"]
    changes.clear()
    url = f"insights/{insight.id}/"
    api.patch(url, {"name": "Other", "query": WRAPPED}, format="json")
    assert changes == []
    api.patch(url, {"query": COUNT}, format="json")
    api.patch(url, {"deleted": True}, format="json")
    api.patch(url, {"deleted": False}, format="json")
    assert changes == [
        (insight.id, False, user.id),
        (insight.id, True, user.id),
        (insight.id, False, user.id),
    ]


def test_activity(api, user):
    made = api.post("insights/", {"name": "A", "query": COUNT}, format="json").json()
    url = f"insights/{made['id']}/"
    api.patch(url, {"name": "B", "description": "new"}, format="json")
    api.patch(url, {"name": "B"}, format="json")
    api.patch(url, {"deleted": True}, format="json")
    api.patch(url, {"deleted": False}, format="json")
    entries = api.get(f"{url}activity/").json()["results"]
    assert [entry["activity"] for entry in entries] == ["restored", "deleted", "updated", "created"]
    assert {entry["scope"] for entry in entries} == {"Insight"}
    assert {entry["item_id"] for entry in entries} == {str(made["id"])}
    assert {entry["detail"]["short_id"] for entry in entries} == {made["short_id"]}
    assert entries[2]["user"]["id"] == user.id
    assert [
        (change["field"], change["before"], change["after"])
        for change in entries[2]["detail"]["changes"]
    ] == [("name", "A", "B"), ("description", None, "new")]
    assert api.get("insights/activity/").json()["total_count"] == 4


def test_results_come_from_what_is_kept(api, insight, events, django_assert_num_queries):
    url = f"insights/{insight.id}/"
    assert api.get(url).json()["result"] is None
    events({})
    shown = api.get(f"{url}?refresh=blocking").json()
    assert (shown["result"], shown["is_cached"], shown["columns"]) == ([[1]], False, ["count()"])
    assert shown["types"] == [["count()", "UInt64"]]
    assert shown["hasMore"] is False
    assert shown["hogql"].startswith("SELECT count()")
    assert shown["filters_hash"].startswith("cache_")
    events({})
    with django_assert_num_queries(5):  # the key, the project, the insight, its answer and alerts
        kept = api.get(url).json()
    assert (kept["result"], kept["is_cached"]) == ([[1]], True)
    assert kept["last_refresh"] == shown["last_refresh"]
    assert api.get(f"{url}?refresh=force_blocking").json()["result"] == [[2]]
    assert api.get(f"{url}?refresh=true").json()["result"] == [[2]]
    assert api.get("insights/").json()["results"][0]["result"] == [[2]]
    [basic] = api.get("insights/?basic=true").json()["results"]
    assert set(basic) == BASIC_KEYS
    assert basic["last_refresh"] == api.get(url).json()["last_refresh"]


def test_the_query_endpoint_fills_the_insight_too(api, insight, ask):
    ask(COUNT)
    assert api.get(f"insights/{insight.id}/").json()["result"] == [[0]]


def test_unknown_refresh(api, insight):
    for path in (f"insights/{insight.id}/", "insights/"):
        answer = api.get(f"{path}?refresh=perhaps")
        assert (answer.status_code, answer.json()["attr"]) == (400, "refresh")


def test_overrides(api, project, events):
    query = {
        "kind": "HogQLQuery",
        "query": "select count(), {variables.v} from events where {filters}",
    }
    insight = InsightFactory(
        project=project, query={**query, "variables": {"x": {"code_name": "v", "value": 1}}}
    )
    events({}, {"event": "late", "time": datetime(2026, 7, 1, tzinfo=UTC)})
    url = f"insights/{insight.id}/?refresh=blocking"
    assert api.get(url).json()["result"] == [[2, 1]]
    overridden = api.get(url + '&filters_override={"date_to":"2026-06-20"}')
    assert overridden.json()["result"] == [[1, 1]]
    overridden = api.get(url + '&variables_override={"x":{"code_name":"v","value":5}}')
    assert overridden.json()["result"] == [[2, 5]]
    assert api.get(url).json()["result"] == [[2, 1]]
    for bad in ("x", "[]", '{"x":1}'):
        assert api.get(f"{url}&variables_override={bad}").status_code == 400


def test_a_result_that_fails(api, project):
    broken = InsightFactory(
        project=project, query={"kind": "HogQLQuery", "query": "select x from events"}
    )
    InsightFactory(project=project, query=COUNT)
    answer = api.get(f"insights/{broken.id}/?refresh=blocking")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("Unable to resolve field: x")
    first, second = api.get("insights/?refresh=blocking").json()["results"]
    assert (first["result"], second["result"]) == ([[0]], None)
    assert second["query_status"]["error_message"].startswith("Unable to resolve field: x")


def test_an_insight_of_a_kind_that_is_not_answered_any_more(api, project):
    insight = InsightFactory(project=project, query={"kind": "PathsQuery"})
    answer = api.get(f"insights/{insight.id}/?refresh=blocking")
    assert (answer.status_code, answer.json()["result"]) == (200, None)


def test_filters_of_the_list(api, project, user):
    other = UserFactory()
    MembershipFactory(organization=project.organization, user=other)
    now = timezone.now()

    def make(name, days, **fields):
        insight = InsightFactory(project=project, name=name, **fields)
        Insight.objects.filter(id=insight.id).update(last_modified_at=now - timedelta(days=days))

    make("alpha", 1, created_by=user, saved=True, description="of whales", query=WRAPPED)
    make("beta", 3, created_by=other, favorited=True, query={"kind": "TrendsQuery", "series": []})
    make(
        "gamma",
        10,
        created_by=user,
        query={"kind": "InsightVizNode", "source": {"kind": "FunnelsQuery"}},
    )
    make("gone", 0, deleted=True)
    InsightFactory(project=ProjectFactory(), name="theirs")
    for query, expected in {
        "": ["alpha", "beta", "gamma"],
        "search=WHALE": ["alpha"],
        "search=bet": ["beta"],
        "saved=true": ["alpha"],
        "saved=false": ["beta", "gamma"],
        "favorited=true": ["beta"],
        f"created_by=[{other.id}]": ["beta"],
        f"created_by=[{other.id},{user.id}]": ["alpha", "beta", "gamma"],
        f"created_by={other.id}": ["beta"],
        "user=true": ["alpha", "gamma"],
        "insight=TRENDS": ["beta"],
        "insight=FUNNELS": ["gamma"],
        "insight=SQL": ["alpha"],
        "date_from=-7d": ["alpha", "beta"],
        "date_to=-2d": ["beta", "gamma"],
        "order=name": ["alpha", "beta", "gamma"],
        "order=-name": ["gamma", "beta", "alpha"],
        "limit=1&offset=1": ["beta"],
    }.items():
        assert names(api.get(f"insights/?{query}")) == expected, query
    for query in ("created_by=x", 'created_by=["a"]', "insight=CAKE", "date_from=soon", "order=x"):
        assert api.get(f"insights/?{query}").status_code == 400, query


def test_a_list_costs_the_same_however_long(api, project, user, django_assert_num_queries):
    def make(count):
        for _ in range(count):
            InsightFactory(project=project, query=COUNT, created_by=user, last_modified_by=user)

    make(2)
    api.get("insights/?refresh=blocking")
    with django_assert_num_queries(6):  # the key, the project, the count, the page, answers, alerts
        api.get("insights/")
    make(10)
    with django_assert_num_queries(6):
        assert len(names(api.get("insights/"))) == 12


def test_insights_show_their_alerts(api, project, django_assert_num_queries):
    member = MembershipFactory(organization=project.organization)
    alert = AlertFactory(project=project, subscribers=[member], created_by=member.user)
    other = AlertFactory(project=project, insight=alert.insight)
    InsightFactory(project=project)

    shown = api.get(f"insights/{alert.insight.short_id}/").json()["alerts"]
    assert shown == api.get("alerts/").json()["results"][::-1]
    assert [each["id"] for each in shown] == [str(alert.id), str(other.id)]
    assert shown[0]["subscribed_users"] == [member.user_id]

    with django_assert_num_queries(7):  # beside what it always asks for: who is subscribed
        listed = api.get("insights/").json()["results"]
    assert [each["alerts"] for each in listed] == [[], shown]
    as_objects = api.get(f"insights/{alert.insight_id}/", headers={"X-PostHog-Client": "mcp"})
    assert as_objects.json()["alerts"][0]["insight"]["id"] == alert.insight_id


def test_another_projects_insight(api, project):
    theirs = InsightFactory(project=ProjectFactory(organization=project.organization))
    for id in (theirs.id, theirs.short_id):
        assert api.get(f"insights/{id}/").status_code == 404
        assert api.patch(f"insights/{id}/", {"deleted": True}, format="json").status_code == 404
        assert api.patch(f"insights/{id}/", {"deleted": False}, format="json").status_code == 404
    theirs.refresh_from_db()
    assert theirs.deleted is False


@pytest.mark.parametrize("id", ["99999999", "9" * 40, "nothing1", "١"])
def test_unknown_ids(api, id):
    assert api.get(f"insights/{id}/").status_code == 404


def test_forms(api, insight):
    answer = api.patch(
        f"insights/{insight.id}/",
        {"query": '{"kind": "HogQLQuery", "query": "select 1"}', "tags": '["x"]'},
        format="multipart",
    )
    assert answer.status_code == 200
    assert (answer.json()["query"]["query"], answer.json()["tags"]) == ("select 1", ["x"])
    answer = api.patch(f"insights/{insight.id}/", {"deleted": "true"}, format="multipart")
    assert answer.json()["deleted"] is True
    answer = api.patch(f"insights/{insight.id}/", {"deleted": "false"}, format="multipart")
    assert answer.json()["deleted"] is False


def test_what_an_insight_keeps_does_not_outlive_the_project(project, api, insight):
    api.get(f"insights/{insight.id}/?refresh=blocking")
    project.delete()
    assert not Insight.objects.exists()
    assert not CachedResult.objects.exists()


@pytest.mark.parametrize("kind", ["TrendsQuery", "FunnelsQuery", "RetentionQuery"])
def test_charts(api, events, kind):
    query = {"kind": "InsightVizNode", "source": EXAMPLES[kind]}
    made = api.post("insights/", {"query": query}, format="json").json()
    shown = api.get(f"insights/{made['short_id']}/?refresh=blocking").json()
    asked = api.post("query/", {"query": query}, format="json").json()
    assert shown["result"] == asked["results"]
    assert asked["is_cached"]
    wrong = {"kind": "InsightVizNode", "source": {**EXAMPLES[kind], "surprise": 1}}
    refused = api.patch(f"insights/{made['id']}/", {"query": wrong}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (400, "parse_error")
    assert "surprise" in refused.json()["detail"]
