"""The filters of rules: checked strictly when they are written, asked of events in memory."""

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ValidationError

from hogql.filters.model import (
    MAX_DEPTH,
    MAX_FILTERS,
    OPERATORS,
    SPELLINGS,
    PropertyGroup,
    parse_properties,
)
from hogql.filters.predicate import PREDICATE_TYPES

GROUP_KEYS = {"type", "values"}
LEAF_KEYS = {"key", "type", "operator", "value", "label"}


def parse_rule_filters(data: Any) -> PropertyGroup:
    """The group, false when no filter is in it. Raises ValidationError unless every part of it has
    the right shape and can be asked of an event."""
    if not isinstance(data, Mapping):
        raise ValidationError("Filters must be an object.")
    count = check_group(data, depth=0)
    if count > MAX_FILTERS:
        raise invalid()
    try:
        return parse_properties(dict(data), types=PREDICATE_TYPES)
    except ValidationError:
        raise invalid() from None


def invalid() -> ValidationError:
    return ValidationError("Invalid filters payload.")


def check_group(data: Mapping, depth: int) -> int:
    """How many filters there are in it."""
    if depth > MAX_DEPTH or set(data) != GROUP_KEYS:
        raise invalid()
    if not is_one_of(data["type"], {"AND", "OR"}):
        raise invalid()
    if not isinstance(data["values"], list):
        raise invalid()
    count = 0
    for part in data["values"]:
        if not isinstance(part, Mapping):
            raise invalid()
        if "values" in part:
            count += check_group(part, depth + 1)
        else:
            check_leaf(part)
            count += 1
    return count


def check_leaf(data: Mapping) -> None:
    is_valid = (
        set(data) <= LEAF_KEYS
        and isinstance(data.get("key"), str)
        and data["key"] != ""
        and is_absent_or_one_of(data.get("type"), PREDICATE_TYPES)
        and is_absent_or_one_of(data.get("operator"), OPERATORS | set(SPELLINGS))
        and is_value(data.get("value"))
    )
    if not is_valid:
        raise invalid()


def is_one_of(value: Any, names: set[str]) -> bool:
    return isinstance(value, str) and value in names


def is_absent_or_one_of(value: Any, names: set[str]) -> bool:
    return value is None or is_one_of(value, names)


def is_value(value: Any) -> bool:
    if isinstance(value, list):
        return all(is_scalar(item) for item in value)
    return is_scalar(value)


def is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | bool | int | float)
