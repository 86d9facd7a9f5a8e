"""When an alert is checked next. Calendars and clocks are the project's; answers are in UTC."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from alerts.blocking import next_free
from posthog_clone.api.times import add_months

# Of those that count from the check before.
STEPS = {
    "real_time": timedelta(minutes=2),
    "every_15_minutes": timedelta(minutes=15),
    "hourly": timedelta(hours=1),
}
# Of the calendar's: at which hour.
HOURS = {"daily": 1, "weekly": 3, "monthly": 4}
SATURDAY = 5


def next_check(
    interval: str,
    now: datetime,
    tz: tzinfo,
    *,
    due_at: datetime | None = None,
    restriction: dict[str, Any] | None = None,
) -> datetime:
    """The time of the next check, always after `now`.

    `due_at` is when the one before was due. Checks that were missed meanwhile are not made up for.
    """
    if interval in STEPS:
        moment = step_on(due_at or now, STEPS[interval], now)
    else:
        moment = on_calendar(interval, now.astimezone(tz))
    return next_free(moment, restriction, tz)


def step_on(due_at: datetime, step: timedelta, now: datetime) -> datetime:
    """The first of due_at + step, due_at + 2 · step … that lies after `now`."""
    missed = max((now - due_at) // step, 0)
    return (due_at + (missed + 1) * step).astimezone(UTC)


def on_calendar(interval: str, local: datetime) -> datetime:
    """Minute and second stay those of now, so that not everybody's checks fall on one moment."""
    if interval == "daily":
        day = local + timedelta(days=1)
    elif interval == "weekly":
        day = local + timedelta(days=7 - local.weekday())
    else:
        day = add_months(local.replace(day=1), 1)
    return day.replace(hour=HOURS[interval], fold=0).astimezone(UTC)


def is_weekend(now: datetime, tz: tzinfo) -> bool:
    return now.astimezone(tz).weekday() >= SATURDAY
