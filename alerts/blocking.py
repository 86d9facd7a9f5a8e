"""Times of day in which an alert keeps quiet: `{"blocked_windows": [{"start", "end"}]}`.

Windows are of the project's wall clock, start included, end not, and may go over midnight.
"""

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, NamedTuple

DAY = 24 * 60
MAX_WINDOWS = 5
MIN_MINUTES = 30
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
MINUTE = timedelta(minutes=1)


class InvalidRestriction(ValueError):
    """The message tells what is wrong with it."""


class Window(NamedTuple):
    """Minutes of the day; `end` is at most a day and after `start`."""

    start: int
    end: int


def normalize(value: Any) -> dict[str, Any] | None:
    """The restriction with overlapping windows merged; None when it blocks nothing.

    Raises InvalidRestriction.
    """
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"blocked_windows"}:
        raise InvalidRestriction("It must be an object with the key blocked_windows alone.")
    given = value["blocked_windows"]
    if not isinstance(given, list):
        raise InvalidRestriction("blocked_windows must be a list.")
    if len(given) > MAX_WINDOWS:
        raise InvalidRestriction(f"There may be at most {MAX_WINDOWS} windows.")
    windows = merged([part for item in given for part in read_window(item)])
    if sum(window.end - window.start for window in windows) >= DAY:
        raise InvalidRestriction("The windows cover the whole day.")
    return {"blocked_windows": [shown(w) for w in joined(windows)]} if windows else None


def read_window(item: Any) -> list[Window]:
    """The parts of one window: two of one that goes over midnight."""
    if not isinstance(item, dict) or set(item) != {"start", "end"}:
        raise InvalidRestriction("A window must be an object with start and end.")
    start, end = minute_of(item["start"]), minute_of(item["end"])
    if start == end:
        raise InvalidRestriction("A window must not start when it ends.")
    if (end - start) % DAY < MIN_MINUTES:
        raise InvalidRestriction(f"A window must last at least {MIN_MINUTES} minutes.")
    if start < end:
        return [Window(start, end)]
    return [Window(start, DAY), *([Window(0, end)] if end else [])]


def minute_of(value: Any) -> int:
    match = CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise InvalidRestriction("Times are written HH:MM.")
    return int(match[1]) * 60 + int(match[2])


def merged(windows: list[Window]) -> list[Window]:
    """Windows in order, none of which touches another."""
    result: list[Window] = []
    for window in sorted(windows):
        if result and window.start <= result[-1].end:
            result[-1] = Window(result[-1].start, max(result[-1].end, window.end))
        else:
            result.append(window)
    return result


def joined(windows: list[Window]) -> list[Window]:
    """The same with what midnight cuts in two as one, which ends before it starts."""
    if len(windows) > 1 and windows[0].start == 0 and windows[-1].end == DAY:
        return [*windows[1:-1], Window(windows[-1].start, windows[0].end)]
    return windows


def shown(window: Window) -> dict[str, str]:
    start, end = window.start, window.end % DAY
    return {"start": f"{start // 60:02}:{start % 60:02}", "end": f"{end // 60:02}:{end % 60:02}"}


def windows_of(restriction: dict[str, Any] | None) -> list[Window]:
    """Of a stored restriction."""
    items = (restriction or {}).get("blocked_windows", [])
    return merged([part for item in items for part in read_window(item)])


def is_blocked(moment: datetime, restriction: dict[str, Any] | None, tz: tzinfo) -> bool:
    local = moment.astimezone(tz)
    minute = local.hour * 60 + local.minute
    return any(window.start <= minute < window.end for window in windows_of(restriction))


def next_free(moment: datetime, restriction: dict[str, Any] | None, tz: tzinfo) -> datetime:
    """The moment itself, or the first minute after it that no window blocks, in UTC."""
    windows = windows_of(restriction)
    for _ in range(2 * MAX_WINDOWS + 2):
        local = moment.astimezone(tz)
        minute = local.hour * 60 + local.minute
        window = next((w for w in windows if w.start <= minute < w.end), None)
        if window is None:
            break
        moment = after(moment, end_of(window, local))
    return moment.astimezone(UTC)


def end_of(window: Window, local: datetime) -> datetime:
    day = local.date() + timedelta(days=window.end // DAY)
    minute = window.end % DAY
    end = datetime.combine(day, time(minute // 60, minute % 60), local.tzinfo)
    # On the night the clock goes back, the second pass of an hour has an end of its own.
    return end.replace(fold=local.fold)


def after(moment: datetime, end: datetime) -> datetime:
    """The end, or where the clock jumps over it, the next minute."""
    end = end.astimezone(UTC)
    if end > moment:
        return end
    return moment.astimezone(UTC).replace(second=0, microsecond=0) + MINUTE
