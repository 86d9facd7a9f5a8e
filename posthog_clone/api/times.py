"""The one place that reads times: what clients send as timestamps, and the bounds of queries."""

import calendar
import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime, time, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from typing import Any

from rest_framework.exceptions import ValidationError

UNIX = re.compile(r"-?\d{9,}(\.\d+)?")
SLASHED = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(.*)")
SLASHED_MONTH_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(.*)")
# A "+" that was not percent-encoded arrives as a blank.
LOST_PLUS = re.compile(r"(T\d\d:\d\d(:\d\d(\.\d+)?)?) (\d\d:?\d\d)")
RELATIVE = re.compile(r"-?(?P<number>\d{0,7})(?P<unit>[hdwmqyMs])(?P<edge>Start|End)?")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FIXED_UNITS = {"h": timedelta(hours=1), "M": timedelta(minutes=1), "s": timedelta(seconds=1)}
DAYS = {"d": 1, "w": 7, "q": 91}
MONTHS = {"m": 1, "y": 12}


def parse_timestamp(value: Any, naive: tzinfo = UTC) -> datetime | None:
    """The time that a client's value means, in UTC, or None when it means none.

    Takes ISO 8601 in all its spellings, RFC 2822, dates with slashes and unix seconds or
    milliseconds, as number or text. `naive` is the zone of times that name none.
    """
    try:
        if isinstance(value, datetime):
            return in_utc(value, naive)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return from_unix(float(value))
        if isinstance(value, str):
            return parse_text(value.strip(), naive)
    except (ValueError, OverflowError, TypeError):
        pass
    return None


def parse_text(text: str, naive: tzinfo) -> datetime:
    if UNIX.fullmatch(text):
        return from_unix(float(text))
    text = LOST_PLUS.sub(r"\1+\4", text)
    if match := SLASHED.fullmatch(text):
        year, month, day, rest = match.groups()
        text = f"{year}-{month:0>2}-{day:0>2}{rest}"
    elif match := SLASHED_MONTH_FIRST.fullmatch(text):
        month, day, year, rest = match.groups()
        text = f"{year}-{month:0>2}-{day:0>2}{rest}"
    if text[:4].isdigit():
        return in_utc(datetime.fromisoformat(text.upper().replace(" Z", "Z")), naive)
    return in_utc(parsedate_to_datetime(text), naive)


def in_utc(moment: datetime, naive: tzinfo) -> datetime:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=naive)
    return moment.astimezone(UTC)


def from_unix(number: float) -> datetime:
    if abs(number) >= 1e11:  # milliseconds, or seconds of the year 5138
        number /= 1000
    return EPOCH + timedelta(seconds=number)


def parse_bound(
    text: str, tz: tzinfo, now: datetime, *, week_start_day: int = 0, attr: str | None = None
) -> datetime | None:
    """A bound of a query in UTC: an ISO time, a time relative to `now`, or None for `all`.

    Relative times go back from now: `-7d` (or `7d`), `24h`, `30M` (minutes), `3m` (months), `2w`,
    `1q`, `1y`, `10s`; with `Start` or `End`, to the edge of that unit: `dStart` is last midnight,
    `-1mEnd` the end of last month. Days and longer are the calendar's of `tz`; times without zone
    are in it too. `week_start_day` is the project's: 0 Sunday, 1 Monday. Raises ValidationError,
    for the field `attr` if given.
    """
    text = str(text).strip()
    if text == "all":
        return None
    try:
        if match := RELATIVE.fullmatch(text):
            number, unit, edge = match["number"], match["unit"], match["edge"]
            if number or edge:
                return relative(int(number or 0), unit, edge, now.astimezone(tz), week_start_day)
        if moment := parse_timestamp(text, naive=tz):
            return moment
    except OverflowError:
        pass
    message = (
        f"{text[:100]!r} is not a time: use ISO 8601 such as 2024-01-31T12:00:00Z, or a relative "
        "time such as -7d, -24h or mStart."
    )
    raise ValidationError({attr: message} if attr else message)


def relative(
    number: int, unit: str, edge: str | None, local_now: datetime, week_start_day: int
) -> datetime:
    moment = go_back(local_now, number, unit)
    if edge == "Start":
        moment = start_of(moment, unit, week_start_day)
    elif edge == "End":
        moment = end_of(moment, unit, week_start_day)
    return moment.astimezone(UTC)


def go_back(moment: datetime, number: int, unit: str) -> datetime:
    """Hours and less are elapsed time; days and more keep the wall clock across DST."""
    if unit in FIXED_UNITS:
        return (moment.astimezone(UTC) - number * FIXED_UNITS[unit]).astimezone(moment.tzinfo)
    if unit in DAYS:
        return moment - timedelta(days=number * DAYS[unit])
    return add_months(moment, -number * MONTHS[unit])


def add_months(moment: datetime, months: int) -> datetime:
    """The same day `months` later, or the last one of a month too short for it."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if not MINYEAR <= year <= MAXYEAR:
        raise OverflowError(f"year {year} is out of range")
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def start_of(moment: datetime, unit: str, week_start_day: int = 0) -> datetime:
    """The start of the second, minute, hour, day, week, month, quarter or year of `moment`."""
    if unit == "s":
        return moment.replace(microsecond=0)
    if unit == "M":
        return moment.replace(second=0, microsecond=0)
    if unit == "h":
        return moment.replace(minute=0, second=0, microsecond=0)
    midnight = datetime.combine(moment, time(), moment.tzinfo)
    if unit == "w":
        weekday = moment.weekday() if week_start_day == 1 else moment.isoweekday() % 7
        return midnight - timedelta(days=weekday)
    if unit == "m":
        return midnight.replace(day=1)
    if unit == "q":
        return midnight.replace(day=1, month=(moment.month - 1) // 3 * 3 + 1)
    if unit == "y":
        return midnight.replace(day=1, month=1)
    return midnight


def end_of(moment: datetime, unit: str, week_start_day: int = 0) -> datetime:
    """The last microsecond of the unit that `moment` is in."""
    start = start_of(moment, unit, week_start_day)
    if unit in FIXED_UNITS:
        return start + FIXED_UNITS[unit] - MICROSECOND
    if unit in ("d", "w"):
        return start + timedelta(days=DAYS[unit]) - MICROSECOND
    return add_months(start, {"m": 1, "q": 3, "y": 12}[unit]) - MICROSECOND


def iso(moment: datetime | None) -> str | None:
    """As answers show a time in UTC: microseconds only when there are some, and a Z."""
    return moment and moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
