"""Series, maths, displays."""

from datetime import timedelta

import pytest
from rest_framework.exceptions import APIException, ValidationError

from tests.hogql.store import add_person, link
from tests.insights.asking import NOW, ask, happen, trends

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]
WEEK = {"dateRange": {"date_from": "-7d"}}


def test_a_series_row(project):
    happen(project, (0, {}), (0, {"distinct_id": "bob"}), (7, {}), (8, {}), (-1, {}))
    (row,) = trends(project, "buy")
    assert row == {
        "data": [1, 0, 0, 0, 0, 0, 0, 2],
        "labels": [f"{day}-Jun-2026" for day in range(8, 16)],
        "days": [f"2026-06-{day:02}" for day in range(8, 16)],
        "count": 3.0,
        "label": "buy",
        "action": {
            "days": [f"2026-06-{day:02}" for day in range(8, 16)],
            "id": "buy",
            "type": "events",
            "order": 0,
            "name": "buy",
            "custom_name": None,
            "math": "total",
            "math_property": None,
            "math_hogql": None,
            "math_group_type_index": None,
            "properties": {},
        },
        "filter": {
            "insight": "TRENDS",
            "filter_test_accounts": False,
            "date_from": "2026-06-08T00:00:00Z",
            "date_to": "2026-06-15T23:59:59.999999Z",
            "entity_type": "events",
            "interval": "day",
        },
    }


def test_answer_says_what_was_run(project):
    answer = ask(project, series=[{"kind": "EventsNode", "event": "buy"}])
    assert answer["hasMore"] is False
    assert answer["resolved_date_range"] == {
        "date_from": "2026-06-08T00:00:00Z",
        "date_to": "2026-06-15T23:59:59.999999Z",
    }
    assert "FROM events" in answer["hogql"]
    assert answer["timings"][-1]["k"] == "."


def test_all_events(project):
    happen(project, (0, {"event": "a"}), (0, {"event": "b"}))
    for series in ({"event": None}, {}, {"event": ""}):
        (row,) = trends(project, series)
        assert (row["label"], row["count"], row["action"]["id"]) == ("All events", 2.0, None)


def test_several_series_keep_their_order(project):
    happen(project, (0, {"event": "b"}), (0, {"event": "b"}), (0, {"event": "a"}))
    rows = trends(project, "a", {"event": "b", "custom_name": "The b"}, "c")
    assert [row["label"] for row in rows] == ["a", "b", "c"]
    assert [row["count"] for row in rows] == [1, 2, 0]
    assert [row["action"]["order"] for row in rows] == [0, 1, 2]
    assert rows[1]["action"]["custom_name"] == "The b"


def test_no_series_no_rows(project):
    assert trends(project) == []


def test_other_projects_events_do_not_count(project):
    other = type(project)(id=project.id + 1)
    happen(other, (0, {}))
    assert trends(project, "buy")[0]["count"] == 0


def test_persons_are_counted_once_and_merged_ones_as_one(project):
    person = add_person(project.id, "ada")
    link(project.id, person, "anonymous", version=2, is_override=1)
    happen(
        project,
        (0, {"distinct_id": "ada"}),
        (0, {"distinct_id": "ada"}),
        (0, {"distinct_id": "anonymous"}),
        (0, {"distinct_id": "bob"}),
        (1, {"distinct_id": "anonymous"}),
    )
    (row,) = trends(project, {"event": "buy", "math": "dau"}, **WEEK)
    assert row["data"][-2:] == [1, 2]


@pytest.mark.parametrize(("math", "days"), [("weekly_active", 7), ("monthly_active", 30)])
def test_active_persons_of_the_days_before(project, math, days):
    happen(
        project,
        (days, {"distinct_id": "gone"}),
        (days - 1, {"distinct_id": "just"}),
        (3, {"distinct_id": "twice"}),
        (2, {"distinct_id": "twice"}),
        (0, {"distinct_id": "new"}),
        (-1, {"distinct_id": "future"}),
    )
    (row,) = trends(project, {"event": "buy", "math": math}, dateRange={"date_from": "-3d"})
    assert row["data"] == [3, 3, 3, 3]
    (row,) = trends(
        project, {"event": "buy", "math": math}, dateRange={"date_from": f"-{days + 1}d"}
    )
    assert row["data"][:3] == [0, 1, 2]
    (row,) = trends(project, {"event": "buy", "math": math}, trendsFilter={"display": "BoldNumber"})
    assert row["aggregated_value"] == 3


def test_active_persons_by_hour_look_back_so_many_hours(project):
    happen(
        project,
        {"time": NOW - timedelta(days=7, hours=1)},
        {"time": NOW - timedelta(days=6), "distinct_id": "bob"},
    )
    (row,) = trends(
        project,
        {"event": "buy", "math": "weekly_active"},
        interval="hour",
        dateRange={"date_from": "-3h"},
    )
    assert row["data"] == [2, 2, 1, 1]
    (row,) = trends(
        project,
        {"event": "buy", "math": "weekly_active"},
        interval="hour",
        dateRange={"date_from": "2026-06-08T10:00:00", "date_to": "2026-06-09T14:00:00"},
    )
    assert row["data"][:4] == [0, 1, 1, 1]
    assert row["data"][24:] == [1, 1, 2, 2, 2]


@pytest.mark.parametrize("interval", ["week", "month"])
def test_active_persons_of_long_intervals_are_those_of_the_interval(project, interval):
    happen(project, (0, {}), (1, {}), (9, {"distinct_id": "b"}))
    expected = trends(project, {"event": "buy", "math": "dau"}, interval=interval)
    found = trends(project, {"event": "buy", "math": "weekly_active"}, interval=interval)
    assert [row["data"] for row in found] == [row["data"] for row in expected]


def test_sessions_and_groups(project):
    happen(
        project,
        (0, {"properties": {"$session_id": "s1"}, "group_1": "acme"}),
        (0, {"properties": {"$session_id": "s1"}, "group_1": "acme"}),
        (0, {"properties": {"$session_id": "s2"}, "group_1": "zoo"}),
        (0, {}),
    )
    rows = trends(
        project,
        {"event": "buy", "math": "unique_session"},
        {"event": "buy", "math": "unique_group", "math_group_type_index": 1},
    )
    assert [row["count"] for row in rows] == [2, 2]


@pytest.mark.parametrize(
    ("math", "value"),
    [
        ("sum", 16.5),
        ("avg", 4.125),
        ("min", 1.0),
        ("max", 10.0),
        ("median", 2.75),
        ("p75", 4.75),
        ("p90", 7.9),
        ("p95", 8.95),
        ("p99", 9.79),
    ],
)
def test_maths_of_a_property(project, math, value):
    amounts = [1, "2.5", 3.0, 10, "no number", None, True, {"a": 1}]
    happen(project, *((0, {"properties": {"amount": amount}}) for amount in amounts), (0, {}))
    (row,) = trends(project, {"event": "buy", "math": math, "math_property": "amount"})
    assert row["data"] == [0] * 7 + [pytest.approx(value)]
    (row,) = trends(
        project,
        {"event": "buy", "math": math, "math_property": "amount"},
        trendsFilter={"display": "BoldNumber"},
    )
    assert row["aggregated_value"] == pytest.approx(value)


def test_maths_of_a_persons_property(project):
    add_person(project.id, "ada", properties={"age": 40})
    add_person(project.id, "bob", properties={"age": "20"})
    happen(project, (0, {"distinct_id": "ada"}), (0, {"distinct_id": "bob"}))
    math = {"math": "avg", "math_property": "age", "math_property_type": "person_properties"}
    assert trends(project, {"event": "buy", **math})[0]["data"][-1] == 30


def test_maths_of_the_length_of_sessions(project):
    for session, length in {"s1": 60, "s2": 120}.items():
        properties = {"$session_id": session}
        for seconds in (0, length / 2, length):
            happen(project, {"time": NOW + timedelta(seconds=seconds), "properties": properties})
    happen(project, (0, {}))
    math = {"math_property": "$session_duration"}
    rows = trends(
        project,
        {"event": "buy", "math": "avg", **math},
        {"event": "buy", "math": "max", "math_property_type": "session_properties", **math},
    )
    assert [row["data"][-1] for row in rows] == [90, 120]


@pytest.mark.parametrize(
    ("math", "value"), [("avg", 2), ("min", 1), ("max", 3), ("median", 2), ("p90", 2.8)]
)
def test_maths_of_counts_per_person(project, math, value):
    counts = {"ada": 1, "bob": 2, "eve": 3}
    happen(
        project,
        *((0, {"distinct_id": name}) for name, count in counts.items() for _ in range(count)),
    )
    series = {"event": "buy", "math": f"{math}_count_per_actor"}
    assert trends(project, series)[0]["data"][-2:] == [0, pytest.approx(value)]


def test_hogql_as_math(project):
    happen(project, *((0, {"properties": {"amount": amount}}) for amount in (1, 2)))
    series = {"event": "buy", "math": "hogql", "math_hogql": "sum(properties.amount) / count()"}
    assert trends(project, series)[0]["data"][-2:] == [0, 1.5]
    series["math_hogql"] = "count() AS total"
    assert trends(project, series)[0]["data"][-2:] == [0, 2]


@pytest.mark.parametrize("hogql", ["any(event)", "groupArray(event)", "sleep(1)", "count(", "nope"])
def test_hogql_that_gives_no_number(project, hogql):
    happen(project, (0, {}))
    series = {"event": "buy", "math": "hogql", "math_hogql": hogql}
    with pytest.raises(APIException) as refused:
        trends(project, series)
    assert refused.value.status_code == 400


def test_first_time_for_a_person(project):
    happen(
        project,
        (60, {"distinct_id": "old"}),
        (1, {"distinct_id": "old", "properties": {"plan": "pro"}}),
        (2, {"distinct_id": "new", "properties": {"plan": "free"}}),
        (1, {"distinct_id": "new", "properties": {"plan": "pro"}}),
        (1, {"distinct_id": "pro", "properties": {"plan": "pro"}}),
        (3, {"distinct_id": "pro", "event": "other"}),
    )
    first = {"event": "buy", "math": "first_time_for_user"}
    assert trends(project, first, **WEEK)[0]["data"][-4:] == [0, 1, 1, 0]
    pro = {"properties": [{"key": "plan", "value": "pro"}]}
    assert trends(project, {**first, **pro}, **WEEK)[0]["data"][-4:] == [0, 0, 1, 0]
    for math in ("first_matching_event_for_user", "first_time_for_user_with_filters"):
        (row,) = trends(project, {"event": "buy", "math": math, **pro}, **WEEK)
        assert row["data"][-4:] == [0, 0, 3, 0]


@pytest.mark.parametrize(
    "display", ["BoldNumber", "ActionsPie", "ActionsBarValue", "ActionsTable", "WorldMap"]
)
def test_one_number_over_the_range(project, display):
    happen(project, (0, {}), (3, {}), (3, {"distinct_id": "bob"}))
    rows = trends(
        project, "buy", {"event": "buy", "math": "dau"}, trendsFilter={"display": display}
    )
    assert [row["aggregated_value"] for row in rows] == [3, 2]
    assert [(row["data"], row["count"]) for row in rows] == [([], 0), ([], 0)]
    assert trends(project, "none", trendsFilter={"display": display})[0]["aggregated_value"] == 0


def test_one_number_of_some_hours_counts_those_hours(project):
    happen(project, {"time": NOW - timedelta(hours=23)}, {"time": NOW - timedelta(hours=30)})
    (row,) = trends(
        project, "buy", dateRange={"date_from": "-24h"}, trendsFilter={"display": "BoldNumber"}
    )
    assert row["aggregated_value"] == 1


def test_running_sums(project):
    happen(project, (3, {}), (2, {}), (2, {"distinct_id": "b"}), (0, {}))
    cumulative = {"trendsFilter": {"display": "ActionsLineGraphCumulative"}}
    rows = trends(
        project,
        "buy",
        {"event": "buy", "math": "dau"},
        dateRange={"date_from": "-4d"},
        **cumulative,
    )
    assert [row["data"] for row in rows] == [[0, 1, 3, 3, 4], [0, 1, 2, 2, 2]]
    assert [row["count"] for row in rows] == [4, 2]


def test_smoothing_is_a_trailing_mean_rounded_down(project):
    happen(project, *((day, {}) for day in (3, 3, 3, 2, 0)))
    (row,) = trends(
        project,
        "buy",
        dateRange={"date_from": "-3d"},
        trendsFilter={"smoothingIntervals": 3},
    )
    assert row["data"] == [3, 2, 1, 0]
    assert row["count"] == 6


def test_multiplier(project):
    happen(project, (0, {}))
    assert trends(project, {"event": "buy", "math_multiplier": 100})[0]["data"][-1] == 100


def test_filters_of_query_series_and_project(project):
    project.settings = {
        "test_account_filters": [{"key": "tester", "value": "yes", "operator": "is_not"}]
    }
    rows = [{"plan": "pro", "n": 1}, {"plan": "pro", "n": 2}, {"plan": "free", "n": 1}]
    rows.append({"plan": "pro", "n": 1, "tester": "yes"})
    happen(project, *((0, {"properties": row}) for row in rows))
    pro = [{"key": "plan", "value": ["pro"], "operator": "exact", "type": "event"}]
    one = {"properties": [{"key": "n", "value": 1, "operator": "gt"}]}
    assert trends(project, "buy")[0]["count"] == 4
    assert trends(project, "buy", filterTestAccounts=True)[0]["count"] == 3
    assert trends(project, "buy", properties=pro)[0]["count"] == 3
    group = {"type": "AND", "values": [{"type": "OR", "values": pro}]}
    assert trends(project, "buy", properties=group, filterTestAccounts=True)[0]["count"] == 2
    assert trends(project, {"event": "buy", **one}, properties=pro)[0]["count"] == 1


def test_groups_are_counted_instead_of_persons(project):
    happen(project, (0, {"group_0": "acme"}), (0, {"distinct_id": "b", "group_0": "acme"}), (0, {}))
    (row,) = trends(project, {"event": "buy", "math": "dau"}, aggregation_group_type_index=0)
    assert row["count"] == 1


def test_what_is_only_shown_is_passed_over(project):
    (row,) = trends(
        project,
        {"event": "buy", "name": "buy", "version": 1},
        trendsFilter={"showLegend": True, "yAxisScaleType": "log10", "formula": None},
        tags={"productKey": "x"},
        samplingFactor=0.5,
        breakdownFilter=None,
        interval=None,
        version=2,
        modifiers={"personsOnEventsMode": "disabled"},
    )
    assert row["count"] == 0


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"conversionGoal": {"customEventName": "x"}}, "conversionGoal"),
        ({"interval": "fortnight"}, "interval"),
        ({"trendsFilter": {"display": "CalendarHeatmap"}}, "display"),
        ({"trendsFilter": {"nonsense": 1}}, "nonsense"),
        ({"series": None}, "series"),
        ({"series": [{"kind": "DataWarehouseNode", "id": "t"}]}, "kind"),
        ({"series": [{"kind": "EventsNode", "math": "median_absolute"}]}, "math"),
        ({"series": [{"kind": "EventsNode", "math": "sum"}]}, "math_property"),
        ({"series": [{"kind": "EventsNode", "math": "unique_group"}]}, "math_group_type_index"),
        ({"series": [{"kind": "EventsNode", "math": "hogql"}]}, "math_hogql"),
        ({"series": [{"kind": "ActionsNode"}]}, "id"),
        ({"series": [{"kind": "EventsNode"}] * 27}, "series"),
        ({"properties": 5}, "properties"),
        ({"properties": [{"key": "a", "operator": "nope"}]}, "nope"),
        ({"compareFilter": {"compare": True, "compare_to": "soon"}}, "compare_to"),
        ({"dateRange": {"date_from": "yesteryear"}}, "date_from"),
        ({"dateRange": {"date_to": "-1000d"}}, "dateRange"),
        ({"interval": "second", "dateRange": {"date_from": "-30d"}}, "interval"),
        ({"dateRange": []}, "dateRange"),
        ({"breakdownFilter": {"breakdown": "a", "breakdown_type": "nope"}}, "breakdown_type"),
        ({"trendsFilter": {"smoothingIntervals": 0}}, "smoothingIntervals"),
    ],
)
def test_what_cannot_be_asked(project, query, name):
    query = {"series": [{"kind": "EventsNode", "event": "buy"}], **query}
    with pytest.raises(ValidationError) as refused:
        ask(project, **query)
    assert name in str(refused.value.detail)


def test_unknown_action(project):
    with pytest.raises(ValidationError) as refused:
        trends(project, {"kind": "ActionsNode", "id": 77})
    assert "Action 77 does not exist" in str(refused.value.detail)
