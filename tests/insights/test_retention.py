import random
from datetime import UTC, datetime, timedelta

import pytest
from rest_framework.exceptions import ValidationError

from insights.breakdowns import NULL, OTHER
from tests.hogql.store import add_person, link
from tests.insights.asking import NOW, ask, happen

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]
ANY = {"id": "buy", "type": "events"}


def retention(project, now=NOW, query=(), **filter):
    filter = {"targetEntity": ANY, "returningEntity": ANY, "totalIntervals": 4, **filter}
    return ask(project, "RetentionQuery", now=now, retentionFilter=filter, **dict(query))["results"]


def table(project, **filter):
    return [[cell["count"] for cell in row["values"]] for row in retention(project, **filter)]


def come(project, person, *days, **fields):
    happen(project, *((day, {"distinct_id": person, **fields}) for day in days))


def test_rows(project):
    come(project, "ada", 3, 2, 0)
    come(project, "bob", 3)
    rows = retention(project)
    assert rows[0] == {
        "values": [
            {"count": 2, "label": "Day 0"},
            {"count": 1, "label": "Day 1"},
            {"count": 0, "label": "Day 2"},
            {"count": 1, "label": "Day 3"},
        ],
        "label": "Day 0",
        "date": "2026-06-12T00:00:00Z",
    }
    assert [row["date"][:10] for row in rows] == [f"2026-06-{day}" for day in (12, 13, 14, 15)]
    assert table(project) == [[2, 1, 0, 1], [1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 0, 0]]


def test_nobody(project):
    assert table(project) == [[0] * 4] * 4
    by = {"breakdownFilter": {"breakdown": "plan"}}
    assert retention(project, query=by) == []


def test_other_events_bring_back(project):
    come(project, "ada", 3)
    come(project, "ada", 2, 1, event="see")
    returning = {"id": "see", "type": "events"}
    assert table(project, returningEntity=returning)[0] == [1, 1, 1, 0]
    assert table(project, returningEntity={"id": None})[0] == [1, 1, 1, 0]
    pro = {**ANY, "properties": [{"key": "plan", "value": "pro"}]}
    assert table(project, targetEntity=pro)[0] == [0, 0, 0, 0]


def test_default_is_page_views_of_eight_days(project):
    come(project, "ada", 7, 0, event="$pageview")
    rows = ask(project, "RetentionQuery", retentionFilter={})["results"]
    assert [cell["count"] for cell in rows[0]["values"]] == [1, 0, 0, 0, 0, 0, 0, 1]
    assert len(rows) == 8


def test_first_time(project):
    come(project, "old", 40, 3, 2)
    come(project, "new", 3, 2, 1)
    first = "retention_first_time"
    assert table(project, retentionType=first) == [[1, 1, 1, 0], [0] * 4, [0] * 4, [0] * 4]


def test_first_time_with_filters(project):
    come(project, "ada", 3)
    come(project, "ada", 2, 1, properties={"plan": "pro"})
    come(project, "bob", 2, properties={"plan": "pro"})
    pro = {**ANY, "properties": [{"key": "plan", "value": "pro"}]}
    found = table(project, targetEntity=pro, retentionType="retention_first_time")
    assert found[:2] == [[0, 0, 0, 0], [2, 1, 0, 0]]
    found = table(project, targetEntity=pro, retentionType="retention_first_ever_occurrence")
    assert found[:2] == [[0, 0, 0, 0], [1, 0, 0, 0]]


def test_weeks_months_and_hours(project):
    come(project, "ada", 15, 8, 1)
    rows = retention(project, period="Week", totalIntervals=3)
    assert [row["date"][:10] for row in rows] == ["2026-05-31", "2026-06-07", "2026-06-14"]
    assert [[cell["count"] for cell in row["values"]] for row in rows] == [
        [1, 1, 1],
        [1, 1, 0],
        [1, 0, 0],
    ]
    assert rows[0]["label"] == "Week 0"
    project.week_start_day = 1
    rows = retention(project, period="Week", totalIntervals=2)
    assert [row["date"][:10] for row in rows] == ["2026-06-08", "2026-06-15"]
    rows = retention(project, period="Month", totalIntervals=2)
    assert [row["date"][:10] for row in rows] == ["2026-05-01", "2026-06-01"]
    assert table(project, period="Month", totalIntervals=2) == [[1, 1], [1, 0]]
    happen(project, {"time": NOW}, {"time": NOW - timedelta(hours=2)})
    rows = retention(project, period="Hour", totalIntervals=3)
    assert [row["date"] for row in rows] == [f"2026-06-15T{hour}:00:00Z" for hour in (10, 11, 12)]
    assert table(project, period="Hour", totalIntervals=3) == [[1, 0, 1], [0, 0, 0], [1, 0, 0]]


def test_local_days(project):
    project.timezone = "America/New_York"
    for hour in (3, 4, 28):
        happen(project, {"time": datetime(2026, 6, 14, tzinfo=UTC) + timedelta(hours=hour)})
    assert table(project, totalIntervals=3) == [[1, 1, 1], [1, 1, 0], [1, 0, 0]]
    assert retention(project, totalIntervals=3)[0]["date"] == "2026-06-13T00:00:00-04:00"


def test_range_has_a_row_for_each_interval(project):
    come(project, "ada", 10, 9, 7)
    dates = {"dateRange": {"date_from": "2026-06-05", "date_to": "2026-06-06"}}
    rows = retention(project, query=dates, totalIntervals=4)
    assert [[cell["count"] for cell in row["values"]] for row in rows] == [
        [1, 1, 0, 1],
        [1, 0, 1, 0],
    ]


def test_until_the_last_return(project):
    come(project, "ada", 3, 1)
    come(project, "bob", 3)
    assert table(project, cumulative=True)[0] == [2, 1, 1, 0]


def test_returns_that_are_too_few(project):
    come(project, "ada", 3, 2, 1, 1)
    assert table(project, minimumOccurrences=2)[0] == [1, 0, 1, 0]


def test_merged_persons_and_groups(project):
    person = add_person(project.id, "ada")
    link(project.id, person, "anonymous", version=2, is_override=1)
    come(project, "anonymous", 3)
    come(project, "ada", 2)
    assert table(project)[0] == [1, 1, 0, 0]
    come(project, "x", 3, group_0="acme")
    come(project, "y", 2, group_0="acme")
    (row, *_) = retention(project, query={"aggregation_group_type_index": 0})
    assert [cell["count"] for cell in row["values"]] == [1, 1, 0, 0]


def test_filters(project):
    project.settings = {"test_account_filters": [{"key": "tester", "operator": "is_not_set"}]}
    come(project, "ada", 3, properties={"tester": 1})
    come(project, "bob", 3)
    (row, *_) = retention(project, query={"filterTestAccounts": True})
    assert row["values"][0]["count"] == 1


class TestBreakdowns:
    def lines(self, project, breakdown, **filter):
        found = {}
        for row in retention(project, query={"breakdownFilter": breakdown}, **filter):
            cells = [cell["count"] for cell in row["values"]]
            found.setdefault(row["breakdown_value"], []).append(cells)
        return {value: rows[0] for value, rows in found.items()}

    def test_values_are_of_both_events(self, project):
        come(project, "ada", 3, 1, properties={"plan": "pro"})
        come(project, "ada", 2, properties={"plan": "free"})
        come(project, "bob", 3)
        found = self.lines(project, {"breakdown": "plan"})
        assert found == {"pro": [1, 0, 1, 0], "free": [0, 0, 0, 0], NULL: [1, 0, 0, 0]}
        assert list(found) == ["pro", "free", NULL]

    def test_first_ones_keep_the_value_of_the_first_event(self, project):
        come(project, "ada", 3, properties={"plan": "pro"})
        come(project, "ada", 2, properties={"plan": "free"})
        found = self.lines(project, {"breakdown": "plan"}, retentionType="retention_first_time")
        assert found == {"pro": [1, 1, 0, 0]}

    def test_small_ones_together(self, project):
        for number, plan in enumerate("xxxyyz"):
            come(project, f"p{number}", 3, properties={"plan": plan})
        found = self.lines(project, {"breakdown": "plan", "breakdown_limit": 1})
        assert found == {"x": [3, 0, 0, 0], OTHER: [3, 0, 0, 0]}

    def test_persons_and_several(self, project):
        add_person(project.id, "ada", properties={"country": "UK"})
        come(project, "ada", 3, properties={"plan": "pro"})
        found = self.lines(project, {"breakdown": "country", "breakdown_type": "person"})
        assert found == {"UK": [1, 0, 0, 0]}
        found = self.lines(project, {"breakdowns": [{"property": "plan"}, {"property": "os"}]})
        assert found == {f"pro::{NULL}": [1, 0, 0, 0]}


@pytest.mark.parametrize(
    ("filter", "name"),
    [
        ({"period": "Year"}, "period"),
        ({"totalIntervals": 0}, "totalIntervals"),
        ({"retentionType": "other"}, "retentionType"),
        ({"timeWindowMode": "24_hour_windows"}, "timeWindowMode"),
        ({"retentionCustomBrackets": [1, 3]}, "retentionCustomBrackets"),
        ({"targetEntity": {"id": "x", "type": "actions"}}, "targetEntity"),
        ({"targetEntity": {"id": 5, "type": "events"}}, "targetEntity"),
        ({"targetEntity": {"id": "5", "type": "actions"}}, "Action 5"),
        ({"targetEntity": {"id": "x", "type": "data_warehouse"}}, "type"),
    ],
)
def test_what_cannot_be_asked(project, filter, name):
    with pytest.raises(ValidationError) as refused:
        retention(project, **filter)
    assert name in str(refused.value.detail)


def test_filter_is_required(project):
    with pytest.raises(ValidationError):
        ask(project, "RetentionQuery")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["retention_recurring", "retention_first_time"])
def test_counts_are_those_of_a_count_by_hand(project, seed, kind):
    chance = random.Random(seed)
    visits = {
        f"p{number}": {chance.randrange(0, 20) for _ in range(chance.randrange(1, 9))}
        for number in range(30)
    }
    for person, days in visits.items():
        come(project, person, *days)
    expected = [[0] * 8 for _ in range(8)]
    for days in visits.values():
        starts = {max(days)} if kind == "retention_first_time" else days
        for start in starts:
            for day in days:
                if start <= 7 and day <= start:
                    expected[7 - start][start - day] += 1
    assert table(project, totalIntervals=8, retentionType=kind) == expected
