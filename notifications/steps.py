"""Whether an event in memory is an action, by the same rules as queries (events/actions.py)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from events.actions import AUTOCAPTURE, element_filters
from events.models import Action
from hogql.filters.elements import attribute_regex, selector_regex, tag_regex
from hogql.filters.model import PropertyFilter, PropertyGroup, parse_properties
from hogql.filters.predicate import compiled
from hogql.filters.values import text_of

Test = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]
"""Asked of an event and its person's properties."""
OfGroup = Callable[[PropertyGroup], Callable[[Mapping, Mapping], bool]]
"""Makes the test of a group of filters on event and person properties."""
PATTERNS = {"tag_name": tag_regex, "selector": selector_regex}
UNESCAPE = compiled(r"\\(.)")


def action_test(action: Action, of_group: OfGroup) -> Test:
    """An action without steps is any event."""
    steps = [list(step_tests(step, of_group)) for step in action.steps]

    def holds(event: Mapping, person: Mapping) -> bool:
        return not steps or any(all(test(event, person) for test in step) for step in steps)

    return holds


def step_tests(step: Mapping[str, Any], of_group: OfGroup) -> Iterator[Test]:
    """What must hold, all of it."""
    elements = list(element_filters(step))
    for name in filter(None, (step.get("event"), AUTOCAPTURE if elements else None)):
        yield lambda event, person, name=name: event.get("event") == name
    if url := step.get("url"):
        yield url_test(url, step.get("url_matching"), of_group)
    for leaf in elements:
        yield element_test(leaf, of_group)
    if group := parse_properties(step.get("properties")):
        holds = of_group(group)
        yield lambda event, person: holds(properties_of(event), person)


def url_test(url: str, matching: str | None, of_group: OfGroup) -> Test:
    if matching in ("exact", "regex"):
        leaf = PropertyFilter("$current_url", "event", matching, (url,))
        holds = of_group(PropertyGroup("AND", (leaf,)))
        return lambda event, person: holds(properties_of(event), person)
    return lambda event, person: url in (text_of(properties_of(event).get("$current_url")) or "")


def element_test(leaf: PropertyFilter, of_group: OfGroup) -> Test:
    """Of the clicked element and those around it."""
    if leaf.key in PATTERNS:
        pattern = compiled(PATTERNS[leaf.key](text_of(leaf.values[0]) or ""))
        return lambda event, person: bool(pattern and pattern.search(chain_of(event)))
    pattern = compiled(attribute_regex(leaf.key))
    of_value = of_group(
        PropertyGroup("AND", (PropertyFilter("value", "event", leaf.operator, leaf.values),))
    )

    def holds(event: Mapping, person: Mapping) -> bool:
        found = [UNESCAPE.sub(r"\1", text) for text in pattern.findall(chain_of(event))]
        if leaf.key == "href":
            found = [href for href in found[:1] if href]
        return any(of_value({"value": text}, {}) for text in found)

    return holds


def chain_of(event: Mapping[str, Any]) -> str:
    chain = event.get("elements_chain")
    return chain if isinstance(chain, str) else ""


def properties_of(subject: Mapping[str, Any] | None) -> Mapping[str, Any]:
    properties = subject.get("properties") if subject else None
    return properties if isinstance(properties, dict) else {}
