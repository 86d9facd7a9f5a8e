from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.decoding.clocks import client_clock, event_time

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        ("2026-05-04T11:00:00Z", at("2026-05-04T11:00")),
        ("2026-05-04T11:00:00.123456Z", at("2026-05-04T11:00:00.123456")),
        ("2026-05-04T11:00:00+02:00", at("2026-05-04T09:00")),
        ("2026-05-04T11:00:00+0200", at("2026-05-04T09:00")),
        ("2026-05-04T11:00:00+03", at("2026-05-04T08:00")),
        ("2026-05-04", at("2026-05-04T00:00")),
        ("2026-05-04 11:00:00", at("2026-05-04T11:00")),
        ("2026-05-04T11:00:00", at("2026-05-04T11:00")),
        ("Mon, 04 May 2026 11:00:00 +0000", at("2026-05-04T11:00")),
        ("05/04/2026", at("2026-05-04T00:00")),
        ("2026/05/04 11:00:00", at("2026-05-04T11:00")),
        (1_777_892_400, at("2026-05-04T11:00")),
        (1_777_892_400_000, at("2026-05-04T11:00")),
        ("1777892400", at("2026-05-04T11:00")),
        ("1777892400000", at("2026-05-04T11:00")),
        ("2005-01-01T00:00:00Z", at("2005-01-01T00:00")),
        # What means no time means now.
        (None, NOW),
        ("", NOW),
        ("yesterday", NOW),
        ("2026-13-45T00:00:00Z", NOW),
        (True, NOW),
        ([], NOW),
        ({}, NOW),
        (10**40, NOW),
        # The future is now beyond 23 hours.
        ("2026-05-05T10:59:00Z", at("2026-05-05T10:59")),
        ("2026-05-05T11:01:00Z", NOW),
        ("9999-12-31T23:59:59Z", NOW),
        ("12026-05-04T00:00:00Z", NOW),
    ],
)
def test_timestamps(timestamp, expected):
    assert event_time(timestamp, None, None, NOW) == expected


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (0, NOW),
        (3006, NOW - timedelta(milliseconds=3006)),
        (1.5, NOW - timedelta(milliseconds=1.5)),
        (-60_000, NOW + timedelta(minutes=1)),
        (-(10**9), NOW),
        (10**15, EPOCH),
        (1e300, EPOCH),
        (-1e300, NOW),
    ],
)
def test_offset_beats_the_timestamp_and_the_clock(offset, expected):
    sent_at = NOW + timedelta(hours=1)
    assert event_time("2026-01-01T00:00:00Z", offset, sent_at, NOW) == expected


@pytest.mark.parametrize("offset", [None, True, "3006", [], {}])
def test_other_offsets_are_none(offset):
    assert event_time("2026-05-04T11:00:00Z", offset, None, NOW) == at("2026-05-04T11:00")


@pytest.mark.parametrize("minutes", [-90, -1, 0, 1, 90])
def test_a_wrong_client_clock_is_corrected(minutes):
    off = timedelta(minutes=minutes)
    happened = at("2026-05-04T11:00")
    assert event_time((happened + off).isoformat(), None, NOW + off, NOW) == happened


def test_without_timestamp_the_clock_does_not_matter():
    assert event_time(None, None, NOW + timedelta(days=3), NOW) == NOW


def test_corrections_stay_within_the_calendar():
    first, last = at("0001-01-02T00:00"), at("9999-12-30T00:00")
    assert event_time(first.isoformat(), None, last, NOW) == EPOCH
    assert event_time(last.isoformat(), None, first, NOW) == NOW


@given(
    timestamp=st.none() | st.text() | st.datetimes().map(str) | st.integers() | st.floats(),
    offset=st.none() | st.integers() | st.floats(allow_nan=False),
    sent_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_there_is_always_a_time_and_never_one_far_ahead(timestamp, offset, sent_at):
    time = event_time(timestamp, offset, sent_at, NOW)
    assert time.utcoffset() == timedelta()
    assert time - NOW <= timedelta(hours=23)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1795197217913", datetime(2026, 11, 20, 17, 53, 37, 913000, UTC)),
        ("1795197217", None),  # seconds: the year would be 1970
        ("", None),
        ("x", None),
        ("9" * 40, None),
        ("-1", None),
    ],
)
def test_client_clock(text, expected):
    assert client_clock(text) == expected
