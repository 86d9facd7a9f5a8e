"""Trends, funnels and retention through the API; their actions and cohorts."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import ActionFactory, CohortFactory, ProjectFactory
from tests.hogql.store import add_person
from tests.insights.asking import NOW, happen, trends
from tests.insights.asking import ask as answer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]
SERIES = [{"kind": "EventsNode", "event": "buy"}, {"kind": "EventsNode", "event": "pay"}]
DAY = {"dateRange": {"date_from": "2026-06-15", "date_to": "2026-06-15"}}
TRENDS = {"kind": "TrendsQuery", "series": SERIES, **DAY}
FUNNEL = {"kind": "FunnelsQuery", "series": SERIES, **DAY}
RETENTION = {
    "kind": "RetentionQuery",
    "retentionFilter": {"targetEntity": {"id": "buy"}, "returningEntity": {"id": "buy"}},
    **DAY,
}


def test_answers_of_the_query_endpoint(ask, project):
    happen(project, (0, {}), ({"event": "pay", "time": NOW.replace(hour=14)}))
    found = ask(TRENDS)
    assert found.status_code == 200
    assert [row["data"] for row in found.json()["results"]] == [[1], [1]]
    assert found.json()["hasMore"] is False
    assert found.json()["resolved_date_range"]["date_from"] == "2026-06-15T00:00:00Z"
    wrapped = ask({"kind": "InsightVizNode", "source": FUNNEL}).json()
    assert [row["count"] for row in wrapped["results"]] == [1, 1]
    assert wrapped["results"][1]["average_conversion_time"] == 7200
    (row,) = ask(RETENTION).json()["results"]
    assert row["values"][0] == {"count": 1, "label": "Day 0"}


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({**TRENDS, "nonsense": 1}, "nonsense"),
        ({**TRENDS, "series": [{"kind": "EventsNode", "math": "sum"}]}, "series__0__math_property"),
        ({**TRENDS, "trendsFilter": {"formula": "A+C"}}, "formula"),
        ({**TRENDS, "series": [{"kind": "ActionsNode", "id": 5}]}, "id"),
        ({**TRENDS, "dateRange": {"date_from": "soon"}}, "date_from"),
        ({**FUNNEL, "funnelsFilter": {"funnelVizType": "flow"}}, "funnelsFilter__funnelVizType"),
        ({**RETENTION, "retentionFilter": {"period": "Year"}}, "retentionFilter__period"),
    ],
)
def test_what_is_wrong_is_named(ask, query, attr):
    found = ask(query)
    assert (found.status_code, found.json()["attr"]) == (400, attr)


def test_stored_insights_answer_and_check_their_queries(api, project):
    happen(project, (0, {}))
    made = api.post("insights/", {"name": "Sales", "query": TRENDS}, format="json")
    assert made.status_code == 201
    shown = api.get(f"insights/{made.json()['id']}/?refresh=blocking").json()
    assert [row["count"] for row in shown["result"]] == [1, 0]
    for query in (
        {**TRENDS, "series": [{"kind": "EventsNode", "math": "nope"}]},
        {**TRENDS, "trendsFilter": {"formula": "A+"}},
        {**FUNNEL, "series": []},
        {"kind": "RetentionQuery"},
    ):
        refused = api.post("insights/", {"name": "Sales", "query": query}, format="json")
        assert refused.status_code == 400, query
        assert refused.json()["code"] == "parse_error"


def test_checking_a_query_runs_none(api, monkeypatch):
    def refuse(*args, **options):
        raise AssertionError

    monkeypatch.setattr("hogql.execution.execute", refuse)
    query = {**TRENDS, "dateRange": {"date_from": "all"}}
    made = api.post("insights/", {"name": "Sales", "query": query}, format="json")
    assert made.status_code == 201


def test_tables_of_numbers(ask, project):
    happen(project, (0, {}))
    for query in (TRENDS, FUNNEL, RETENTION):
        found = ask(query, "query/?format=csv")
        assert (found.status_code, found["Content-Type"].split(";")[0]) == (200, "text/csv")
        assert b"buy" in b"".join(found) or query is RETENTION


class TestActions:
    @pytest.fixture
    def action(self, project):
        steps = [
            {"event": "buy", "properties": [{"key": "plan", "value": "pro"}]},
            {"event": "see"},
        ]
        return ActionFactory(project=project, name="Bought or saw", steps=steps)

    @pytest.fixture
    def node(self, action):
        return {"kind": "ActionsNode", "id": action.id}

    def test_events_that_are_the_action(self, project, node):
        happen(project, (0, {"properties": {"plan": "pro"}}), (0, {}), (0, {"event": "see"}))
        (row,) = trends(project, node)
        assert (row["label"], row["count"]) == ("Bought or saw", 2)
        assert (row["action"]["id"], row["action"]["name"]) == ("Bought or saw", "Bought or saw")
        (row,) = trends(project, {**node, "properties": [{"key": "plan", "value": "pro"}]})
        assert row["count"] == 1
        (row,) = trends(project, {**node, "math": "first_time_for_user"})
        assert row["count"] == 1

    def test_an_action_without_steps_is_every_event(self, project):
        happen(project, (0, {}), (0, {"event": "see"}))
        action = ActionFactory(project=project, steps=[])
        assert trends(project, {"kind": "ActionsNode", "id": action.id})[0]["count"] == 2

    def test_steps_of_funnels_and_retention(self, project, action, node):
        happen(project, (1, {"properties": {"plan": "pro"}}), (0, {"event": "pay"}))
        first, second = answer(project, "FunnelsQuery", series=[node, SERIES[1]])["results"]
        assert (first["action_id"], first["name"], first["type"]) == (
            action.id,
            "Bought or saw",
            "actions",
        )
        assert (first["count"], second["count"]) == (1, 1)
        entity = {"id": str(action.id), "type": "actions"}
        filter = {"targetEntity": entity, "returningEntity": {"id": "pay"}, "totalIntervals": 2}
        row, _ = answer(project, "RetentionQuery", retentionFilter=filter)["results"]
        assert [cell["count"] for cell in row["values"]] == [1, 1]

    @pytest.mark.parametrize("change", [{"deleted": True}, {"project": "other"}])
    def test_none_of_the_project(self, ask, project, change):
        project = ProjectFactory() if "project" in change else project
        action = ActionFactory(project=project, deleted=change.get("deleted", False))
        found = ask({**TRENDS, "series": [{"kind": "ActionsNode", "id": action.id}]})
        assert found.status_code == 400
        assert found.json()["detail"] == f"Action {action.id} does not exist."

    def test_any_number_of_actions_is_looked_up_at_once(self, project):
        nodes = [
            {"kind": "ActionsNode", "id": action.id}
            for action in ActionFactory.create_batch(5, project=project, steps=[])
        ]

        def count(nodes):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                trends(project, *nodes)
            return sum("events_action" in query["sql"] for query in queries)

        assert count(nodes) == count(nodes[:1]) == 1


class TestCohorts:
    @pytest.fixture
    def cohort(self, project):
        conditions = [{"type": "person", "key": "plan", "operator": "exact", "value": "pro"}]
        filters = {"properties": {"type": "AND", "values": conditions}}
        return CohortFactory(project=project, name="Pros", filters=filters)

    @pytest.fixture(autouse=True)
    def people(self, project):
        add_person(project.id, "ada", properties={"plan": "pro"})
        add_person(project.id, "bob", properties={"plan": "free"})
        for person in ("ada", "bob", "eve"):
            happen(project, (1, {"distinct_id": person}), (0, {"distinct_id": person}))

    def test_filter(self, project, cohort):
        inside = [{"type": "cohort", "key": "id", "value": cohort.id}]
        assert trends(project, "buy", properties=inside)[0]["count"] == 2
        outside = [{**inside[0], "operator": "not_in"}]
        assert trends(project, "buy", properties=outside)[0]["count"] == 4

    @pytest.mark.parametrize("math", ["total", "dau", "weekly_active"])
    def test_lines_of_trends(self, project, cohort, math):
        rows = trends(
            project,
            {"event": "buy", "math": math},
            breakdownFilter={"breakdown": ["all", cohort.id], "breakdown_type": "cohort"},
        )
        found = [(row["label"], row["breakdown_value"], row["data"][-1]) for row in rows]
        assert found == [("all users", "all", 3), ("Pros", cohort.id, 1)]

    def test_first_time(self, project, cohort):
        rows = trends(
            project,
            {"event": "buy", "math": "first_time_for_user"},
            breakdownFilter={"breakdown": ["all", cohort.id], "breakdown_type": "cohort"},
        )
        assert [row["count"] for row in rows] == [3, 1]

    def test_formulas(self, project, cohort):
        rows = trends(
            project,
            "buy",
            "none",
            breakdownFilter={"breakdown": [cohort.id, "all"], "breakdown_type": "cohort"},
            trendsFilter={"formula": "A*2+B"},
        )
        assert [(row["breakdown_value"], row["count"]) for row in rows] == [
            (cohort.id, 4),
            ("all", 12),
        ]

    def test_funnels_and_retention(self, project, cohort):
        by = {"breakdown": [cohort.id, "all"], "breakdown_type": "cohort"}
        series = [SERIES[0], SERIES[0]]
        rows = answer(project, "FunnelsQuery", series=series, breakdownFilter=by)["results"]
        assert [
            (row[0]["breakdown"], row[0]["breakdown_value"], row[1]["count"]) for row in rows
        ] == [
            ("all users", "all", 3),
            ("Pros", cohort.id, 1),
        ]
        filter = {"targetEntity": {"id": "buy"}, "returningEntity": {"id": "buy"}}
        rows = answer(project, "RetentionQuery", retentionFilter=filter, breakdownFilter=by)
        found = {row["breakdown_value"]: row["values"][1]["count"] for row in rows["results"][6::8]}
        assert found == {"all users": 3, "Pros": 1}

    def test_none_of_the_project(self, project):
        other = CohortFactory(project=ProjectFactory())
        with pytest.raises(Exception, match=f"Cohort {other.id} does not exist"):
            trends(
                project, "buy", breakdownFilter={"breakdown": other.id, "breakdown_type": "cohort"}
            )
