"""Property filters as clients send them, read into one form.

What a filter means is written down three times, for three stores, and tested to be the same:
conditions.py (events and all else in ClickHouse), queryset.py (persons in the database) and
predicate.py (an event in memory).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rest_framework.exceptions import ValidationError

from hogql.filters import versions
from hogql.filters.values import number_of

EQUALITY = {"exact", "is_not"}
CONTAINING = {"icontains", "not_icontains"}
EDGES = {"starts_with", "not_starts_with", "ends_with", "not_ends_with"}
REGEX = {"regex", "not_regex"}
COMPARING = {"gt", "gte", "lt", "lte"}
RANGES = {"between", "not_between"}
PRESENCE = {"is_set", "is_not_set"}
DATES = {"is_date_exact", "is_date_before", "is_date_after"}
OPERATORS = {
    *(*EQUALITY, *CONTAINING, *EDGES, *REGEX, *COMPARING, *RANGES, *PRESENCE, *DATES),
    *versions.RANGES,
}
SPELLINGS = {
    **{"min": "gte", "max": "lte", "in": "exact", "not_in": "is_not"},
    **{"icontains_multi": "icontains", "not_icontains_multi": "not_icontains"},
}
NEGATIVE = {
    *("is_not", "not_icontains", "not_starts_with", "not_ends_with", "not_regex", "is_not_set"),
    "semver_neq",
}
"""They hold where the property is missing, and of a list of values for none."""
COHORTS = {"cohort", "static-cohort", "precalculated-cohort"}
TYPES = {
    *("event", "event_metadata", "person", "element", "group", "session", "hogql", "feature"),
    *COHORTS,
}
# Exceptions have these as lists: a filter is on their items.
LIST_PROPERTIES = {
    *("$exception_types", "$exception_values", "$exception_sources", "$exception_functions"),
}
MAX_DEPTH = 30
MAX_FILTERS = 1000


@dataclass(frozen=True, slots=True)
class PropertyFilter:
    key: str
    type: str = "event"
    operator: str = "exact"
    """One of OPERATORS; of cohorts, `exact` (in) or `is_not`."""
    values: tuple[Any, ...] = ()
    """Whatever was sent, as a list; empty with `is_set` and `is_not_set`. For ranges, both ends;
    for versions, those of versions.range_of."""
    group_type_index: int | None = None

    @property
    def is_negative(self) -> bool:
        return self.operator in NEGATIVE


@dataclass(frozen=True, slots=True)
class PropertyGroup:
    type: Literal["AND", "OR"] = "AND"
    values: tuple["PropertyGroup | PropertyFilter", ...] = field(default=())

    def leaves(self) -> Iterator[PropertyFilter]:
        for value in self.values:
            if isinstance(value, PropertyGroup):
                yield from value.leaves()
            else:
                yield value

    def __bool__(self):
        return any(True for _ in self.leaves())


EVERYTHING = PropertyGroup()


def parse_properties(
    data: Any, *, default_type: str = "event", types: set[str] | None = None
) -> PropertyGroup:
    """The filters in any of the accepted forms: a list (all must hold), a group, `{key: value}`.

    `types` are those that can be asked for here. Raises ValidationError for what can't be followed;
    what is no filter at all is passed over.
    """
    reader = Reader(default_type, types or TYPES)
    return reader.group(data)


class Reader:
    def __init__(self, default_type: str, types: set[str]):
        self.default_type = default_type
        self.types = types
        self.count = 0

    def group(self, data: Any) -> PropertyGroup:
        if not data:
            return EVERYTHING
        if isinstance(data, list):
            return PropertyGroup("AND", tuple(self.members(data, 0)))
        if isinstance(data, Mapping):
            if is_group(data):
                return self.nested(data, 0)
            if is_filter(data):
                return PropertyGroup("AND", tuple(self.members([data], 0)))
            return PropertyGroup("AND", tuple(self.legacy(data)))
        raise ValidationError("Properties must be a list of filters or a group of them.")

    def nested(self, data: Mapping, depth: int) -> PropertyGroup:
        if depth > MAX_DEPTH:
            raise ValidationError("Property groups are nested too deeply.")
        values = data.get("values")
        if not isinstance(values, list):
            raise ValidationError("A property group needs `values`: a list of filters.")
        return PropertyGroup(data["type"].upper(), tuple(self.members(values, depth)))

    def members(self, values: list, depth: int) -> Iterator[PropertyGroup | PropertyFilter]:
        for value in values:
            self.count += 1
            if self.count > MAX_FILTERS:
                raise ValidationError(f"There are more than {MAX_FILTERS} property filters.")
            if not isinstance(value, Mapping):
                continue
            if is_group(value):
                yield self.nested(value, depth + 1)
            elif isinstance(value.get("key"), str | int) and value.get("key") != "":
                yield self.leaf(value)

    def legacy(self, data: Mapping) -> Iterator[PropertyFilter]:
        """`{"$browser": "Chrome", "amount__gt": 5}`"""
        for name, value in data.items():
            key, _, operator = str(name).rpartition("__")
            if not key or operator not in OPERATORS | set(SPELLINGS):
                key, operator = str(name), "exact"
            yield self.leaf({"key": key, "operator": operator, "value": value})

    def leaf(self, data: Mapping) -> PropertyFilter:
        key, type_ = str(data["key"]), data.get("type") or self.default_type
        if not isinstance(type_, str) or type_ not in self.types:
            raise ValidationError(
                f"Property filters of type {str(type_)[:100]!r} can't be used here; use one of "
                f"{', '.join(sorted(self.types))}."
            )
        operator = data.get("operator") or "exact"
        if isinstance(operator, str):
            operator = SPELLINGS.get(operator, operator)
        if not isinstance(operator, str) or operator not in OPERATORS:
            raise ValidationError(
                f"Unknown operator {str(operator)[:100]!r} of the filter on {key[:100]!r}."
            )
        if type_ in COHORTS:
            return cohort_filter(data, operator)
        return PropertyFilter(
            key,
            type_,
            operator,
            values_of(key, operator, data.get("value")),
            group_type_index(data) if type_ == "group" else None,
        )


def is_group(data: Mapping) -> bool:
    kind = data.get("type")
    return isinstance(kind, str) and kind.upper() in ("AND", "OR") and "values" in data


def is_filter(data: Mapping) -> bool:
    return isinstance(data.get("key"), str) and bool({"value", "operator", "type"} & set(data))


def values_of(key: str, operator: str, value: Any) -> tuple:
    if operator in PRESENCE:
        return ()
    if operator in RANGES:
        return ends(key, operator, value)
    values = value if isinstance(value, list) else [value]
    if operator in versions.RANGES:
        return tuple(versions.range_of(key, operator, item) for item in values)
    return tuple(values)


def ends(key: str, operator: str, value: Any) -> tuple:
    if value == []:
        return ()
    numbers = [number_of(end) for end in value] if isinstance(value, list) else []
    if len(numbers) != 2 or None in numbers or numbers[0] > numbers[1]:
        raise ValidationError(
            f"The operator {operator} of the filter on {key[:100]!r} needs a value of two numbers, "
            "the lower one first."
        )
    return tuple(numbers)


def group_type_index(data: Mapping) -> int:
    index = data.get("group_type_index")
    if isinstance(index, str) and index.isascii() and index.isdecimal():
        index = int(index)
    if not isinstance(index, int) or isinstance(index, bool) or index not in range(5):
        raise ValidationError(
            f"The filter on {str(data['key'])[:100]!r} needs a group_type_index from 0 to 4."
        )
    return index


def cohort_filter(data: Mapping, operator: str) -> PropertyFilter:
    value = data.get("value")
    values = value if isinstance(value, list) else [value]
    ids = []
    for item in values:
        if isinstance(item, str) and item.isascii() and item.isdecimal() and len(item) < 10:
            item = int(item)
        if not isinstance(item, int) or isinstance(item, bool):
            raise ValidationError(f"{str(item)[:100]!r} is not the id of a cohort.")
        ids.append(item)
    negated = (operator in NEGATIVE) != bool(data.get("negation"))
    return PropertyFilter("id", "cohort", "is_not" if negated else "exact", tuple(ids))
