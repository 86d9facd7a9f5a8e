"""Which events a destination wants: its filters, checked when stored and applied to each event."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import re2
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from posthog_clone.api.times import parse_bound, parse_timestamp
from projects.models import Project

MAX_DEPTH = 50
PROPERTY_TYPES = {"event", "person"}


class InvalidFilters(ValueError):
    """The message names the part at fault."""


@dataclass(frozen=True)
class Subject:
    """What filters look at."""

    event: dict[str, Any]
    person: dict[str, Any] | None
    project: Project

    def property(self, kind: str, key: str) -> Any:
        of = self.event if kind == "event" else self.person or {}
        properties = of.get("properties")
        return properties.get(key) if isinstance(properties, dict) else None


def check(filters: Any) -> None:
    """Raises InvalidFilters unless `matches` understands all of the filters."""
    if not isinstance(filters, dict):
        raise InvalidFilters("Filters must be an object.")
    if is_deeper(filters, MAX_DEPTH):
        raise InvalidFilters(f"Filters are nested more than {MAX_DEPTH} levels deep.")
    if filters.get("actions"):
        raise InvalidFilters("Filters by action are not served: list the events instead.")
    if filters.get("source") not in (None, "events"):
        raise InvalidFilters("The only source is events.")
    for entry in events_of(filters):
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str | None):
            raise InvalidFilters("Events must be objects with an id, which is the event's name.")
        check_properties(entry.get("properties"))
    check_properties(filters.get("properties"))


def is_deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list):
        return False
    return levels == 0 or any(is_deeper(item, levels - 1) for item in inner)


def events_of(filters: dict) -> list:
    events = filters.get("events") or []
    if not isinstance(events, list):
        raise InvalidFilters("Events must be a list.")
    return events


def check_properties(properties: Any) -> None:
    if isinstance(properties, dict) and "values" in properties:
        if properties.get("type") not in ("AND", "OR"):
            raise InvalidFilters("The type of a group must be AND or OR.")
        properties = properties["values"]
    if properties is None:
        return
    if not isinstance(properties, list):
        raise InvalidFilters("Properties must be a list of filters.")
    for item in properties:
        if isinstance(item, dict) and "values" in item:
            check_properties(item)
        else:
            check_property(item)


def check_property(item: Any) -> None:
    if not isinstance(item, dict) or not isinstance(item.get("key"), str):
        raise InvalidFilters("A property filter must be an object with a key.")
    kind, operator = item.get("type") or "event", item.get("operator") or "exact"
    if kind not in PROPERTY_TYPES:
        raise InvalidFilters(f"Filters of type {str(kind)[:50]!r} are not served here.")
    if not isinstance(operator, str) or operator not in OPERATORS:
        raise InvalidFilters(f"There is no operator {str(operator)[:50]!r}.")
    if operator in ("between", "not_between") and not is_range(item.get("value")):
        raise InvalidFilters(f"The value of {operator} must be two numbers, the smaller first.")


def is_range(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    low, high = map(number, value)
    return low is not None and high is not None and low <= high


def matches(filters: dict, subject: Subject) -> bool:
    """Whether the filters, which `check` has passed, let the event through."""
    events = events_of(filters)
    if events and not any(is_wanted(entry, subject) for entry in events):
        return False
    if filters.get("filter_test_accounts") and not has_all(test_account_filters(subject), subject):
        return False
    return has_all(filters.get("properties"), subject)


def is_wanted(entry: dict, subject: Subject) -> bool:
    if entry.get("id") not in (None, subject.event.get("event")):
        return False
    return has_all(entry.get("properties"), subject)


def test_account_filters(subject: Subject) -> list:
    return subject.project.all_settings["test_account_filters"] or []


def has_all(properties: Any, subject: Subject) -> bool:
    if isinstance(properties, dict):
        return has_group(properties, subject)
    return all(has(item, subject) for item in properties or [])


def has_group(group: dict, subject: Subject) -> bool:
    found = (has(item, subject) for item in group["values"])
    if group["type"] == "AND" or not group["values"]:
        return all(found)
    return any(found)


def has(item: dict, subject: Subject) -> bool:
    if "values" in item:
        return has_group(item, subject)
    wanted = item.get("value")
    if wanted == []:
        return True
    operator = OPERATORS.get(item.get("operator") or "exact")
    kind = item.get("type") or "event"
    if operator is None or kind not in PROPERTY_TYPES:  # of the project's, which nobody checked
        return True
    return operator(subject.property(kind, item.get("key")), wanted, subject)


# Operators: the stored value, the wanted one, and the subject

Operator = Callable[[Any, Any, Subject], bool]


def text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int) and value not in (True, False) else dumps(value)


def dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if found == found else None


def items(wanted: Any) -> Iterable:
    return wanted if isinstance(wanted, list) else [wanted]


def any_text(compare: Callable[[str, str], bool]) -> Operator:
    """True when one of the wanted texts compares; a missing value never does."""

    def operator(stored: Any, wanted: Any, subject: Subject) -> bool:
        have = text(stored)
        return have is not None and any(
            compare(have, want) for item in items(wanted) if (want := text(item)) is not None
        )

    return operator


def any_number(compare: Callable[[float, float], bool]) -> Operator:
    def operator(stored: Any, wanted: Any, subject: Subject) -> bool:
        have = number(stored)
        return have is not None and any(
            compare(have, want) for item in items(wanted) if (want := number(item)) is not None
        )

    return operator


def any_time(compare: Callable[[datetime, datetime, datetime], bool]) -> Operator:
    """Compares with the start and the end of the wanted time: of a day, if it is a date."""

    def operator(stored: Any, wanted: Any, subject: Subject) -> bool:
        tz = ZoneInfo(subject.project.timezone)
        have = parse_timestamp(stored, naive=tz)
        return have is not None and any(
            compare(have, *bounds)
            for item in items(wanted)
            if (bounds := time_bounds(item, tz)) is not None
        )

    return operator


def time_bounds(wanted: Any, tz: tzinfo) -> tuple[datetime, datetime] | None:
    try:
        start = parse_bound(str(wanted), tz, timezone.now())
    except ValidationError:
        return None
    if start is None:
        return None
    if isinstance(wanted, str) and len(wanted.strip()) == 10 and wanted.count("-") == 2:
        end = (start.astimezone(tz) + timedelta(days=1)).astimezone(UTC)
        return start, end - timedelta(microseconds=1)
    return start, start


def opposite(operator: Operator) -> Operator:
    return lambda stored, wanted, subject: not operator(stored, wanted, subject)


def found_by(have: str, pattern: str) -> bool:
    """RE2 takes time in proportion to the text, whatever the pattern."""
    try:
        return re2.search(pattern, have, REGEX_OPTIONS) is not None
    except re2.error:
        return False


REGEX_OPTIONS = re2.Options()
REGEX_OPTIONS.log_errors = False


def is_between(stored: Any, wanted: Any, subject: Subject) -> bool:
    have, (low, high) = number(stored), map(number, wanted)
    return have is not None and low <= have <= high


def is_outside(stored: Any, wanted: Any, subject: Subject) -> bool:
    have, (low, high) = number(stored), map(number, wanted)
    return have is not None and not low <= have <= high


exact = any_text(lambda have, want: have == want)
icontains = any_text(lambda have, want: want.lower() in have.lower())
regex = any_text(found_by)
starts_with = any_text(lambda have, want: have.lower().startswith(want.lower()))
ends_with = any_text(lambda have, want: have.lower().endswith(want.lower()))
gte = any_number(lambda have, want: have >= want)
lte = any_number(lambda have, want: have <= want)
OPERATORS: dict[str, Operator] = {
    "exact": exact,
    "is_not": opposite(exact),
    "in": exact,
    "not_in": opposite(exact),
    "icontains": icontains,
    "not_icontains": opposite(icontains),
    "icontains_multi": icontains,
    "not_icontains_multi": opposite(icontains),
    "regex": regex,
    "not_regex": opposite(regex),
    "starts_with": starts_with,
    "not_starts_with": opposite(starts_with),
    "ends_with": ends_with,
    "not_ends_with": opposite(ends_with),
    "gt": any_number(lambda have, want: have > want),
    "gte": gte,
    "min": gte,
    "lt": any_number(lambda have, want: have < want),
    "lte": lte,
    "max": lte,
    "between": is_between,
    "not_between": is_outside,
    "is_set": lambda stored, wanted, subject: stored is not None,
    "is_not_set": lambda stored, wanted, subject: stored is None,
    "is_date_exact": any_time(lambda have, start, end: start <= have <= end),
    "is_date_before": any_time(lambda have, start, end: have < start),
    "is_date_after": any_time(lambda have, start, end: have > end),
}
