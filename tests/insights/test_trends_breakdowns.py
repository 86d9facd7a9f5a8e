import pytest
from rest_framework.exceptions import APIException, ValidationError

from insights.breakdowns import NULL, OTHER
from tests.hogql.store import add_person, insert
from tests.insights.asking import NOW, ask, happen, trends

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]
BOLD = {"trendsFilter": {"display": "BoldNumber"}}


def with_values(project, counts: dict, name="plan", **fields):
    happen(
        project,
        *(
            (0, {"properties": {} if value is None else {name: value}, **fields})
            for value, count in counts.items()
            for _ in range(count)
        ),
    )


def by(project, *series, breakdown="plan", type="event", **query):
    filter = {"breakdown": breakdown, "breakdown_type": type, **query.pop("filter", {})}
    return trends(project, *(series or ["buy"]), breakdownFilter=filter, **query)


def counts_of(rows):
    return [(row["breakdown_value"], row["count"]) for row in rows]


def test_values_by_count_missing_ones_last(project):
    with_values(project, {"free": 2, "pro": 3, None: 4, "": 1})
    rows = by(project)
    assert counts_of(rows) == [("pro", 3), ("free", 2), (NULL, 5)]
    assert [row["label"] for row in rows] == ["pro", "free", NULL]
    assert rows[0]["data"] == [0] * 7 + [3]
    assert rows[0]["filter"]["breakdown"] == "plan"


def test_values_of_all_json_types_are_texts(project):
    with_values(project, {1: 7, 2.5: 6, "x": 5, "1.0": 4}, name="v")
    with_values(project, {True: 3}, name="v")
    happen(project, (0, {"properties": {"v": [1, 2]}}), (0, {"properties": {"v": None}}))
    rows = by(project, breakdown="v")
    assert [value for value, _ in counts_of(rows)] == [
        "1",
        "2.5",
        "x",
        "1.0",
        "true",
        "[1,2]",
        NULL,
    ]


def test_labels_of_several_series(project):
    with_values(project, {"pro": 1})
    with_values(project, {"pro": 1, "free": 2}, event="see")
    rows = by(project, "buy", "see")
    assert [row["label"] for row in rows] == ["buy - pro", "see - free", "see - pro"]


def test_other_values_are_summed(project):
    with_values(project, {"a": 3, "b": 2, "c": 1, "d": 1, None: 5})
    query = {"breakdown": "plan", "breakdown_limit": 2}
    answer = ask(project, series=[{"kind": "EventsNode"}], breakdownFilter=query)
    assert counts_of(answer["results"]) == [("a", 3), ("b", 2), (NULL, 5), (OTHER, 2)]
    assert answer["hasMore"] is True
    query["breakdown_hide_other_aggregation"] = True
    answer = ask(project, series=[{"kind": "EventsNode"}], breakdownFilter=query)
    assert counts_of(answer["results"]) == [("a", 3), ("b", 2), (NULL, 5)]
    assert answer["hasMore"] is True
    query["breakdown_limit"] = 4
    answer = ask(project, series=[{"kind": "EventsNode"}], breakdownFilter=query)
    assert (len(answer["results"]), answer["hasMore"]) == (5, False)


@pytest.mark.parametrize(("name", "shown"), [("plan", 26), ("$geoip_country_code", 30)])
def test_limit_without_one(project, name, shown):
    with_values(project, {f"v{number}": 1 for number in range(30)}, name=name)
    assert len(by(project, breakdown=name)) == shown


def test_a_map_of_the_world_shows_all_countries(project):
    with_values(project, {f"v{number}": 1 for number in range(30)})
    assert len(by(project, trendsFilter={"display": "WorldMap"})) == 30


def test_totals(project):
    with_values(project, {"free": 2, "pro": 3, None: 1})
    rows = by(project, **BOLD)
    assert [(row["breakdown_value"], row["aggregated_value"]) for row in rows] == [
        ("pro", 3),
        ("free", 2),
        (NULL, 1),
    ]


def test_nothing_happened(project):
    assert by(project) == []
    assert by(project, **BOLD) == []


def test_several_properties(project):
    happen(
        project,
        (0, {"properties": {"plan": "pro", "os": "Mac"}}),
        (0, {"properties": {"plan": "pro", "os": "Mac"}}),
        (0, {"properties": {"plan": "pro"}}),
        (0, {}),
    )
    parts = [{"property": "plan", "type": "event"}, {"property": "os"}]
    rows = trends(project, "buy", breakdownFilter={"breakdowns": parts})
    assert counts_of(rows) == [(["pro", "Mac"], 2), (["pro", NULL], 1), ([NULL, NULL], 1)]
    assert [row["label"] for row in rows] == ["pro::Mac", f"pro::{NULL}", f"{NULL}::{NULL}"]
    limited = {"breakdowns": parts, "breakdown_limit": 1}
    answer = ask(project, series=[{"kind": "EventsNode"}], breakdownFilter=limited)
    assert counts_of(answer["results"]) == [
        (["pro", "Mac"], 2),
        ([NULL, NULL], 1),
        ([OTHER, OTHER], 1),
    ]
    assert answer["hasMore"] is True
    rows = trends(project, "buy", breakdownFilter={"breakdowns": parts[:1]})
    assert counts_of(rows) == [(["pro"], 3), ([NULL], 1)]


def test_properties_of_persons_groups_and_sessions(project):
    add_person(project.id, "ada", properties={"country": "UK"})
    insert(
        "groups",
        [
            {
                "team_id": project.id,
                "type_index": 0,
                "key": "acme",
                "created_at": "2026-01-01 00:00:00.000000",
                "updated_at": "2026-01-01 00:00:00.000000",
                "properties": '{"industry": "fish"}',
            }
        ],
    )
    session = {"$session_id": "s1", "$current_url": "https://x.org/a"}
    happen(project, (0, {"distinct_id": "ada", "group_0": "acme", "properties": session}))
    happen(project, (0, {"distinct_id": "bob"}))
    assert counts_of(by(project, breakdown="country", type="person")) == [("UK", 1), (NULL, 1)]
    index = {"filter": {"breakdown_group_type_index": 0}}
    rows = by(project, breakdown="industry", type="group", **index)
    assert counts_of(rows) == [("fish", 1), (NULL, 1)]
    rows = by(project, breakdown="$entry_current_url", type="session")
    assert counts_of(rows) == [("https://x.org/a", 1), (NULL, 1)]


def test_expressions_and_columns(project):
    with_values(project, {"pro": 2, "free": 1}, distinct_id="ada")
    rows = by(project, breakdown="concat(properties.plan, '!') AS x", type="hogql")
    assert counts_of(rows) == [("pro!", 2), ("free!", 1)]
    rows = by(project, breakdown="properties.plan = 'pro'", type="hogql")
    assert counts_of(rows) == [("1", 2), ("0", 1)]
    assert counts_of(by(project, breakdown="distinct_id", type="event_metadata")) == [("ada", 3)]


def test_ranges_of_numbers(project):
    with_values(project, dict.fromkeys(range(1, 101), 1), name="n")
    with_values(project, {"none": 1, None: 1}, name="n")
    rows = by(project, breakdown="n", filter={"breakdown_histogram_bin_count": 4})
    assert counts_of(rows) == [
        ("[1,25.75]", 25),
        ("[25.75,50.5]", 25),
        ("[50.5,75.25]", 25),
        ("[75.25,100.01]", 25),
        (NULL, 2),
    ]
    parts = [{"property": "n", "histogram_bin_count": 1}, {"property": "os"}]
    rows = trends(project, "buy", breakdownFilter={"breakdowns": parts})
    assert counts_of(rows) == [(["[1,100.01]", NULL], 100), ([NULL, NULL], 2)]


def test_ranges_of_one_number_and_of_none(project):
    bins = {"filter": {"breakdown_histogram_bin_count": 3}}
    assert by(project, breakdown="n", **bins) == []
    with_values(project, {None: 1}, name="n")
    assert counts_of(by(project, breakdown="n", **bins)) == [(NULL, 1)]
    with_values(project, {5: 2}, name="n")
    assert counts_of(by(project, breakdown="n", **bins)) == [("[5,5.01]", 2), (NULL, 1)]


def test_addresses_without_their_ends(project):
    urls = ["/a", "/a/", "/a?", "/a/#", "/", "//"]
    with_values(project, dict.fromkeys(urls, 1), name="u")
    rows = by(project, breakdown="u", filter={"breakdown_normalize_url": True})
    assert counts_of(rows) == [("/a", 4), ("/", 2)]


def test_odd_names_and_values(project):
    for name in ("a.b", "it's", 'quo"te', "back`tick", "ünïcode", "$x", "per cent", "a\\b"):
        with_values(project, {"'); DROP TABLE events": 1}, name=name, event=name)
        rows = by(project, {"event": name}, breakdown=name)
        assert counts_of(rows) == [("'); DROP TABLE events", 1)]


def test_unique_persons_of_each_value(project):
    for name, plan in (("ada", "pro"), ("ada", "free"), ("bob", "pro"), ("bob", None), ("eve", "")):
        happen(project, (0, {"distinct_id": name, "properties": {"plan": plan}}))
    rows = by(project, {"event": "buy", "math": "dau"})
    assert counts_of(rows) == [("pro", 2), ("free", 1), (NULL, 2)]


@pytest.mark.parametrize(
    "math",
    [
        *("total", "dau", "weekly_active", "monthly_active", "first_time_for_user"),
        *("first_matching_event_for_user", "avg_count_per_actor", "p90_count_per_actor"),
    ],
)
@pytest.mark.parametrize(
    "display", ["ActionsLineGraph", "BoldNumber", "ActionsLineGraphCumulative"]
)
def test_every_math_with_every_display(project, math, display):
    """A single event a person counts as one, whatever the math."""
    with_values(project, {"pro": 1, None: 1, "x": 1})
    query = {"trendsFilter": {"display": display}, "filter": {"breakdown_limit": 2}}
    rows = by(project, {"event": "buy", "math": math}, **query)
    values = [row.get("aggregated_value", row["count"]) for row in rows]
    if math.startswith("first"):
        assert sum(values) == 1
    else:
        assert values == [1, 1, 1]
        assert [row["breakdown_value"] for row in rows] == ["pro", "x", NULL]


def test_active_persons_by_value(project):
    happen(
        project,
        (5, {"distinct_id": "a", "properties": {"plan": "pro"}}),
        (4, {"distinct_id": "a", "properties": {"plan": "free"}}),
        (1, {"distinct_id": "b", "properties": {"plan": "free"}}),
        (1, {"distinct_id": "c", "properties": {"plan": "gone"}}),
    )
    rows = by(
        project,
        {"event": "buy", "math": "weekly_active"},
        dateRange={"date_from": "-5d"},
        filter={"breakdown_limit": 2},
    )
    assert [(row["breakdown_value"], row["data"]) for row in rows] == [
        ("free", [0, 1, 1, 1, 2, 2]),
        ("pro", [1, 1, 1, 1, 1, 1]),
        (OTHER, [0, 0, 0, 0, 1, 1]),
    ]


def test_first_time_by_the_value_of_the_first_event(project):
    happen(
        project,
        (3, {"properties": {"plan": "free"}}),
        (1, {"properties": {"plan": "pro"}}),
    )
    rows = by(project, {"event": "buy", "math": "first_time_for_user"})
    assert counts_of(rows) == [("free", 1)]


def test_compared_periods_have_values_of_their_own(project):
    with_values(project, {"new": 1}, time=NOW)
    happen(project, (9, {"properties": {"plan": "old"}}))
    rows = by(project, compareFilter={"compare": True})
    assert [(row["breakdown_value"], row["compare_label"]) for row in rows] == [
        ("new", "current"),
        ("old", "previous"),
    ]


@pytest.mark.parametrize(
    ("filter", "name"),
    [
        ({"breakdown": "a", "breakdown_type": "group"}, "breakdown_group_type_index"),
        ({"breakdown": "a", "breakdown_type": "revenue"}, "breakdown_type"),
        ({"breakdown": {"a": 1}}, "breakdown"),
        ({"breakdown": "nope", "breakdown_type": "session"}, "nope"),
        ({"breakdown": "nope", "breakdown_type": "event_metadata"}, "nope"),
        ({"breakdown": "a", "breakdown_limit": 0}, "breakdown_limit"),
        ({"breakdown": "x", "breakdown_type": "cohort"}, "cohort"),
        ({"breakdowns": [{"property": "a"}] * 4}, "breakdowns"),
        ({"breakdowns": [{"type": "event"}]}, "property"),
        ({"breakdowns": [{"property": 5, "type": "cohort"}]}, "breakdowns"),
        ({"breakdown": "a", "nonsense": 1}, "nonsense"),
        ({"breakdown": "a", "breakdown_histogram_bin_count": 0}, "bin_count"),
    ],
)
def test_what_cannot_be_broken_down_by(project, filter, name):
    with pytest.raises(ValidationError) as refused:
        trends(project, "buy", breakdownFilter=filter)
    assert name in str(refused.value.detail)


@pytest.mark.parametrize(
    "hogql", ["sleep(1)", "count(", "nope", "count()", "events.team_id FROM x"]
)
def test_expressions_that_cannot_be_broken_down_by(project, hogql):
    with pytest.raises(APIException) as refused:
        by(project, breakdown=hogql, type="hogql")
    assert refused.value.status_code == 400
