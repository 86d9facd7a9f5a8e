"""Until when alerts are snoozed."""

from datetime import UTC, datetime

import pytest
from rest_framework.exceptions import ValidationError

from alerts.snoozing import parse_snooze

NOW = datetime(2026, 1, 31, 14, 23, 45, 678, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", "2026-01-31T16:00:00"),
        ("-2h", "2026-01-31T16:00:00"),
        ("1d", "2026-02-01T00:00:00"),
        ("3d", "2026-02-03T00:00:00"),
        ("1w", "2026-02-07T00:00:00"),
        ("1m", "2026-02-28T00:00:00"),
        ("1q", "2026-04-30T00:00:00"),
        ("1y", "2027-01-31T00:00:00"),
        ("2026-05-12T10:00:00", "2026-05-12T10:00:00"),
        ("2026-05-12T10:00:00+02:00", "2026-05-12T08:00:00"),
        ("2026-05-12T10:00:00Z", "2026-05-12T10:00:00"),
    ],
)
def test_forwards_in_utc_to_where_an_hour_or_a_day_starts(text, expected):
    assert parse_snooze(text, NOW) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_none_wakes():
    assert parse_snooze(None, NOW) is None


@pytest.mark.parametrize("value", ["", "h", "2x", "2H", "soon", "99999y", 5, True, [], {}, "٣d"])
def test_what_is_no_time(value):
    with pytest.raises(ValidationError):
        parse_snooze(value, NOW)
