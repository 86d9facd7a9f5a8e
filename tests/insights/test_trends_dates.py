"""Ranges, intervals, timezones, daylight saving, periods that are compared."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from rest_framework.exceptions import ValidationError

from insights.dates import INTERVALS
from tests.insights.asking import NOW, ask, happen, trends

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]


def days(project, interval="day", now=NOW, **date_range):
    (row,) = trends(project, "buy", now=now, interval=interval, dateRange=date_range)
    return row["days"]


@pytest.mark.parametrize(
    ("date_range", "first", "last", "count"),
    [
        ({}, "2026-06-08", "2026-06-15", 8),
        ({"date_from": "-7d"}, "2026-06-08", "2026-06-15", 8),
        ({"date_from": "7d"}, "2026-06-08", "2026-06-15", 8),
        ({"date_from": "-24h"}, "2026-06-14", "2026-06-15", 2),
        ({"date_from": "dStart"}, "2026-06-15", "2026-06-15", 1),
        ({"date_from": "-1dStart", "date_to": "-1dEnd"}, "2026-06-14", "2026-06-14", 1),
        ({"date_from": "mStart"}, "2026-06-01", "2026-06-15", 15),
        ({"date_from": "-1mStart", "date_to": "-1mEnd"}, "2026-05-01", "2026-05-31", 31),
        ({"date_from": "yStart"}, "2026-01-01", "2026-06-15", 166),
        ({"date_from": "-1yStart", "date_to": "-1yEnd"}, "2025-01-01", "2025-12-31", 365),
        ({"date_from": "-1q"}, "2026-03-16", "2026-06-15", 92),
        ({"date_from": "-2w", "date_to": "-1d"}, "2026-06-01", "2026-06-14", 14),
        ({"date_from": "2026-01-30", "date_to": "2026-02-02"}, "2026-01-30", "2026-02-02", 4),
        (
            {"date_from": "2026-01-30T22:00:00Z", "date_to": "2026-02-02T01:00:00Z"},
            "2026-01-30",
            "2026-02-02",
            4,
        ),
    ],
)
def test_ranges_of_days(project, date_range, first, last, count):
    found = days(project, **date_range)
    assert (found[0], found[-1], len(found)) == (first, last, count)


@pytest.mark.parametrize(
    ("interval", "date_range", "expected"),
    [
        ("hour", {"date_from": "-2h"}, ["10:00:00", "11:00:00", "12:00:00"]),
        (
            "hour",
            {"date_from": "2026-06-14T22:30:00", "date_to": "2026-06-15T00:00:00"},
            ["22:00:00", "23:00:00", "00:00:00"],
        ),
        ("minute", {"date_from": "-2M"}, ["12:28:00", "12:29:00", "12:30:00"]),
        ("second", {"date_from": "-2s"}, ["12:29:58", "12:29:59", "12:30:00"]),
    ],
)
def test_short_intervals(project, interval, date_range, expected):
    assert [day[-8:] for day in days(project, interval, **date_range)] == expected


def test_hours_of_whole_days(project):
    found = days(project, "hour", date_from="-1d")
    assert (found[0], found[-1]) == ("2026-06-14 00:00:00", "2026-06-15 12:00:00")
    found = days(project, "hour", date_from="2026-06-01", date_to="2026-06-02")
    assert (found[0], found[-1], len(found)) == ("2026-06-01 00:00:00", "2026-06-02 23:00:00", 48)


@pytest.mark.parametrize(
    ("week_start_day", "expected"),
    [
        (None, ["2026-05-31", "2026-06-07", "2026-06-14"]),
        (0, None),
        (1, ["2026-06-01", "2026-06-08", "2026-06-15"]),
    ],
)
def test_weeks_start_as_the_project_says(project, week_start_day, expected):
    project.week_start_day = week_start_day
    expected = expected or ["2026-05-31", "2026-06-07", "2026-06-14"]
    assert days(project, "week", date_from="-14d") == expected
    happen(project, {"time": datetime(2026, 6, 7, 12, tzinfo=UTC)})  # a Sunday
    (row,) = trends(project, "buy", interval="week", dateRange={"date_from": "-14d"})
    assert row["data"] == ([1, 0, 0] if week_start_day == 1 else [0, 1, 0])


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ("month", ["2025-11-01", "2025-12-01", "2026-01-01"]),
        ("quarter", ["2025-10-01", "2026-01-01"]),
        ("year", ["2025-01-01", "2026-01-01"]),
    ],
)
def test_months_and_longer(project, interval, expected):
    date_range = {"date_from": "2025-11-15", "date_to": "2026-01-02"}
    assert days(project, interval, **date_range) == expected
    happen(project, {"time": datetime(2025, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)})
    happen(project, {"time": datetime(2026, 1, 1, tzinfo=UTC)})
    (row,) = trends(project, "buy", interval=interval, dateRange=date_range)
    assert row["data"][-2:] == [1, 1]


def test_labels(project):
    date_range = {"date_from": "2026-01-09", "date_to": "2026-01-09"}
    labels = {
        interval: trends(project, "buy", interval=interval, dateRange=date_range)[0]["labels"][0]
        for interval in ("day", "hour", "minute", "month")
    }
    assert labels == {
        "day": "9-Jan-2026",
        "hour": "9-Jan 00:00",
        "minute": "9-Jan 00:00",
        "month": "1-Jan-2026",
    }


def test_all_time_starts_with_the_first_event(project):
    assert len(days(project, date_from="all")) == 8  # no events: as without a range
    happen(project, (40, {"event": "other"}))
    found = days(project, date_from="all")
    assert (found[0], len(found)) == ("2026-05-06", 41)


def test_explicit_dates_are_meant_to_the_letter(project):
    happen(project, *({"time": NOW - timedelta(hours=hours)} for hours in (1, 2, 3)))
    date_range = {"date_from": "2026-06-15T10:00:00Z", "date_to": "2026-06-15T11:00:00Z"}
    assert trends(project, "buy", dateRange=date_range)[0]["count"] == 3
    explicit = {**date_range, "explicitDate": True}
    assert trends(project, "buy", dateRange=explicit)[0]["data"] == [1]
    answer = ask(project, series=[{"kind": "EventsNode"}], dateRange=explicit)
    assert answer["resolved_date_range"] == {
        "date_from": "2026-06-15T10:00:00Z",
        "date_to": "2026-06-15T11:00:00Z",
    }


def test_bounds_are_inclusive(project):
    edges = [datetime(2026, 6, 10, tzinfo=UTC), datetime(2026, 6, 12, tzinfo=UTC)]
    happen(project, {"time": edges[0]}, {"time": edges[1] - timedelta(microseconds=1)})
    happen(project, {"time": edges[0] - timedelta(microseconds=1)}, {"time": edges[1]})
    (row,) = trends(project, "buy", dateRange={"date_from": "2026-06-10", "date_to": "2026-06-11"})
    assert row["data"] == [1, 1]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("changes", ["2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01"])
@pytest.mark.parametrize("interval", ["hour", "day", "week", "month"])
def test_local_time_around_its_changes(project, zone, changes, interval):
    """Each event is counted in its local interval, also on days of 23 and 25 hours."""
    project.timezone, project.week_start_day, tz = zone, 1, ZoneInfo(zone)
    midnight = datetime.fromisoformat(changes).replace(tzinfo=tz)
    times = [midnight.astimezone(UTC) + timedelta(minutes=20 * n) for n in range(-6, 81)]
    happen(project, *({"time": time} for time in times))
    date_range = {"date_from": changes, "date_to": changes}
    (row,) = trends(project, "buy", interval=interval, dateRange=date_range)
    first = midnight.date()
    if interval == "week":
        first -= timedelta(days=first.weekday())
    elif interval == "month":
        first = first.replace(day=1)
    local = [time.astimezone(tz) for time in times]
    in_range = [time for time in local if first <= time.date() <= midnight.date()]
    if interval == "hour":
        assert len(row["data"]) == len({(time.hour, time.utcoffset()) for time in in_range})
        assert set(row["data"]) == {3}
        hours = [day[11:13] for day in row["days"]]
        assert hours == sorted(hours)
    assert sum(row["data"]) == row["count"] == len(in_range)


def test_local_days(project):
    project.timezone = "America/New_York"
    happen(project, {"time": datetime(2026, 6, 15, 3, 59, tzinfo=UTC)})  # the 14th there
    happen(project, {"time": datetime(2026, 6, 15, 4, 0, tzinfo=UTC)})
    answer = ask(project, series=[{"kind": "EventsNode"}], dateRange={"date_from": "-1d"})
    assert answer["results"][0]["data"] == [1, 1]
    assert answer["resolved_date_range"] == {
        "date_from": "2026-06-14T00:00:00-04:00",
        "date_to": "2026-06-15T23:59:59.999999-04:00",
    }


def test_compared_with_the_period_before(project):
    happen(project, (0, {}), (7, {}), (8, {}), (8, {}), (15, {}), (16, {}))
    current, previous = trends(project, "buy", compareFilter={"compare": True})
    assert (current["compare"], current["compare_label"]) == (True, "current")
    assert (previous["compare"], previous["compare_label"]) == (True, "previous")
    assert current["data"] == [1, 0, 0, 0, 0, 0, 0, 1]
    assert previous["data"] == [1, 0, 0, 0, 0, 0, 0, 2]
    assert (previous["days"][0], previous["days"][-1]) == ("2026-05-31", "2026-06-07")
    assert previous["action"]["days"] == current["days"]


def test_compared_with_an_earlier_time(project):
    happen(project, (0, {}), (7, {}))
    compare = {"compare": True, "compare_to": "-1w"}
    current, previous = trends(
        project, "buy", compareFilter=compare, dateRange={"date_from": "-1d"}
    )
    assert (current["data"], previous["data"]) == ([0, 1], [0, 1])
    assert previous["days"] == ["2026-06-07", "2026-06-08"]


def test_rows_of_the_present_come_first(project):
    rows = trends(project, "a", "b", compareFilter={"compare": True})
    assert [(row["label"], row["compare_label"]) for row in rows] == [
        ("a", "current"),
        ("b", "current"),
        ("a", "previous"),
        ("b", "previous"),
    ]
    (row,) = trends(project, "a", compareFilter={"compare": False, "compare_to": "-1w"})
    assert "compare" not in row


def test_compared_totals(project):
    happen(project, (0, {}), (8, {}), (9, {}))
    rows = trends(
        project, "buy", compareFilter={"compare": True}, trendsFilter={"display": "BoldNumber"}
    )
    assert [row["aggregated_value"] for row in rows] == [1, 2]


@pytest.mark.parametrize(
    ("interval", "date_range", "first"),
    [
        ("hour", {"date_from": "-2h"}, "2026-06-15 07:00:00"),
        ("week", {"date_from": "-7d"}, "2026-05-24"),
        ("month", {"date_from": "2026-02-01", "date_to": "2026-02-28"}, "2026-01-01"),
    ],
)
def test_the_period_before_has_as_many_intervals(project, interval, date_range, first):
    current, previous = trends(
        project, "buy", compareFilter={"compare": True}, interval=interval, dateRange=date_range
    )
    assert len(previous["data"]) == len(current["data"])
    assert previous["days"][0] == first


def test_nothing_is_that_long_ago(project):
    with pytest.raises(ValidationError):
        trends(project, "buy", compareFilter={"compare": True, "compare_to": "-9999y"})


@pytest.mark.parametrize("interval", INTERVALS)
def test_every_interval_counts(project, interval):
    happen(project, {"time": NOW})
    date_range = {"date_from": NOW.isoformat(), "date_to": NOW.isoformat()}
    (row,) = trends(project, "buy", interval=interval, dateRange=date_range)
    assert sum(row["data"]) == 1
