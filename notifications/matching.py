"""Which events a destination wants: its filters, checked when stored and applied to each event."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from rest_framework.exceptions import ValidationError

from events import actions
from events.models import Action
from hogql.filters.model import REGEX, PropertyFilter, PropertyGroup, parse_properties
from hogql.filters.predicate import PREDICATE_TYPES, Predicate, compiled
from hogql.filters.values import text_of
from notifications.models import HogFunction
from notifications.steps import Test, action_test, properties_of
from projects.models import Project

MAX_DEPTH = 50
KEYS = {"events", "actions", "properties", "filter_test_accounts", "source"}
DERIVED = {"bytecode", "bytecode_error"}
"""What PostHog makes of the filters and shows beside them."""


class InvalidFilters(ValueError):
    """The message names the part at fault."""


def check(filters: Any) -> None:
    """Raises InvalidFilters unless a `Matcher` understands all of the filters."""
    if not isinstance(filters, dict):
        raise InvalidFilters("Filters must be an object.")
    if is_deeper(filters, MAX_DEPTH):
        raise InvalidFilters(f"Filters are nested more than {MAX_DEPTH} levels deep.")
    for key, value in filters.items():
        if value and key not in KEYS | DERIVED:
            raise InvalidFilters(
                f"{key[:100]!r} is no filter. There are {', '.join(sorted(KEYS))}."
            )
    if filters.get("source") not in (None, "events"):
        raise InvalidFilters("The only source is events.")
    for entry in entries(filters, "events"):
        if not isinstance(entry.get("id"), str | None):
            raise InvalidFilters("Events must be objects with an id, which is the event's name.")
        check_properties(entry.get("properties"))
    for entry in entries(filters, "actions"):
        if action_id(entry) is None:
            raise InvalidFilters(
                "Actions must be objects with an id, which is the action's number."
            )
        check_properties(entry.get("properties"))
    check_properties(filters.get("properties"))


def entries(filters: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The events or actions that are listed."""
    listed = filters.get(name) or []
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise InvalidFilters(f"{name.capitalize()} must be a list of objects.")
    return listed


def action_id(entry: Mapping[str, Any]) -> int | None:
    """Clients send numbers and texts."""
    text = str(entry.get("id"))
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def check_actions(filters: Mapping[str, Any], project: Project) -> None:
    """Raises InvalidFilters for actions that are not there, or that a Matcher can't follow."""
    found = actions.find_all(project, {action_id(e) for e in entries(filters, "actions")})
    for entry in entries(filters, "actions"):
        action = found.get(action_id(entry))
        if action is None:
            raise InvalidFilters(f"Action ID {action_id(entry)} does not exist!")
        for step in action.steps:
            try:
                check_properties(step.get("properties"))
            except InvalidFilters as error:
                raise InvalidFilters(f"The action {action.name[:100]!r}: {error}") from error


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
    """A destination's filters, which `check` has passed; made once, asked for many events.

    `actions` are those that the filters name, by their ids; one that is missing is no event.
    """

    def __init__(
        self,
        filters: Mapping[str, Any],
        project: Project,
        now: datetime,
        actions: Mapping[int, Action],
    ):
        self.project, self.now = project, now
        self.any = [*self.of_events(filters), *self.of_actions(filters, actions)]
        self.all = [self.predicate(filters.get("properties"))]
        if filters.get("filter_test_accounts"):
            self.all += [self.of_group(group) for group in test_account_filters(project)]

    def of_events(self, filters: Mapping[str, Any]) -> Iterator[Test]:
        for entry in entries(filters, "events"):
            yield named_test(entry.get("id"), self.predicate(entry.get("properties")))

    def of_actions(
        self, filters: Mapping[str, Any], actions: Mapping[int, Action]
    ) -> Iterator[Test]:
        for entry in entries(filters, "actions"):
            if action := actions.get(action_id(entry)):
                is_action = action_test(action, self.of_group)
                yield both(is_action, self.predicate(entry.get("properties")))
            else:
                yield never

    def predicate(self, properties: Any) -> Callable[[Mapping, Mapping], bool]:
        return self.of_group(parse_properties(properties))

    def of_group(self, group: PropertyGroup) -> Callable[[Mapping, Mapping], bool]:
        return Predicate(group, now=self.now, zone=self.project.tz).matches

    def wants(self, event: Mapping[str, Any], person: Mapping[str, Any] | None) -> bool:
        """Whether the filters let the event through, given as destinations get it."""
        of_person = properties_of(person)
        if self.any and not any(test(event, of_person) for test in self.any):
            return False
        of_event = properties_of(event)
        return all(holds(of_event, of_person) for holds in self.all)


def named_test(name: str | None, holds: Callable[[Mapping, Mapping], bool]) -> Test:
    return both(lambda event, person: name in (None, event.get("event")), holds)


def both(test: Test, holds: Callable[[Mapping, Mapping], bool]) -> Test:
    return lambda event, person: test(event, person) and holds(properties_of(event), person)


def never(event: Mapping[str, Any], person: Mapping[str, Any]) -> bool:
    return False


def matchers(
    project: Project, functions: Iterable[HogFunction], now: datetime
) -> list[tuple[HogFunction, Matcher]]:
    """The project's destinations, each with its matcher. Costs a query if they name actions."""
    functions = list(functions)
    ids = {action_id(entry) for each in functions for entry in entries(each.filters, "actions")}
    found = actions.find_all(project, ids)
    return [(each, Matcher(each.filters, project, now, found)) for each in functions]


def test_account_filters(project: Project) -> list[PropertyGroup]:
    """The project's own, without those that can't be asked of an event: nobody checked them."""
    groups = []
    for item in project.all_settings["test_account_filters"] or []:
        try:
            groups.append(parse_properties([item], types=PREDICATE_TYPES))
        except ValidationError:
            continue
    return groups
