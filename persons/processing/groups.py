"""Groups in memory: the types and groups that a batch of events names."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from persons.processing.properties import differs, mapping
from posthog_clone.captured import CapturedEvent

MAX_TYPES = 5
MAX_LENGTH = 400


@dataclass(slots=True, eq=False)
class GroupState:
    created_at: datetime
    properties: dict[str, Any]
    version: int = 0
    pk: int | None = None
    is_changed: bool = False


class Groups:
    def __init__(self):
        self.indexes: dict[int, dict[str, int]] = {}
        """Per project, the index of each type."""
        self.new_types: list[tuple[int, str]] = []
        self.groups: dict[tuple[int, int, str], GroupState] = {}

    def load_type(self, project_id: int, name: str, index: int) -> None:
        self.indexes.setdefault(project_id, {})[name] = index

    def index(self, project_id: int, name: str) -> int | None:
        """The type's index, if need be the next free one; None for a sixth type."""
        indexes = self.indexes.setdefault(project_id, {})
        if name not in indexes:
            free = set(range(MAX_TYPES)) - set(indexes.values())
            if not free:
                return None
            indexes[name] = min(free)
            self.new_types.append((project_id, name))
        return indexes[name]

    def apply(self, event: CapturedEvent) -> None:
        """Name the event's groups in `$group_0` … `$group_4`, and take in what it says of one."""
        for name, key in groups_of(event):
            if (index := self.index(event.project_id, name)) is not None:
                event.properties[f"$group_{index}"] = key
        if (named := identified_group(event)) is not None:
            name, key = named
            if (index := self.index(event.project_id, name)) is not None:
                self.identify(event, index, key)

    def identify(self, event: CapturedEvent, index: int, key: str) -> None:
        sent = mapping(event.properties.get("$group_set"))
        group = self.groups.get((event.project_id, index, key))
        if group is None:
            group = GroupState(event.timestamp, properties=sent, is_changed=True)
            self.groups[event.project_id, index, key] = group
        elif any(differs(group.properties, name, value) for name, value in sent.items()):
            group.properties = {**group.properties, **sent}
            group.is_changed = True


def groups_of(event: CapturedEvent) -> Iterator[tuple[str, str]]:
    for name, key in mapping(event.properties.get("$groups")).items():
        if name and (text := as_key(key)):
            yield name[:MAX_LENGTH], text


def identified_group(event: CapturedEvent) -> tuple[str, str] | None:
    """The type and key that `$groupidentify` is about."""
    if event.event != "$groupidentify":
        return None
    name, key = event.properties.get("$group_type"), as_key(event.properties.get("$group_key"))
    return (name[:MAX_LENGTH], key) if isinstance(name, str) and name and key else None


def as_key(value: Any) -> str:
    """A group's key as text; empty for what can't be one."""
    if isinstance(value, str):
        return value[:MAX_LENGTH]
    return orjson.dumps(value).decode() if isinstance(value, int | float) else ""
