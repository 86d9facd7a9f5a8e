import random
from datetime import UTC, datetime, timedelta

import pytest
from rest_framework.exceptions import APIException, ValidationError

from insights.tables import table_of
from tests.hogql.store import add_person, link
from tests.insights.asking import ask, happen

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]
NOON = datetime(2026, 6, 12, 12, tzinfo=UTC)


def nodes(*steps):
    steps = [{"event": step} if isinstance(step, str) else step for step in steps]
    return [{"kind": "EventsNode", **step} for step in steps]


def funnel(project, *steps, breakdown=None, **filter):
    query = {"funnelsFilter": filter, **({"breakdownFilter": breakdown} if breakdown else {})}
    return ask(project, "FunnelsQuery", series=nodes(*steps), **query)["results"]


def counts(project, *steps, **filter):
    return [row["count"] for row in funnel(project, *steps, **filter)]


def walk(project, person, path, **fields):
    """One event a minute, named by the letters of the path; a dash is a minute without any."""
    happen(
        project,
        *(
            {
                "event": letter,
                "distinct_id": person,
                "time": NOON + timedelta(minutes=minute),
                **fields,
            }
            for minute, letter in enumerate(path)
            if letter != "-"
        ),
    )


def day_by_day(project, person, path, **fields):
    """The same, an event a day from the first of the eight days that are asked about."""
    happen(
        project,
        *(
            {"event": letter, "distinct_id": person, "time": NOON + timedelta(days=day - 4)}
            for day, letter in enumerate(path)
            if letter != "-"
        ),
        **fields,
    )


def test_steps(project):
    walk(project, "ada", "ab--c")
    walk(project, "bob", "a--b")
    walk(project, "eve", "bca")
    walk(project, "joe", "bc")
    assert funnel(project, "a", {"event": "b", "custom_name": "Second"}, "c") == [
        {
            "action_id": "a",
            "name": "a",
            "custom_name": None,
            "order": 0,
            "people": [],
            "type": "events",
            "count": 3,
            "average_conversion_time": None,
            "median_conversion_time": None,
        },
        {
            "action_id": "b",
            "name": "b",
            "custom_name": "Second",
            "order": 1,
            "people": [],
            "type": "events",
            "count": 2,
            "average_conversion_time": 120.0,
            "median_conversion_time": 120.0,
        },
        {
            "action_id": "c",
            "name": "c",
            "custom_name": None,
            "order": 2,
            "people": [],
            "type": "events",
            "count": 1,
            "average_conversion_time": 180.0,
            "median_conversion_time": 180.0,
        },
    ]


def test_nobody(project):
    rows = funnel(project, "a", "b")
    assert [row["count"] for row in rows] == [0, 0]
    assert rows[1]["average_conversion_time"] is None
    assert funnel(project, "a", "b", breakdown={"breakdown": "plan"}) == []


@pytest.mark.parametrize(
    ("path", "order", "reached"),
    [
        ("abc", "ordered", 3),
        ("axbxc", "ordered", 3),
        ("acb", "ordered", 2),
        ("bac", "ordered", 1),
        ("aab", "ordered", 2),
        ("abab", "ordered", 2),
        ("abc", "strict", 3),
        ("axbc", "strict", 1),
        ("abxc", "strict", 2),
        ("aabc", "strict", 3),
        ("abab", "strict", 2),
        ("cba", "unordered", 3),
        ("bxxa", "unordered", 2),
        ("bbb", "unordered", 1),
    ],
)
def test_orders(project, path, order, reached):
    walk(project, "ada", path)
    expected = [int(step <= reached) for step in (1, 2, 3)]
    assert counts(project, "a", "b", "c", funnelOrderType=order) == expected


@pytest.mark.parametrize("order", ["ordered", "strict", "unordered"])
@pytest.mark.parametrize(
    ("minutes", "unit", "reached"), [(3, "minute", 2), (4, "minute", 3), (1, "hour", 3)]
)
def test_window_is_from_the_first_step(project, order, minutes, unit, reached):
    walk(project, "ada", "a--bc")
    window = {"funnelWindowInterval": minutes, "funnelWindowIntervalUnit": unit}
    expected = [int(step <= reached) for step in (1, 2, 3)]
    assert counts(project, "a", "b", "c", funnelOrderType=order, **window) == expected


def test_a_later_start_can_get_further(project):
    walk(project, "ada", "ab------ab-c")
    window = {"funnelWindowInterval": 5, "funnelWindowIntervalUnit": "minute"}
    rows = funnel(project, "a", "b", "c", **window)
    assert [row["count"] for row in rows] == [1, 1, 1]
    assert rows[2]["average_conversion_time"] == 120


def test_time_is_to_the_first_event_of_the_next_step(project):
    walk(project, "ada", "a-bb")
    assert funnel(project, "a", "b")[1]["average_conversion_time"] == 120


def test_mean_and_median(project):
    for person, gap in (("ada", 1), ("bob", 2), ("eve", 6)):
        walk(project, person, "a" + "-" * (gap - 1) + "b")
    row = funnel(project, "a", "b")[1]
    assert (row["average_conversion_time"], row["median_conversion_time"]) == (180, 120)


@pytest.mark.parametrize("order", ["ordered", "strict", "unordered"])
def test_the_same_step_again_needs_another_event(project, order):
    walk(project, "once", "a")
    walk(project, "twice", "aa")
    assert counts(project, "a", "a", funnelOrderType=order) == [2, 1]


def test_steps_at_the_same_time_count_in_their_order(project):
    happen(project, *({"event": event, "time": NOON} for event in "cba"))
    assert counts(project, "a", "b", "c") == [1, 1, 1]


def test_steps_with_filters(project):
    walk(project, "ada", "ab", properties={"plan": "pro"})
    walk(project, "bob", "ab", properties={"plan": "free"})
    pro = {"properties": [{"key": "plan", "value": "pro"}]}
    assert counts(project, "a", {"event": "b", **pro}) == [2, 1]
    answer = ask(project, "FunnelsQuery", series=nodes("a", "b"), **pro)
    assert [row["count"] for row in answer["results"]] == [1, 1]


def test_merged_persons_are_one(project):
    person = add_person(project.id, "ada")
    link(project.id, person, "anonymous", version=2, is_override=1)
    walk(project, "anonymous", "a")
    walk(project, "ada", "-b")
    assert counts(project, "a", "b") == [1, 1]


def test_groups_and_expressions_go_through_funnels(project):
    walk(project, "ada", "a", group_0="acme", properties={"room": "x"})
    walk(project, "bob", "-b", group_0="acme", properties={"room": "x"})
    walk(project, "eve", "ab")
    query = {"series": nodes("a", "b"), "aggregation_group_type_index": 0}
    rows = ask(project, "FunnelsQuery", **query)["results"]
    assert [row["count"] for row in rows] == [1, 1]
    assert counts(project, "a", "b", funnelAggregateByHogQL="properties.room") == [1, 1]


def test_range(project):
    walk(project, "ada", "ab")
    query = {"series": nodes("a", "b"), "dateRange": {"date_from": "-1d"}}
    rows = ask(project, "FunnelsQuery", **query)["results"]
    assert [row["count"] for row in rows] == [0, 0]
    answer = ask(project, "FunnelsQuery", **{**query, "dateRange": {"date_from": "-3d"}})
    assert [row["count"] for row in answer["results"]] == [1, 1]
    assert answer["resolved_date_range"]["date_from"] == "2026-06-12T00:00:00Z"


@pytest.mark.parametrize(
    ("path", "expected"), [("ab", [1, 1]), ("axb", [0, 0]), ("xab", [1, 1]), ("abx", [1, 1])]
)
@pytest.mark.parametrize("order", ["ordered", "strict"])
def test_exclusions(project, path, expected, order):
    walk(project, "ada", path)
    exclusion = {"kind": "EventsNode", "event": "x", "funnelFromStep": 0, "funnelToStep": 1}
    assert counts(project, "a", "b", exclusions=[exclusion], funnelOrderType=order) == expected


def test_exclusions_between_some_steps(project):
    walk(project, "ada", "axbc")
    walk(project, "bob", "abxc")
    exclusion = {"kind": "EventsNode", "event": "x", "funnelFromStep": 1, "funnelToStep": 2}
    assert counts(project, "a", "b", "c", exclusions=[exclusion]) == [1, 1, 1]
    exclusion["funnelFromStep"] = 0
    assert counts(project, "a", "b", "c", exclusions=[exclusion]) == [0, 0, 0]


class TestBreakdowns:
    def values(self, project, *steps, breakdown="plan", **query):
        filter = {"breakdown": breakdown, "breakdown_type": query.pop("type", "event")}
        filter |= query.pop("filter", {})
        rows = funnel(project, *(steps or "ab"), breakdown=filter, **query)
        return [(steps[0]["breakdown_value"], [step["count"] for step in steps]) for steps in rows]

    def test_by_the_first_value(self, project):
        walk(project, "ada", "a", properties={"plan": "free"})
        walk(project, "ada", "-b", properties={"plan": "pro"})
        walk(project, "bob", "a", properties={"plan": "pro"})
        walk(project, "eve", "a")
        walk(project, "eve", "-b", properties={"plan": "pro"})
        walk(project, "joe", "a")
        assert self.values(project) == [
            (["pro"], [2, 1]),
            (["free"], [1, 1]),
            ([""], [1, 0]),
        ]

    def test_rows(self, project):
        walk(project, "ada", "ab", properties={"plan": "free"})
        ((first, second),) = funnel(project, "a", "b", breakdown={"breakdown": "plan"})
        assert first["breakdown"] == first["breakdown_value"] == ["free"]
        assert (second["order"], second["average_conversion_time"]) == (1, 60)

    @pytest.mark.parametrize(
        ("attribution", "expected"),
        [
            ("first_touch", [(["x"], [1, 1])]),
            ("last_touch", [(["y"], [1, 1])]),
            ("all_events", [(["y"], [1, 1]), (["x"], [1, 0])]),
        ],
    )
    def test_attribution(self, project, attribution, expected):
        walk(project, "ada", "a", properties={"plan": "x"})
        walk(project, "ada", "-ab", properties={"plan": "y"})
        assert self.values(project, breakdownAttributionType=attribution) == expected

    def test_the_value_at_a_step(self, project):
        walk(project, "ada", "a", properties={"plan": "x"})
        walk(project, "ada", "-ab", properties={"plan": "y"})
        for step, value in ((0, "x"), (1, "y")):
            at = {"breakdownAttributionType": "step", "breakdownAttributionValue": step}
            assert self.values(project, **at) == [([value], [1, 1])]

    def test_persons_and_several(self, project):
        add_person(project.id, "ada", properties={"country": "UK"})
        walk(project, "ada", "ab", properties={"plan": "pro"})
        assert self.values(project, breakdown="country", type="person") == [(["UK"], [1, 1])]
        several = {"breakdowns": [{"property": "plan"}, {"property": "os"}]}
        rows = funnel(project, "a", "b", breakdown=several)
        assert rows[0][0]["breakdown_value"] == ["pro", ""]

    def test_small_ones_together(self, project):
        for person, plan in (("a", "x"), ("b", "x"), ("c", "y"), ("d", "z")):
            gap = "-" * (ord(person) - ord("a"))
            walk(project, person, f"a{gap}b", properties={"plan": plan})
        assert self.values(project, filter={"breakdown_limit": 1}) == [
            (["x"], [2, 2]),
            (["Other"], [2, 2]),
        ]
        rows = funnel(project, "a", "b", breakdown={"breakdown": "plan", "breakdown_limit": 1})
        assert rows[1][1]["average_conversion_time"] == 210
        assert rows[1][1]["median_conversion_time"] == 210

    def test_groups_are_single_texts(self, project):
        walk(project, "ada", "ab", group_0="acme")
        filter = {"breakdown_group_type_index": 0}
        found = self.values(project, breakdown="industry", type="group", filter=filter)
        assert found == [("", [1, 1])]


class TestTimeToConvert:
    def test_bins(self, project):
        for person, gap in (("ada", 1), ("bob", 2), ("eve", 9)):
            walk(project, person, "a" + "-" * (gap - 1) + "b")
        walk(project, "joe", "a")
        found = funnel(project, "a", "b", funnelVizType="time_to_convert")
        assert found == {"bins": [[60, 2], [300, 0], [540, 1]], "average_conversion_time": 240}
        found = funnel(project, "a", "b", funnelVizType="time_to_convert", binCount=4)
        assert found["bins"] == [[60, 2], [180, 0], [300, 0], [420, 0], [540, 1]]

    def test_some_steps(self, project):
        walk(project, "ada", "a-b--c")
        shown = {"funnelVizType": "time_to_convert", "funnelFromStep": 1, "funnelToStep": 2}
        assert funnel(project, "a", "b", "c", **shown) == {
            "bins": [[180, 1], [240, 0]],
            "average_conversion_time": 180,
        }

    def test_nobody(self, project):
        found = funnel(project, "a", "b", funnelVizType="time_to_convert")
        assert found == {"bins": [], "average_conversion_time": None}


class TestTrends:
    """Of those who entered on a day, how many percent got on."""

    def trend(self, project, *steps, **options):
        return funnel(project, *steps, funnelVizType="trends", **options)

    def test_each_day_has_its_own_entrances(self, project):
        for person, path in {"ada": "-a-b--a-", "bob": "------ab", "eve": "b--a----"}.items():
            day_by_day(project, person, path)
        [found] = self.trend(project, "a", "b")
        assert found == {
            "count": 8,
            "data": [0.0, 100.0, 0.0, 0.0, 0.0, 0.0, 50.0, 0.0],
            "days": [f"2026-06-{day:02}" for day in range(8, 16)],
            "labels": [f"{day}-Jun-2026" for day in range(8, 16)],
        }

    def test_the_window_and_the_steps_asked_for_count(self, project):
        day_by_day(project, "ada", "ab--c---")
        day_by_day(project, "bob", "a-------")
        steps = ("a", "b", "c")
        assert self.trend(project, *steps)[0]["data"][0] == 50
        assert self.trend(project, *steps, funnelWindowInterval=2)[0]["data"][0] == 0
        assert self.trend(project, *steps, funnelFromStep=1, funnelToStep=2)[0]["data"][0] == 100
        assert self.trend(project, *steps, funnelToStep=1)[0]["data"][0] == 50

    def test_other_events_end_a_strict_path(self, project):
        day_by_day(project, "ada", "axb-ab--")
        [found] = self.trend(project, "a", "b", funnelOrderType="strict")
        assert found["data"] == [0, 0, 0, 0, 100, 0, 0, 0]

    def test_a_line_for_each_value(self, project):
        for person, path, browser in (
            *(("ada", "ab------", "Opera"), ("bob", "a-------", "Opera")),
            ("eve", "ab------", "Edge"),
        ):
            day_by_day(project, person, path, properties={"browser": browser})
        by = {"breakdown": "browser", "breakdown_type": "event"}
        found = self.trend(project, "a", "b", breakdown=by)
        assert [(row["breakdown_value"], row["data"][0]) for row in found] == [
            (["Opera"], 50),
            (["Edge"], 100),
        ]
        found = self.trend(project, "a", "b", breakdown={**by, "breakdown_limit": 1})
        assert [row["breakdown_value"] for row in found] == [["Opera"], ["Other"]]

    def test_as_a_table(self, project):
        day_by_day(project, "ada", "ab------", properties={"browser": "Opera"})
        by = {"breakdown": "browser", "breakdown_type": "event"}
        for options, name in (({}, "conversion"), ({"breakdown": by}, "Opera")):
            table = table_of({"results": self.trend(project, "a", "b", **options)})
            assert table.columns[:2] == ["series", "2026-06-08"]
            assert table.rows == [[name, 100, *[0] * 7]]

    def test_nobody(self, project):
        assert self.trend(project, "a", "b")[0]["data"] == [0] * 8
        assert self.trend(project, "a", "b", breakdown={"breakdown": "browser"}) == []


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"funnelsFilter": {"funnelVizType": "flow"}}, "funnelVizType"),
        ({"funnelsFilter": {"funnelVizType": "trends", "funnelToStep": 0}}, "ToStep"),
        (
            {"funnelsFilter": {"funnelVizType": "trends", "funnelOrderType": "unordered"}},
            "in order",
        ),
        ({"funnelsFilter": {"funnelOrderType": "random"}}, "funnelOrderType"),
        ({"funnelsFilter": {"funnelWindowInterval": 0}}, "funnelWindowInterval"),
        ({"funnelsFilter": {"funnelWindowIntervalUnit": "year"}}, "funnelWindowIntervalUnit"),
        ({"funnelsFilter": {"breakdownAttributionType": "best"}}, "breakdownAttributionType"),
        (
            {
                "funnelsFilter": {
                    "breakdownAttributionType": "step",
                    "breakdownAttributionValue": 2,
                }
            },
            "breakdownAttributionValue",
        ),
        ({"funnelsFilter": {"nonsense": 1}}, "nonsense"),
        (
            {"funnelsFilter": {"exclusions": [{"funnelFromStep": 1, "funnelToStep": 1}]}},
            "exclusions",
        ),
        (
            {"funnelsFilter": {"exclusions": [{"funnelFromStep": 0, "funnelToStep": 2}]}},
            "exclusions",
        ),
        (
            {
                "funnelsFilter": {
                    "exclusions": [{"event": "a", "funnelFromStep": 0, "funnelToStep": 1}]
                }
            },
            "same as a step",
        ),
        (
            {
                "funnelsFilter": {
                    "exclusions": [{"event": "x", "funnelFromStep": 0, "funnelToStep": 1}],
                    "funnelOrderType": "unordered",
                }
            },
            "unordered",
        ),
        ({"funnelsFilter": {"funnelVizType": "time_to_convert", "funnelToStep": 2}}, "ToStep"),
        (
            {
                "funnelsFilter": {"funnelVizType": "time_to_convert"},
                "breakdownFilter": {"breakdown": "a"},
            },
            "breakdown",
        ),
        ({"series": []}, "series"),
        ({"series": [{"kind": "EventsNode", "optionalInFunnel": True}]}, "optionalInFunnel"),
        ({"series": [{"kind": "EventsNode", "math": "first_time_for_user"}]}, "math"),
        ({"series": [{"kind": "ActionsNode", "id": 7}]}, "Action 7"),
    ],
)
def test_what_cannot_be_asked(project, query, name):
    with pytest.raises(ValidationError) as refused:
        ask(project, "FunnelsQuery", **{"series": nodes("a", "b"), **query})
    assert name in str(refused.value.detail)


def test_actors_that_are_no_expression(project):
    with pytest.raises(APIException) as refused:
        funnel(project, "a", "b", funnelAggregateByHogQL="nope(")
    assert refused.value.status_code == 400


def furthest(events, steps, window, order):
    """By trying every start."""
    best = 0
    for start, (first, name) in enumerate(events):
        if order == "unordered":
            seen = {n for at, n in events[start:] if at - first <= window and n in steps}
            best = max(best, len(seen))
        elif name == steps[0]:
            reached = 1
            for at, n in events[start + 1 :]:
                if reached < len(steps) and n == steps[reached] and at - first <= window:
                    reached += 1
                elif order == "strict":
                    break
            best = max(best, reached)
    return best


@pytest.mark.parametrize("order", ["ordered", "strict", "unordered"])
@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_trying_every_start(project, order, seed):
    chance = random.Random(seed)
    walks = {
        f"p{number}": "".join(chance.choices("abcx-", k=chance.randrange(1, 14)))
        for number in range(40)
    }
    for person, path in walks.items():
        walk(project, person, path)
    for minutes in (1, 3, 20):
        window = {"funnelWindowInterval": minutes, "funnelWindowIntervalUnit": "minute"}
        reached = [
            furthest([(at, n) for at, n in enumerate(path) if n != "-"], "abc", minutes, order)
            for path in walks.values()
        ]
        expected = [sum(one >= step for one in reached) for step in (1, 2, 3)]
        assert counts(project, *"abc", funnelOrderType=order, **window) == expected
