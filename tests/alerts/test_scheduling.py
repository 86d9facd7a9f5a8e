"""When alerts are checked: clocks that change, short months, late runs, quiet hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts import blocking
from alerts.scheduling import is_weekend, next_check

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
KATHMANDU, LORD_HOWE = ZoneInfo("Asia/Kathmandu"), ZoneInfo("Australia/Lord_Howe")
ZONES = [ZoneInfo("UTC"), BERLIN, NEW_YORK, KATHMANDU, LORD_HOWE, ZoneInfo("America/Sao_Paulo")]
whatever_the_machine = settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
INTERVALS = ["real_time", "every_15_minutes", "hourly", "daily", "weekly", "monthly"]
moments = st.integers(1_577_836_800, 2_051_222_400).map(lambda n: datetime.fromtimestamp(n, UTC))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(moment: datetime, tz) -> str:
    return moment.astimezone(tz).strftime("%Y-%m-%d %H:%M:%S")


class TestCalendars:
    @pytest.mark.parametrize(
        ("interval", "now", "expected"),
        [
            # The minute and second are those of now, the hour is the interval's.
            ("daily", "2026-05-12 14:23:45", "2026-05-13 01:23:45"),
            ("daily", "2026-05-12 00:10:00", "2026-05-13 01:10:00"),
            ("daily", "2026-12-31 23:59:59", "2027-01-01 01:59:59"),
            ("weekly", "2026-05-13 10:00:00", "2026-05-18 03:00:00"),
            ("weekly", "2026-05-18 00:00:00", "2026-05-25 03:00:00"),  # a Monday: never today
            ("weekly", "2026-05-17 23:30:00", "2026-05-18 03:30:00"),
            ("monthly", "2026-01-31 12:34:00", "2026-02-01 04:34:00"),
            ("monthly", "2026-02-01 00:00:00", "2026-03-01 04:00:00"),
            ("monthly", "2028-02-29 12:00:00", "2028-03-01 04:00:00"),
            ("monthly", "2026-12-15 12:00:00", "2027-01-01 04:00:00"),
        ],
    )
    @pytest.mark.parametrize("tz", [UTC, BERLIN, NEW_YORK, KATHMANDU])
    def test_are_the_projects(self, interval, now, expected, tz):
        start = datetime.fromisoformat(now).replace(tzinfo=tz)
        assert local(next_check(interval, start.astimezone(UTC), tz), tz) == expected

    def test_clock_goes_forward_in_the_night_between(self):
        now = datetime(2026, 3, 28, 12, 0, tzinfo=BERLIN)  # summer time starts on the 29th
        found = next_check("daily", now.astimezone(UTC), BERLIN)
        assert found == utc("2026-03-29 00:00")  # 01:00, an hour before the change
        assert next_check("daily", found, BERLIN) == utc("2026-03-29 23:00")

    def test_the_hour_that_does_not_exist(self):
        """In Lisbon the clock goes from 01:00 to 02:00."""
        lisbon = ZoneInfo("Europe/Lisbon")
        now = datetime(2026, 3, 28, 12, 30, tzinfo=lisbon)
        assert next_check("daily", now.astimezone(UTC), lisbon) == utc("2026-03-29 01:30")

    def test_the_hour_that_comes_twice_counts_once(self):
        lisbon = ZoneInfo("Europe/Lisbon")
        now = datetime(2026, 10, 24, 12, 30, tzinfo=lisbon)
        first = next_check("daily", now.astimezone(UTC), lisbon)
        assert first == utc("2026-10-25 00:30")
        assert local(next_check("daily", first, lisbon), lisbon) == "2026-10-26 01:30:00"

    def test_from_the_second_pass_of_the_hour(self):
        second_pass = utc("2026-10-25 01:30")
        lisbon = ZoneInfo("Europe/Lisbon")
        found = next_check("daily", second_pass, lisbon)
        assert local(found, lisbon) == "2026-10-26 01:30:00"


class TestSteps:
    @pytest.mark.parametrize(
        ("interval", "minutes"), [("real_time", 2), ("every_15_minutes", 15), ("hourly", 60)]
    )
    def test_go_on_from_when_it_was_due(self, interval, minutes):
        due_at = utc("2026-05-12 14:00")
        late = due_at + timedelta(seconds=40)
        found = next_check(interval, late, BERLIN, due_at=due_at)
        assert found == due_at + timedelta(minutes=minutes)

    def test_the_first_goes_on_from_now(self):
        now = utc("2026-05-12 14:23")
        assert next_check("hourly", now, BERLIN) == utc("2026-05-12 15:23")

    def test_missed_ones_do_not_pile_up(self):
        due_at, now = utc("2026-05-01 14:23"), utc("2026-05-12 09:00")
        assert next_check("hourly", now, BERLIN, due_at=due_at) == utc("2026-05-12 09:23")

    def test_exactly_an_interval_late(self):
        due_at = utc("2026-05-12 14:00")
        found = next_check("hourly", utc("2026-05-12 15:00"), BERLIN, due_at=due_at)
        assert found == utc("2026-05-12 16:00")

    def test_hours_are_elapsed_time_when_the_clock_changes(self):
        before = utc("2026-03-29 00:30")
        assert next_check("hourly", before, BERLIN, due_at=before) == utc("2026-03-29 01:30")
        before = utc("2026-10-25 00:30")
        assert next_check("hourly", before, BERLIN, due_at=before) == utc("2026-10-25 01:30")


class TestWeekends:
    def test_are_the_projects(self):
        friday_night = utc("2026-05-15 23:00")
        assert not is_weekend(friday_night, NEW_YORK)
        assert is_weekend(friday_night, BERLIN)
        assert is_weekend(utc("2026-05-17 12:00"), BERLIN)
        assert not is_weekend(utc("2026-05-17 22:30"), BERLIN)


def restriction(*windows: str) -> dict:
    parts = [window.split("-") for window in windows]
    return {"blocked_windows": [{"start": start, "end": end} for start, end in parts]}


class TestQuietHours:
    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            ("2026-05-12 21:59:59", "2026-05-12 21:59:59"),
            ("2026-05-12 22:00:00", "2026-05-13 06:30:00"),
            ("2026-05-13 03:10:20", "2026-05-13 06:30:00"),
            ("2026-05-13 06:29:59", "2026-05-13 06:30:00"),
            ("2026-05-13 06:30:00", "2026-05-13 06:30:00"),
        ],
    )
    def test_end_at_the_first_minute_outside(self, now, expected):
        quiet = restriction("22:00-06:30")
        start = datetime.fromisoformat(now).replace(tzinfo=BERLIN).astimezone(UTC)
        assert local(blocking.next_free(start, quiet, BERLIN), BERLIN) == expected
        assert blocking.is_blocked(start, quiet, BERLIN) == (now != expected)

    def test_move_the_next_check(self):
        now = datetime(2026, 5, 12, 21, 30, tzinfo=BERLIN)
        found = next_check("hourly", now, BERLIN, restriction=restriction("22:00-06:30"))
        assert local(found, BERLIN) == "2026-05-13 06:30:00"

    def test_up_to_midnight(self):
        quiet = blocking.normalize(restriction("22:00-00:00"))
        assert quiet == restriction("22:00-00:00")
        now = datetime(2026, 5, 12, 22, 30, tzinfo=BERLIN)
        assert local(blocking.next_free(now, quiet, BERLIN), BERLIN) == "2026-05-13 00:00:00"

    def test_whose_end_the_clock_jumps_over(self):
        now = datetime(2026, 3, 29, 1, 45, tzinfo=BERLIN)
        found = blocking.next_free(now, restriction("01:30-02:30"), BERLIN)
        assert local(found, BERLIN) in {"2026-03-29 03:00:00", "2026-03-29 03:30:00"}

    def test_in_both_passes_of_an_hour(self):
        quiet = restriction("02:00-02:30")
        for fold in (0, 1):
            now = datetime(2026, 10, 25, 2, 10, tzinfo=BERLIN, fold=fold)
            found = blocking.next_free(now.astimezone(UTC), quiet, BERLIN)
            assert found - now.astimezone(UTC) == timedelta(minutes=20)

    def test_that_touch_are_one(self):
        quiet = blocking.normalize(restriction("01:00-02:00", "02:00-03:00"))
        assert quiet == restriction("01:00-03:00")

    def test_that_run_over_midnight_and_meet_another(self):
        quiet = blocking.normalize(restriction("00:30-03:00", "22:00-01:00"))
        assert quiet == restriction("22:00-03:00")
        assert blocking.normalize(quiet) == quiet


clocks = st.integers(0, 24 * 60 - 1).map(lambda m: f"{m // 60:02}:{m % 60:02}")
restrictions = st.lists(st.tuples(clocks, clocks), min_size=1, max_size=5).map(
    lambda windows: {"blocked_windows": [{"start": a, "end": b} for a, b in windows]}
)


def normal(value: dict) -> dict | None:
    try:
        return blocking.normalize(value)
    except blocking.InvalidRestriction:
        return None


@whatever_the_machine
@given(restrictions)
def test_merging_blocks_the_same_minutes_and_is_stable(value):
    merged = normal(value)
    if merged is None:
        return
    assert blocking.normalize(merged) == merged
    day = datetime(2026, 5, 12, tzinfo=UTC)
    for minute in range(0, 24 * 60, 7):
        moment = day + timedelta(minutes=minute)
        assert blocking.is_blocked(moment, merged, UTC) == any(
            blocking.is_blocked(moment, {"blocked_windows": [window]}, UTC)
            for window in value["blocked_windows"]
        )


@whatever_the_machine
@given(restrictions, moments, st.sampled_from(ZONES))
def test_the_next_free_minute_is_free_and_not_before(value, now, tz):
    quiet = normal(value)
    found = blocking.next_free(now, quiet, tz)
    assert found >= now
    assert not blocking.is_blocked(found, quiet, tz)
    assert (found == now) == (not blocking.is_blocked(now, quiet, tz))


@whatever_the_machine
@given(
    st.sampled_from(INTERVALS),
    moments,
    st.sampled_from(ZONES),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=40)),
    st.none() | restrictions,
)
def test_the_next_check_is_always_to_come_and_soon(interval, now, tz, late, quiet):
    quiet = quiet and normal(quiet)
    found = next_check(interval, now, tz, due_at=now - late, restriction=quiet)
    assert found > now
    longest = {"daily": 2, "weekly": 8, "monthly": 33}.get(interval, 1)
    assert found - now <= timedelta(days=longest + 1)
    assert found.tzinfo is UTC
