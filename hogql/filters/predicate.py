"""Property filters on an event in memory."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any

import re2

from hogql.filters import versions
from hogql.filters.model import (
    EQUALITY,
    LIST_PROPERTIES,
    PRESENCE,
    RANGES,
    REGEX,
    PropertyFilter,
    PropertyGroup,
)
from hogql.filters.values import bounds_of, datetime_of, number_of, text_of
from hogql.filters.versions import version_of

PREDICATE_TYPES = {"event", "person"}
Test = Callable[[str | None], bool]


class InvalidPattern(ValueError):
    """A filter's regular expression can't be read."""


class Predicate:
    """Whether a group of filters holds; made once, asked for many events.

    Filters on other things than event and person properties hold for no event. An unreadable
    regular expression matches nothing, or raises InvalidPattern here if `strict`.
    """

    def __init__(
        self,
        group: PropertyGroup,
        *,
        now: datetime,
        zone: tzinfo = UTC,
        strict: bool = False,
    ):
        self.group = group
        self.zone = zone
        self.now = now
        self.strict = strict
        self.holds = self.of_group(group)

    def matches(
        self,
        properties: Mapping[str, Any],
        person_properties: Mapping[str, Any] | None = None,
    ) -> bool:
        return self.holds({"event": properties, "person": person_properties or {}})

    def of_group(self, group: PropertyGroup) -> Callable[[Mapping], bool]:
        parts = [
            self.of_group(part) if isinstance(part, PropertyGroup) else self.of_filter(part)
            for part in group.values
        ]
        if not parts:
            return lambda subjects: True
        if len(parts) == 1:
            return parts[0]
        return any_of(parts) if group.type == "OR" else all_of(parts)

    def of_filter(self, leaf: PropertyFilter) -> Callable[[Mapping], bool]:
        if leaf.type not in PREDICATE_TYPES:
            return lambda subjects: False
        if not leaf.values and leaf.operator not in PRESENCE:
            return lambda subjects: True
        test, kind, key = self.test_of(leaf), leaf.type, leaf.key
        if kind != "event" or key not in LIST_PROPERTIES:
            return lambda subjects: test(text_of(subjects[kind].get(key)))

        def holds(subjects: Mapping) -> bool:
            value = subjects[kind].get(key)
            if not isinstance(value, list):
                return test(text_of(value))
            for item in value:  # noqa: SIM110 - it is asked for every event and rule
                if test(text_of(item)):
                    return True
            return False

        return holds

    def test_of(self, leaf: PropertyFilter) -> Callable[[str | None], bool]:
        """The test of a value's text, None when it is missing."""
        if leaf.operator == "is_set":
            return lambda text: text is not None
        if leaf.operator == "is_not_set":
            return lambda text: text is None
        if leaf.operator in RANGES:
            return self.range_test(leaf)
        if leaf.operator in REGEX:
            return self.regex_test(leaf)
        if leaf.operator in EQUALITY:
            return self.equality_test(leaf)
        tests = [TESTS[leaf.operator](self, leaf, value) for value in leaf.values]
        found = tests[0] if len(tests) == 1 else any_of(tests)
        return opposite(found) if leaf.is_negative else found

    def equality_test(self, leaf: PropertyFilter) -> Callable[[str | None], bool]:
        wanted = {text_of(value) for value in leaf.values}
        if leaf.is_negative:
            return lambda text: text not in wanted
        return wanted.__contains__

    def range_test(self, leaf: PropertyFilter) -> Callable[[str | None], bool]:
        low, high = leaf.values
        inside = leaf.operator == "between"

        def test(text: str | None) -> bool:
            number = number_of(text)
            return number is not None and (low <= number <= high) is inside

        return test

    def regex_test(self, leaf: PropertyFilter) -> Callable[[str | None], bool]:
        patterns = [compiled(text_of(value) or "") for value in leaf.values]
        if None in patterns:
            if self.strict:
                raise InvalidPattern(
                    f"The filter on {leaf.key!r} has an invalid regular expression."
                )
            if leaf.is_negative:
                return lambda text: False
        searches = [pattern.search for pattern in patterns if pattern is not None]

        def found(text: str | None) -> bool:
            if text is not None:
                for search in searches:
                    if search(text):
                        return True
            return False

        return opposite(found) if leaf.is_negative else found

    # Tests of one value of a filter

    def contains(self, leaf: PropertyFilter, value: Any) -> Callable[[str | None], bool]:
        wanted = (text_of(value) or "").lower()
        return lambda text: text is not None and wanted in text.lower()

    def starts(self, leaf: PropertyFilter, value: Any) -> Callable[[str | None], bool]:
        wanted = (text_of(value) or "").lower()
        return lambda text: text is not None and text.lower().startswith(wanted)

    def ends(self, leaf: PropertyFilter, value: Any) -> Callable[[str | None], bool]:
        wanted = (text_of(value) or "").lower()
        return lambda text: text is not None and text.lower().endswith(wanted)

    def compares(self, leaf: PropertyFilter, value: Any) -> Callable[[str | None], bool]:
        limit, holds = number_of(value), COMPARISONS[leaf.operator]
        if limit is None:
            return lambda text: False

        def test(text: str | None) -> bool:
            number = number_of(text)
            return number is not None and holds(number, limit)

        return test

    def dates(self, leaf: PropertyFilter, value: Any) -> Callable[[str | None], bool]:
        bounds = bounds_of(value, self.zone, self.now)
        if bounds is None:
            return lambda text: False
        start, end = bounds

        def test(text: str | None) -> bool:
            moment = datetime_of(text, self.zone)
            if moment is None:
                return False
            if leaf.operator == "is_date_exact":
                return moment == start or start <= moment < end
            return moment < start if leaf.operator == "is_date_before" else moment > start

        return test

    def lies_between(self, leaf: PropertyFilter, value: Any) -> Callable[[str | None], bool]:
        low, high = value

        def test(text: str | None) -> bool:
            version = version_of(text)
            return version is not None and low <= version < high

        return test


def any_of(tests: Sequence[Callable[[Any], bool]]) -> Callable[[Any], bool]:
    """Loops, since generators take most of the time when many rules are asked of each event."""

    def holds(subject: Any) -> bool:
        for test in tests:  # noqa: SIM110
            if test(subject):
                return True
        return False

    return holds


def all_of(tests: Sequence[Callable[[Any], bool]]) -> Callable[[Any], bool]:
    def holds(subject: Any) -> bool:
        for test in tests:  # noqa: SIM110
            if not test(subject):
                return False
        return True

    return holds


def opposite(test: Test) -> Test:
    return lambda text: not test(text)


COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "gt": lambda number, limit: number > limit,
    "gte": lambda number, limit: number >= limit,
    "lt": lambda number, limit: number < limit,
    "lte": lambda number, limit: number <= limit,
}
TESTS: dict[str, Callable] = {
    "icontains": Predicate.contains,
    "not_icontains": Predicate.contains,
    "starts_with": Predicate.starts,
    "not_starts_with": Predicate.starts,
    "ends_with": Predicate.ends,
    "not_ends_with": Predicate.ends,
    **dict.fromkeys(COMPARISONS, Predicate.compares),
    **dict.fromkeys(("is_date_exact", "is_date_before", "is_date_after"), Predicate.dates),
    **dict.fromkeys(versions.RANGES, Predicate.lies_between),
}


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Any:
    """The regular expression, whose `.` is any character as in ClickHouse; None if unreadable."""
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeError):
        return None
