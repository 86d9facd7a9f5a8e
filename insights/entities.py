"""What a series or a step is about: events of a name, all events, or an action's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import ValidationError

from events import actions
from events.models import Action
from hogql import ast
from hogql.filters.model import EVERYTHING, PropertyGroup
from insights.measuring import Asking

ALL_EVENTS = "All events"


@dataclass(frozen=True, slots=True)
class Entity:
    event: str | None = None
    """None: all events, or those of the action."""
    action: Action | None = None
    custom_name: str | None = None
    properties: tuple[PropertyGroup, ...] = ()

    @property
    def name(self) -> str | None:
        return self.action.name if self.action else self.event

    @property
    def label(self) -> str:
        return self.name or ALL_EVENTS

    def is_it(self, asking: Asking) -> list[ast.Expr]:
        """That an event is of that name, or the action."""
        if self.action:
            return [actions.condition_of(self.action, asking.conditions)]
        if self.event is None:
            return []
        return [ast.Compare("==", ast.Field(["event"]), ast.Constant(self.event))]

    def filters(self, asking: Asking) -> list[ast.Expr]:
        return [asking.conditions.of_group(group) for group in self.properties]

    def condition(self, asking: Asking) -> ast.Expr:
        """All of it, as one."""
        parts = [*self.is_it(asking), *self.filters(asking)]
        return ast.And(parts) if parts else ast.Constant(True)


def read_entities(asking: Asking, nodes: Sequence[Mapping[str, Any]]) -> list[Entity]:
    """What the nodes of a query stand for. Raises ValidationError for unknown actions."""
    ids = {node["id"] for node in nodes if node["kind"] == "ActionsNode"}
    found = actions.find_all(asking.project, ids)
    if missing := ids - set(found):
        raise ValidationError({"id": f"Action {min(missing)} does not exist."})
    return [entity_of(node, found) for node in nodes]


def entity_of(node: Mapping[str, Any], known: Mapping[int, Action]) -> Entity:
    groups = (node.get("properties", EVERYTHING), node.get("fixedProperties", EVERYTHING))
    is_action = node["kind"] == "ActionsNode"
    return Entity(
        event=None if is_action else node.get("event") or None,
        action=known[node["id"]] if is_action else None,
        custom_name=node.get("custom_name"),
        properties=tuple(group for group in groups if group),
    )
