from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from posthog_clone.api.times import parse_bound, parse_timestamp

NOW = datetime(2024, 5, 15, 12, 3, 4, 500_000, tzinfo=UTC)  # a Wednesday
NEW_YORK = ZoneInfo("America/New_York")


def at(*args):
    return datetime(*args, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-19T18:58:50.999999+0000", at(2026, 11, 19, 18, 58, 50, 999999)),
        ("2026-11-19T18:58:50.999999+00:00", at(2026, 11, 19, 18, 58, 50, 999999)),
        ("2026-11-19T18:58:50.999999 0000", at(2026, 11, 19, 18, 58, 50, 999999)),
        ("2026-11-19T18:58:50 03:00", at(2026, 11, 19, 15, 58, 50)),
        ("2026-11-19T18:58:50Z", at(2026, 11, 19, 18, 58, 50)),
        ("2026-11-19t18:58:50.5z", at(2026, 11, 19, 18, 58, 50, 500_000)),
        ("2026-11-19T18:58:50.123456789Z", at(2026, 11, 19, 18, 58, 50, 123456)),
        ("2026-11-19T18:58:50+03", at(2026, 11, 19, 15, 58, 50)),
        ("2026-11-19T18:58:50-0330", at(2026, 11, 19, 22, 28, 50)),
        ("2026-11-19T18:58:50", at(2026, 11, 19, 18, 58, 50)),
        ("2026-11-19 18:58:50", at(2026, 11, 19, 18, 58, 50)),
        ("2026-11-19 18:58:50 Z", at(2026, 11, 19, 18, 58, 50)),
        ("2026-11-19T18:58", at(2026, 11, 19, 18, 58)),
        (" 2026-11-19 ", at(2026, 11, 19)),
        ("20261119", at(2026, 11, 19)),
        ("2026/11/19", at(2026, 11, 19)),
        ("2026/1/9 18:58:50", at(2026, 1, 9, 18, 58, 50)),
        ("1/9/2026", at(2026, 1, 9)),
        ("Thu, 19 Nov 2026 18:58:50 +0200", at(2026, 11, 19, 16, 58, 50)),
        ("19 Nov 2026 18:58:50 GMT", at(2026, 11, 19, 18, 58, 50)),
        (1_700_000_000, at(2023, 11, 14, 22, 13, 20)),
        (1_700_000_000_123, at(2023, 11, 14, 22, 13, 20, 123_000)),
        (1_700_000_000.5, at(2023, 11, 14, 22, 13, 20, 500_000)),
        ("1700000000", at(2023, 11, 14, 22, 13, 20)),
        ("1700000000123", at(2023, 11, 14, 22, 13, 20, 123_000)),
        (0, at(1970, 1, 1)),
        (NOW, NOW),
        (NOW.replace(tzinfo=None), NOW),
    ],
)
def test_timestamps(value, expected):
    parsed = parse_timestamp(value)

    assert parsed == expected
    assert parsed.utcoffset() == timedelta()


@pytest.mark.parametrize(
    "value",
    [
        *["", "now", "yesterday", "2026-13-01", "2026-02-30", "24:00", "-7d", "{}", "x" * 5000],
        *["0000-01-01", "0001-01-01T00:00:00+05:00", "9" * 400, "1/2", "Thu, 99 Foo 2026"],
        *[None, True, [], {}, float("nan"), float("inf"), 10**400, -1e300, -7e16, 1e20],
    ],
)
def test_what_is_no_timestamp(value):
    assert parse_timestamp(value) is None


@given(st.text() | st.integers() | st.floats() | st.none() | st.lists(st.text()))
def test_timestamps_never_fail(value):
    parsed = parse_timestamp(value)

    assert parsed is None or parsed.utcoffset() == timedelta()


@given(st.datetimes(timezones=st.timezones()).filter(lambda m: 1000 <= m.year <= 9998))
def test_iso_and_rfc_2822_come_back(moment):
    assert parse_timestamp(moment.isoformat()) == moment.astimezone(UTC)
    whole = moment.astimezone(UTC).replace(microsecond=0)
    assert parse_timestamp(format_datetime(whole)) == whole


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all", None),
        ("-7d", at(2024, 5, 8, 12, 3, 4, 500_000)),
        ("4d", at(2024, 5, 11, 12, 3, 4, 500_000)),
        ("-24h", at(2024, 5, 14, 12, 3, 4, 500_000)),
        ("-30M", at(2024, 5, 15, 11, 33, 4, 500_000)),
        ("-10s", at(2024, 5, 15, 12, 2, 54, 500_000)),
        ("-2w", at(2024, 5, 1, 12, 3, 4, 500_000)),
        ("-1q", at(2024, 2, 14, 12, 3, 4, 500_000)),
        ("-3m", at(2024, 2, 15, 12, 3, 4, 500_000)),
        ("-1y", at(2023, 5, 15, 12, 3, 4, 500_000)),
        ("0d", NOW),
        ("dStart", at(2024, 5, 15)),
        ("dEnd", at(2024, 5, 15, 23, 59, 59, 999_999)),
        ("-1dStart", at(2024, 5, 14)),
        ("-1dEnd", at(2024, 5, 14, 23, 59, 59, 999_999)),
        ("hStart", at(2024, 5, 15, 12)),
        ("-1hEnd", at(2024, 5, 15, 11, 59, 59, 999_999)),
        ("MStart", at(2024, 5, 15, 12, 3)),
        ("sStart", at(2024, 5, 15, 12, 3, 4)),
        ("wStart", at(2024, 5, 12)),
        ("-1wEnd", at(2024, 5, 11, 23, 59, 59, 999_999)),
        ("mStart", at(2024, 5, 1)),
        ("-1mStart", at(2024, 4, 1)),
        ("-1mEnd", at(2024, 4, 30, 23, 59, 59, 999_999)),
        ("qStart", at(2024, 4, 1)),
        ("qEnd", at(2024, 6, 30, 23, 59, 59, 999_999)),
        ("yStart", at(2024, 1, 1)),
        ("-1yEnd", at(2023, 12, 31, 23, 59, 59, 999_999)),
        ("2024-01-31", at(2024, 1, 31)),
        ("2024-01-31T10:00:00+02:00", at(2024, 1, 31, 8)),
        ("1700000000", at(2023, 11, 14, 22, 13, 20)),
    ],
)
def test_bounds(text, expected):
    assert parse_bound(text, UTC, NOW) == expected


def test_weeks_start_when_the_project_says():
    assert parse_bound("wStart", UTC, NOW, week_start_day=1) == at(2024, 5, 13)
    sunday = at(2024, 5, 19, 8)
    assert parse_bound("wStart", UTC, sunday, week_start_day=0) == at(2024, 5, 19)
    assert parse_bound("wStart", UTC, sunday, week_start_day=1) == at(2024, 5, 13)


def test_months_too_short_give_their_last_day():
    assert parse_bound("-1m", UTC, at(2024, 3, 31, 9)) == at(2024, 2, 29, 9)
    assert parse_bound("-1y", UTC, at(2024, 2, 29, 9)) == at(2023, 2, 28, 9)


def test_bounds_without_zone_are_in_the_projects():
    assert parse_bound("2024-01-31 10:00:00", NEW_YORK, NOW) == at(2024, 1, 31, 15)
    assert parse_bound("dStart", NEW_YORK, at(2024, 5, 15, 2)) == at(2024, 5, 14, 4)


def test_days_keep_the_wall_clock_and_hours_count_elapsed_time_when_clocks_change():
    after_change = datetime(2024, 3, 11, 0, 30, tzinfo=NEW_YORK).astimezone(UTC)

    assert parse_bound("-1d", NEW_YORK, after_change) == at(2024, 3, 10, 5, 30)
    assert parse_bound("-24h", NEW_YORK, after_change) == at(2024, 3, 10, 4, 30)
    assert parse_bound("-1dEnd", NEW_YORK, after_change) == at(2024, 3, 11, 3, 59, 59, 999_999)


@pytest.mark.parametrize(
    "text", ["", "foo", "d", "-d", "7x", "--7d", "-7dMiddle", "9999999y", "-7D", "1.5d", "-7 d"]
)
def test_bad_bounds_name_the_field_the_value_and_the_fix(text):
    with pytest.raises(ValidationError) as error:
        parse_bound(text, UTC, NOW, attr="date_from")

    message = str(error.value.detail["date_from"])
    assert repr(text) in message
    assert "-7d" in message


@given(st.text() | st.from_regex(r"-?\d*[hdwmqyMs](Start|End)?", fullmatch=True))
def test_bounds_are_times_or_refusals(text):
    try:
        bound = parse_bound(text, NEW_YORK, NOW)
    except ValidationError:
        return
    assert bound is None or bound.utcoffset() == timedelta()
