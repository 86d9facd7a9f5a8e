"""Counts of lines: over time, by level, by service."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logs.buckets import STEPS, Buckets
from tests.logs.exporting import nanoseconds

WINDOW = {"date_from": "-50M"}


@pytest.fixture
def ask(api):
    def ask(path, status=200, headers=None, **query):
        response = api.post(f"logs/{path}/", {"query": query}, headers=headers)
        assert response.status_code == status, response.content
        return response.json()

    return ask


@pytest.fixture
def some_lines(log):
    log(
        {"time_unix_nano": nanoseconds(30), "severity_number": 9, "body": "hello"},
        {"time_unix_nano": nanoseconds(30), "severity_number": 17},
        {"time_unix_nano": nanoseconds(2000), "severity_number": 17},
    )
    log({"time_unix_nano": nanoseconds(1000), "severity_number": 21}, resource={})


def test_sparkline_by_severity(ask, some_lines):
    rows = ask("sparkline", dateRange=WINDOW)

    assert all(set(row) == {"time", "level", "severity", "count"} for row in rows)
    assert all(row["level"] == row["severity"] for row in rows)
    assert rows == sorted(rows, key=lambda row: row["time"])
    totals = Counter()
    for row in rows:
        totals[row["severity"]] += row["count"]
    assert totals == {"info": 1, "error": 2, "fatal": 1}
    times = [datetime.fromisoformat(row["time"]) for row in rows]
    assert len(rows) == 3 * len(set(times))
    assert 50 <= len(set(times)) <= 52
    assert {b - a for a, b in zip(times, times[3:], strict=False)} == {timedelta(minutes=1)}


def test_sparkline_by_service(ask, some_lines):
    rows = ask("sparkline", dateRange=WINDOW, sparklineBreakdownBy="service")
    assert all(set(row) == {"time", "service", "count"} for row in rows)
    totals = Counter()
    for row in rows:
        totals[row["service"]] += row["count"]
    assert totals == {"checkout": 3, "(no value)": 1}


def test_sparkline_of_nothing_has_its_buckets(analytics, ask):
    rows = ask("sparkline", dateRange=WINDOW)
    assert 50 <= len(rows) <= 52
    assert {row["count"] for row in rows} == {0}


def test_sparkline_for_the_mcp_client(ask, some_lines):
    rows = ask("sparkline", dateRange=WINDOW)
    answer = ask("sparkline", dateRange=WINDOW, headers={"X-PostHog-Client": "mcp"})
    assert set(answer) == {"results"}
    assert Counter(row["count"] for row in answer["results"]) == Counter(
        row["count"] for row in rows
    )


def test_counts_obey_the_filters(ask, some_lines):
    assert ask("count") == {"count": 4}
    assert ask("count", severityLevels=["error"]) == {"count": 2}
    assert ask("count", searchTerm="HELL") == {"count": 1}
    assert ask("count", dateRange={"date_from": "-1M"}) == {"count": 2}


def test_count_ranges(ask, some_lines):
    answer = ask("count-ranges", dateRange={"date_from": "-50M"}, targetBuckets=10)
    assert answer["interval"] == "5m"
    ranges = answer["ranges"]
    assert 10 <= len(ranges) <= 11
    assert sum(row["count"] for row in ranges) == 4
    assert all(a["date_to"] == b["date_from"] for a, b in zip(ranges, ranges[1:], strict=False))
    first = datetime.fromisoformat(ranges[0]["date_from"])
    last = datetime.fromisoformat(ranges[-1]["date_to"])
    assert last - first == timedelta(minutes=50)
    assert len(ask("count-ranges")["ranges"]) in range(5, 15)


@pytest.mark.parametrize("target", [0, 101, "many"])
def test_count_ranges_out_of_bounds(analytics, ask, target):
    assert ask("count-ranges", 400, targetBuckets=target)["attr"] == "query__targetBuckets"


def test_services(ask, some_lines):
    answer = ask("services", dateRange=WINDOW)
    assert answer["services"] == [
        {"service_name": "checkout", "log_count": 3, "error_count": 2, "error_rate": 2 / 3},
        {"service_name": "", "log_count": 1, "error_count": 1, "error_rate": 1.0},
    ]
    totals = Counter()
    for row in answer["sparkline"]:
        totals[row["service_name"]] += row["count"]
    assert totals == {"checkout": 3, "": 1}


@pytest.mark.parametrize("path", ["sparkline", "count", "count-ranges", "services"])
def test_no_query_and_bad_queries(analytics, api, ask, path):
    response = api.post(f"logs/{path}/", {})
    assert (response.status_code, response.json()["error"]) == (400, "No query provided")
    assert ask(path, 400, severityLevels=["loud"])["attr"] == "query__severityLevels__0"


moments = st.integers(0, 4 * 10**15).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)


@given(moments, st.timedeltas(timedelta(0), timedelta(days=400)), st.integers(1, 100))
def test_buckets_cover_the_range_without_gaps(start, length, about):
    buckets = Buckets.cover(start, start + length, about)
    starts = buckets.starts()
    assert buckets.step in STEPS
    assert starts[0] <= start < starts[0] + buckets.step
    assert starts[-1] <= start + length < starts[-1] + buckets.step
    assert all(b - a == buckets.step for a, b in zip(starts, starts[1:], strict=False))
    if timedelta(minutes=10) <= length <= timedelta(days=40) and 10 <= about <= 50:
        assert about / 3 <= len(starts) <= about * 3.7 + 2


def test_buckets_of_a_range_that_ends_before_it_starts():
    now = datetime.now(UTC)
    assert Buckets.cover(now, now - timedelta(hours=1), 10).starts() == []
