"""Which events a destination wants: its filters, checked when stored and applied to each event."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from rest_framework.exceptions import ValidationError

from hogql.filters.model import REGEX, PropertyFilter, PropertyGroup, parse_properties
from hogql.filters.predicate import PREDICATE_TYPES, Predicate, compiled
from hogql.filters.values import text_of
from projects.models import Project

MAX_DEPTH = 50


class InvalidFilters(ValueError):
    """The message names the part at fault."""


def check(filters: Any) -> None:
    """Raises InvalidFilters unless a `Matcher` understands all of the filters."""
    if not isinstance(filters, dict):
        raise InvalidFilters("Filters must be an object.")
    if is_deeper(filters, MAX_DEPTH):
        raise InvalidFilters(f"Filters are nested more than {MAX_DEPTH} levels deep.")
    if filters.get("actions"):
        raise InvalidFilters("Filters by action are not served: list the events instead.")
    if filters.get("source") not in (None, "events"):
        raise InvalidFilters("The only source is events.")
    events = filters.get("events") or []
    if not isinstance(events, list):
        raise InvalidFilters("Events must be a list.")
    for entry in events:
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str | None):
            raise InvalidFilters("Events must be objects with an id, which is the event's name.")
        check_properties(entry.get("properties"))
    check_properties(filters.get("properties"))


def is_deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list):
        return False
    return levels == 0 or any(is_deeper(item, levels - 1) for item in inner)


def check_properties(properties: Any) -> None:
    check_form(properties)
    try:
        group = parse_properties(properties, types=PREDICATE_TYPES)
    except ValidationError as error:
        raise InvalidFilters(str(error.detail[0])) from error
    for leaf in group.leaves():
        check_pattern(leaf)


def check_form(properties: Any) -> None:
    """Elsewhere what is no filter is passed over; here nobody would see why nothing comes."""
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
            check_form(item)
        elif not isinstance(item, dict) or not isinstance(item.get("key"), str) or not item["key"]:
            raise InvalidFilters("A property filter must be an object with a key.")


def check_pattern(leaf: PropertyFilter) -> None:
    if leaf.operator in REGEX and any(
        compiled(text_of(value) or "") is None for value in leaf.values
    ):
        raise InvalidFilters(
            f"The filter on {leaf.key[:100]!r} has a regular expression that RE2 can't read."
        )


class Matcher:
    """A destination's filters, which `check` has passed; made once, asked for many events."""

    def __init__(self, filters: Mapping[str, Any], project: Project, now: datetime):
        self.project, self.now = project, now
        self.events = [
            (entry.get("id"), self.predicate(entry.get("properties")))
            for entry in filters.get("events") or []
        ]
        self.all = [self.predicate(filters.get("properties"))]
        if filters.get("filter_test_accounts"):
            self.all += [self.of_group(group) for group in test_account_filters(project)]

    def predicate(self, properties: Any) -> Callable[[Mapping, Mapping], bool]:
        return self.of_group(parse_properties(properties))

    def of_group(self, group: PropertyGroup) -> Callable[[Mapping, Mapping], bool]:
        return Predicate(group, now=self.now, zone=self.project.tz).matches

    def wants(self, event: Mapping[str, Any], person: Mapping[str, Any] | None) -> bool:
        """Whether the filters let the event through, given as destinations get it."""
        of_event, of_person = properties_of(event), properties_of(person)
        if self.events and not any(
            name in (None, event.get("event")) and holds(of_event, of_person)
            for name, holds in self.events
        ):
            return False
        return all(holds(of_event, of_person) for holds in self.all)


def properties_of(subject: Mapping[str, Any] | None) -> Mapping[str, Any]:
    properties = subject.get("properties") if subject else None
    return properties if isinstance(properties, dict) else {}


def test_account_filters(project: Project) -> list[PropertyGroup]:
    """The project's own, without those that can't be asked of an event: nobody checked them."""
    groups = []
    for item in project.all_settings["test_account_filters"] or []:
        try:
            groups.append(parse_properties([item], types=PREDICATE_TYPES))
        except ValidationError:
            continue
    return groups
