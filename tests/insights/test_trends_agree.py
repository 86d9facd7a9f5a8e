"""Trends against a count in plain Python, over random events."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from insights.breakdowns import NULL, OTHER
from tests.insights.asking import happen, trends

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]
NOW = datetime(2026, 4, 3, 9, 41, tzinfo=UTC)
START_OF = {
    "hour": lambda time: time.replace(minute=0, second=0, microsecond=0),
    "day": lambda time: time.date(),
    "week": lambda time: time.date() - timedelta(days=time.weekday()),
    "month": lambda time: time.date().replace(day=1),
}


def random_events(chance, count=300):
    """Around a change of the clocks in Berlin, many of them close to midnight there."""
    for _ in range(count):
        time = datetime(2026, 4, 4, tzinfo=UTC) - timedelta(seconds=chance.randrange(14 * 86400))
        if chance.random() < 0.3:
            time = time.replace(hour=22, minute=chance.choice([0, 59]), second=0)
        properties = {"n": chance.randrange(-5, 20)}
        if chance.random() < 0.8:
            properties["plan"] = chance.choice(["free", "pro", "team", ""])
        yield {
            "event": chance.choice(["buy", "see"]),
            "distinct_id": chance.choice("abcdef"),
            "time": time,
            "properties": properties,
        }


def counted(events, math, interval, zone, week_starts_on_monday=True):
    """{breakdown value: {start of the interval: number}} of the events in range."""
    first = (NOW.astimezone(zone) - timedelta(days=7)).date()
    last = NOW.astimezone(zone).date()
    first = START_OF[interval](datetime.combine(first, datetime.min.time(), zone))
    if isinstance(first, datetime):
        first = first.date()
    groups = defaultdict(lambda: defaultdict(list))
    for event in events:
        local = event["time"].astimezone(zone)
        if event["event"] == "buy" and first <= local.date() <= last:
            if interval == "hour" and event["time"] > NOW.replace(minute=59, second=59):
                continue
            value = event["properties"].get("plan") or NULL
            groups[value][START_OF[interval](local)].append(event)
    number = {
        "total": len,
        "dau": lambda found: len({event["distinct_id"] for event in found}),
        "sum": lambda found: sum(event["properties"]["n"] for event in found),
        "max": lambda found: max(event["properties"]["n"] for event in found),
        "avg_count_per_actor": lambda found: (
            len(found) / len({event["distinct_id"] for event in found})
        ),
    }[math]
    return {
        value: {start: number(found) for start, found in starts.items()}
        for value, starts in groups.items()
    }


def shown(rows, interval, zone):
    """The same of the rows of an answer."""
    found = {}
    for row in rows:
        starts = {}
        for index, (day, number) in enumerate(zip(row["days"], row["data"], strict=True)):
            start = datetime.fromisoformat(day)
            if interval == "hour":
                again = index and row["days"][index - 1] == day
                start = start.replace(tzinfo=zone, fold=int(bool(again)))
            else:
                start = start.date()
            if number:
                starts[start] = number
        found[row["breakdown_value"]] = starts
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_numbers_are_those_of_a_count_by_hand(project, seed, zone):
    project.timezone, project.week_start_day, tz = zone, 1, ZoneInfo(zone)
    chance = random.Random(seed)
    events = list(random_events(chance))
    happen(project, *events)
    for interval in START_OF:
        for math in ("total", "dau", "sum", "max", "avg_count_per_actor"):
            rows = trends(
                project,
                {"event": "buy", "math": math, "math_property": "n"},
                now=NOW,
                interval=interval,
                breakdownFilter={"breakdown": "plan"},
            )
            expected = {
                value: {start: pytest.approx(n) for start, n in starts.items() if n}
                for value, starts in counted(events, math, interval, tz).items()
            }
            assert shown(rows, interval, tz) == expected, (interval, math)


@pytest.mark.parametrize("seed", range(3))
def test_sums_of_values_are_the_whole(project, seed):
    """However many values are shown, those left out are in the others."""
    chance = random.Random(seed)
    happen(project, *random_events(chance))
    (whole,) = trends(project, "buy", now=NOW)
    for limit in (1, 2, 3, 10):
        filter = {"breakdown": "plan", "breakdown_limit": limit}
        rows = trends(project, "buy", now=NOW, breakdownFilter=filter)
        assert [sum(points) for points in zip(*(row["data"] for row in rows), strict=True)] == (
            whole["data"]
        )
        values = [row["breakdown_value"] for row in rows]
        assert (OTHER in values) == (limit < 3)
        assert len(set(values) - {OTHER, NULL}) == min(limit, 3)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("days", [7, 30])
def test_active_persons_are_those_of_a_count_by_hand(project, seed, days):
    chance = random.Random(seed)
    events = list(random_events(chance, count=40))
    happen(project, *events)
    math = "weekly_active" if days == 7 else "monthly_active"
    (row,) = trends(
        project, {"event": "buy", "math": math}, now=NOW, dateRange={"date_from": "-12d"}
    )
    for day, number in zip(row["days"], row["data"], strict=True):
        last = datetime.fromisoformat(day).date()
        active = {
            event["distinct_id"]
            for event in events
            if event["event"] == "buy" and 0 <= (last - event["time"].date()).days < days
        }
        assert number == len(active), day
