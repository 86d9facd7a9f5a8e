"""The filters of rules, checked before they are stored: what could never match is refused.

Elsewhere filters are read with leniency (hogql.filters.model); rules are for long, so their form is
held to.
"""

from typing import Any

from rest_framework.exceptions import ValidationError

from hogql.filters.model import OPERATORS, SPELLINGS, parse_properties
from hogql.filters.predicate import PREDICATE_TYPES

LEAF_KEYS = {"key", "type", "operator", "value", "label"}


class InvalidFilters(ValueError):
    """Not a group of property filters."""


def check_group(group: Any) -> None:
    """Raises InvalidFilters unless this is `{"type": "AND"|"OR", "values": [group or filter]}`."""
    try:
        check_form(group)
        parse_properties(group, types=PREDICATE_TYPES)
    except (ValidationError, RecursionError) as error:
        raise InvalidFilters from error


def check_form(group: Any) -> None:
    if not isinstance(group, dict) or set(group) != {"type", "values"}:
        raise InvalidFilters
    if group["type"] not in ("AND", "OR") or not isinstance(group["values"], list):
        raise InvalidFilters
    for item in group["values"]:
        if isinstance(item, dict) and "values" in item:
            check_form(item)
        else:
            check_leaf(item)


def check_leaf(leaf: Any) -> None:
    if not isinstance(leaf, dict) or set(leaf) - LEAF_KEYS:
        raise InvalidFilters
    if not isinstance(leaf.get("key"), str) or not leaf["key"]:
        raise InvalidFilters
    kind, operator = leaf.get("type", "event"), leaf.get("operator") or "exact"
    if not isinstance(kind, str) or not isinstance(operator, str):
        raise InvalidFilters
    if operator not in OPERATORS and operator not in SPELLINGS:
        raise InvalidFilters
    value = leaf.get("value")
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, dict | list) for item in items):
        raise InvalidFilters


def is_empty(group: dict) -> bool:
    """Whether no condition is in it at any depth, so that it matches everything."""
    return all("values" in item and is_empty(item) for item in group["values"])
