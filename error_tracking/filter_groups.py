"""The filters of rules, checked before they are stored: what could never match is refused."""

from typing import Any

AND, OR = "AND", "OR"
MAX_DEPTH = 20
LEAF_KEYS = {"key", "type", "operator", "value", "label"}
LEAF_TYPES = {"event", "person"}
"""Those that ingestion can evaluate."""
OPERATORS = {
    "exact",
    "is_not",
    "icontains",
    "not_icontains",
    "regex",
    "not_regex",
    "is_set",
    "is_not_set",
    "gt",
    "gte",
    "lt",
    "lte",
    "min",
    "max",
    "between",
    "not_between",
    "in",
    "not_in",
    "starts_with",
    "not_starts_with",
    "ends_with",
    "not_ends_with",
    "is_date_exact",
    "is_date_before",
    "is_date_after",
    "icontains_multi",
    "not_icontains_multi",
}


class InvalidFilters(ValueError):
    """Not a group of property filters."""


def check_group(group: Any, depth: int = 0) -> None:
    """Raises InvalidFilters unless this is `{"type": "AND"|"OR", "values": [group or filter]}`."""
    if not isinstance(group, dict) or set(group) != {"type", "values"} or depth > MAX_DEPTH:
        raise InvalidFilters
    if group["type"] not in (AND, OR) or not isinstance(group["values"], list):
        raise InvalidFilters
    for item in group["values"]:
        if isinstance(item, dict) and "values" in item:
            check_group(item, depth + 1)
        else:
            check_leaf(item)


def check_leaf(leaf: Any) -> None:
    if not isinstance(leaf, dict) or not isinstance(leaf.get("key"), str) or set(leaf) - LEAF_KEYS:
        raise InvalidFilters
    kind, operator = leaf.get("type", "event"), leaf.get("operator") or "exact"
    if not isinstance(kind, str) or kind not in LEAF_TYPES:
        raise InvalidFilters
    if not isinstance(operator, str) or operator not in OPERATORS:
        raise InvalidFilters
    check_value(operator, leaf.get("value"))


def check_value(operator: str, value: Any) -> None:
    values = value if isinstance(value, list) else [value]
    if any(isinstance(item, dict | list) for item in values):
        raise InvalidFilters
    if operator in ("between", "not_between") and not is_range(value):
        raise InvalidFilters


def is_range(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    try:
        low, high = (float(bound) for bound in value)
    except (TypeError, ValueError):
        return False
    return low <= high


def is_empty(group: dict) -> bool:
    """Whether no condition is in it at any depth, so that it matches everything."""
    return all("values" in item and is_empty(item) for item in group["values"])
