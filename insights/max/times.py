"""Time ranges and intervals in questions."""

import calendar
import re
from datetime import date, datetime, timedelta

from insights.max.question import Interval, NotUnderstood, Range
from insights.max.sentence import Sentence

NUMBERS = {
    word: number
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve".split(),  # noqa: SIM905
        start=1,
    )
} | {"a": 1, "an": 1, "couple of": 2, "few": 3}
NUMBER = rf"(?P<number>\d{{1,4}}|{'|'.join(NUMBERS)})"
UNIT = r"(?P<unit>minute|hour|day|week|month|quarter|year)s?"
LETTER = {
    "minute": "M",
    "hour": "h",
    "day": "d",
    "week": "w",
    "month": "m",
    "quarter": "q",
    "year": "y",
}
DAYS = {
    "minute": 1 / 1440,
    "hour": 1 / 24,
    "day": 1,
    "week": 7,
    "month": 30,
    "quarter": 91,
    "year": 365,
}
MONTHS = {name.lower(): n for n, name in enumerate(calendar.month_name) if name}
MONTHS |= {name.lower(): n for n, name in enumerate(calendar.month_abbr) if name}
MONTHS |= {"sept": 9}
MONTH = rf"(?P<month>{'|'.join(sorted(MONTHS, key=len, reverse=True))})\b\.?"
DATE = (
    r"(?:(?P<iso>\d{4}-\d{1,2}-\d{1,2})"
    rf"|{MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year>\d{{4}}))?"
    rf"|(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {MONTH.replace('month', 'month2')}"
    r"(?:,? (?P<year2>\d{4}))?)"
)
WEEKDAYS = {name.lower(): n for n, name in enumerate(calendar.day_name)}
LEAD = r"(?:\b(?:in|over|during|for|within|from|of|across|on|through|throughout)\s+)?(?:the\s+)?"
STARTS = {unit: f"toStartOf{unit.capitalize()}" for unit in DAYS}
EVERY = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}


def relative(number: int, unit: str) -> Range:
    amount = {"quarter": (number * 3, "MONTH")}.get(unit, (number, unit.upper()))
    return Range(
        f"-{number}{LETTER[unit]}",
        None,
        f"now() - INTERVAL {amount[0]} {amount[1]}",
        None,
        number * DAYS[unit],
    )


def whole(unit: str, back: int) -> Range:
    """This hour, day, week … or the one so many before."""
    letter, start = LETTER[unit], f"{STARTS[unit]}(now())"
    if not back:
        return Range(f"{letter}Start", None, start, None, DAYS[unit])
    step = {"quarter": (3, "MONTH")}.get(unit, (1, unit.upper()))
    sql_from = f"{start} - INTERVAL {back * step[0]} {step[1]}"
    sql_to = start if back == 1 else f"{start} - INTERVAL {(back - 1) * step[0]} {step[1]}"
    return Range(f"-{back}{letter}Start", f"-{back}{letter}End", sql_from, sql_to, DAYS[unit])


def between(first: date, last: date | None) -> Range:
    """Whole days, the last one too."""
    end = last + timedelta(days=1) if last else None
    return Range(
        first.isoformat(),
        last and last.isoformat(),
        f"toDateTime('{first} 00:00:00')",
        end and f"toDateTime('{end} 00:00:00')",
        ((last or first + timedelta(days=60)) - first).days + 1,
    )


DEFAULT = Range("-30d", None, "now() - INTERVAL 30 DAY", None, 30, is_assumed=True)
ALWAYS = Range("all", None, None, None, 400)


def take_range(sentence: Sentence, now: datetime) -> Range | None:
    """The time range that the sentence names."""
    found = take_dates(sentence, now) or take_named(sentence, now)
    if not found and (
        match := sentence.take(rf"{LEAD}\b(?:last|past|previous|prior) {NUMBER} {UNIT}\b")
    ):
        found = relative(number(match["number"]), match["unit"])
    if not found and (
        match := sentence.take(rf"\b(?:in|over|during|for|within) (?:the )?(?:last|past) {UNIT}\b")
    ):
        found = relative(1, match["unit"])
    if not found and (match := sentence.take(rf"{LEAD}\bpast {UNIT}\b")):
        found = relative(1, match["unit"])
    if not found and (
        match := sentence.take(rf"{LEAD}\b(?P<which>this|current|last|previous) {UNIT}\b")
    ):
        found = whole(match["unit"], 0 if match["which"] in ("this", "current") else 1)
    if not found and (match := sentence.take(rf"\b{NUMBER} {UNIT} ago\b")):
        found = whole(match["unit"], number(match["number"]))
    return found


def number(text: str) -> int:
    value = NUMBERS.get(text) or int(text)
    if not value:
        raise NotUnderstood("A time range can't be of length 0.")
    return value


def take_named(sentence: Sentence, now: datetime) -> Range | None:
    if sentence.take(
        r"\b(?:of |for )?all[- ]time\b|\bever\b|\bin total so far\b|\bsince the beginning\b"
    ):
        return ALWAYS
    if sentence.take(rf"{LEAD}\b(?:year to date|ytd|so far this year)\b"):
        return whole("year", 0)
    if sentence.take(rf"{LEAD}\b(?:month to date|mtd|so far this month)\b"):
        return whole("month", 0)
    if sentence.take(r"\b(?:since )?yesterday(?:'s)?\b"):
        return whole("day", 1)
    if sentence.take(r"\b(?:so far )?today(?:'s)?(?: so far)?\b"):
        return whole("day", 0)
    if sentence.take(rf"{LEAD}\b(?:last|past) (?:couple of|few) days\b"):
        return relative(3, "day")
    return None


def take_dates(sentence: Sentence, now: datetime) -> Range | None:
    today = now.date()
    second = DATE.replace("(?P<", "(?P<to_")
    if match := sentence.take(rf"\b(?:between|from) {DATE} (?:and|to|until|till|through) {second}"):
        first, last = date_of(match, today), date_of(match, today, "to_")
        if last < first:
            raise NotUnderstood(f"The time range from {first} to {last} ends before it starts.")
        return between(first, last)
    if match := sentence.take(rf"\b(?:since|after|from|starting) {DATE}"):
        return between(date_of(match, today), None)
    if match := sentence.take(rf"\b(?:since|from|after) (?P<weekday>{'|'.join(WEEKDAYS)})\b"):
        back = (today.weekday() - WEEKDAYS[match["weekday"]]) % 7
        return between(today - timedelta(days=back), None)
    if match := sentence.take(rf"\bon {DATE}"):
        day = date_of(match, today)
        return between(day, day)
    if match := sentence.take(
        r"\b(?:in |of |during )?q(?P<quarter>[1-4])(?: (?:of )?(?P<year>\d{4}))?\b"
    ):
        year, month = int(match["year"] or today.year), int(match["quarter"]) * 3 - 2
        return between(date(year, month, 1), month_end(year, month + 2))
    if match := sentence.take(rf"\bsince {MONTH}(?: (?P<year>\d{{4}}))?"):
        return between(month_of(match, today), None)
    if match := sentence.take(rf"\b(?:in|during|for|of) {MONTH}(?: (?P<year>\d{{4}}))?"):
        first = month_of(match, today)
        return between(first, month_end(first.year, first.month))
    if match := sentence.take(r"\b(?:in|during|for) (?:the year )?(?P<year>20\d\d)\b"):
        return between(date(int(match["year"]), 1, 1), date(int(match["year"]), 12, 31))
    if match := sentence.take(r"\bsince (?P<year>20\d\d)\b"):
        return between(date(int(match["year"]), 1, 1), None)
    return None


def date_of(match: re.Match, today: date, prefix: str = "") -> date:
    def group(name: str) -> str | None:
        return match[prefix + name]

    try:
        if iso := group("iso"):
            return date(*map(int, iso.split("-")))
        month = MONTHS[group("month") or group("month2")]
        day, year = int(group("day") or group("day2")), group("year") or group("year2")
        return date(int(year) if year else last_year_of(month, today), month, day)
    except ValueError:
        raise NotUnderstood(f"“{match.group()}” is no date.") from None


def month_of(match: re.Match, today: date) -> date:
    month = MONTHS[match["month"]]
    return date(int(match["year"] or last_year_of(month, today)), month, 1)


def last_year_of(month: int, today: date) -> int:
    """A month without its year is the last one that has begun."""
    return today.year if month <= today.month else today.year - 1


def month_end(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def take_interval(sentence: Sentence) -> Interval | None:
    """Whether points by the hour, day, week or month are asked for."""
    if match := sentence.take(rf"\b(?P<every>{'|'.join(EVERY)})\b"):
        return EVERY[match["every"]]
    lead = r"(?:per|by|each|every|by the|(?:grouped|broken down|split|bucketed) by)"
    unit = "hour|day|week|month"
    pattern = (
        rf"\b{lead} (?P<unit>{unit})\b"
        rf"|\b(?P<unit2>{unit})[ -](?:by|over)[ -](?P=unit2)\b"
        rf"|\b(?:a|per) (?P<unit3>{unit})$"
    )
    if match := sentence.take(pattern):
        return match["unit"] or match["unit2"] or match["unit3"]
    return None


def fitting(range: Range) -> Interval:
    """The interval that gives a readable number of points."""
    if range.days <= 2:
        return "hour"
    if range.days <= 92:
        return "day"
    return "week" if range.days <= 370 else "month"
