"""Definitions made by ingestion: one per event name and property, in the digest's transaction.

Nearly every event only says what is known already. So each process remembers for a minute what it
has seen, and a batch that brings nothing new costs some look-ups in memory and no query.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from events.definitions.detection import detect
from events.models import NO_GROUP, Definition, EventDefinition, EventProperty, PropertyDefinition
from persons.models import GroupType
from posthog_clone.captured import CapturedEvent

MAX_BYTES = 200
"""Longer names get no definition."""
UNDEFINED = {"$set", "$set_once", "$unset", "$groups", *(f"$group_{index}" for index in range(5))}
UNPAIRED = ("$feature/", "$feature_enrollment/")
KEPT_SECONDS = 60
MAX_KEPT = 100_000
CHUNK = 500

Scope = tuple[int, str, int]
"""Project, type, group type index."""
EVENT, PERSON, GROUP = PropertyDefinition.Type.values


class Seen:
    """What is committed already, as far as this process knows.

    Forgotten after a minute: other processes delete definitions too, and the time an event was last
    seen has to move on.
    """

    def __init__(self):
        self.clear()

    def clear(self) -> None:
        self.events: set[tuple[int, str]] = set()
        self.pairs: defaultdict[tuple[int, str], set[str]] = defaultdict(UNDEFINED.copy)
        """Per event, the properties about which nothing is left to say."""
        self.properties: defaultdict[Scope, set[str]] = defaultdict(set)
        """The same of all events, of persons and of groups."""
        self.untyped: defaultdict[Scope | tuple[int, str], set[str]] = defaultdict(set)
        """Where no value has told a type yet."""
        self.count = 0
        self.expires = time.monotonic() + KEPT_SECONDS

    def expire(self) -> None:
        if self.count > MAX_KEPT or time.monotonic() > self.expires:
            self.clear()

    def add(self, news: "News") -> None:
        self.events.update(news.events)
        for scope, found in news.properties.items():
            typed = {name for name, type in found.items() if type}
            self.properties[scope] |= typed
            self.untyped[scope] |= found.keys() - typed
            self.count += len(found)
        for key, names in news.pairs.items():
            typed = names & self.properties[key[0], EVENT, NO_GROUP]
            self.pairs[key] |= typed
            self.untyped[key] |= names - typed
            self.count += len(names)


seen = Seen()


@dataclass(slots=True)
class News:
    """What a batch says that isn't known to be stored."""

    now: datetime
    events: dict[tuple[int, str], datetime] = field(default_factory=dict)
    """When it was received last."""
    pairs: defaultdict[tuple[int, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    properties: defaultdict[Scope, dict[str, str | None]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """Name → type."""

    def add(self, event: CapturedEvent, group_types: dict[tuple[int, str], int]) -> None:
        key = (event.project_id, event.event)
        if key not in seen.events:
            last = self.events.get(key, event.received_at)
            self.events[key] = max(last, event.received_at)
        if event.event == "$groupidentify":
            index = group_types.get((event.project_id, event.properties.get("$group_type")))
            if index is not None:
                self.add_all(event, GROUP, index, event.properties.get("$group_set"))
            return
        self.add_own(event, key)
        for name in ("$set", "$set_once"):
            self.add_all(event, PERSON, NO_GROUP, event.properties.get(name))

    def add_own(self, event: CapturedEvent, key: tuple[int, str]) -> None:
        properties = event.properties
        new = properties.keys() - seen.pairs.get(key, UNDEFINED)
        scope = (event.project_id, EVENT, NO_GROUP)
        for name in filter(is_name, new):
            type = detect(name, properties[name], self.now)
            if type or name not in seen.untyped[key]:
                self.add_property(scope, name, type)
                self.pairs[key].add(name)

    def add_all(self, event: CapturedEvent, type: str, index: int, values: Any) -> None:
        if not isinstance(values, dict):
            return
        scope = (event.project_id, type, index)
        for name in filter(is_name, values.keys() - seen.properties[scope]):
            found = detect(name, values[name], self.now)
            if found or name not in seen.untyped[scope]:
                self.add_property(scope, name, found)

    def add_property(self, scope: Scope, name: str, type: str | None) -> None:
        found = self.properties[scope]
        found[name] = found.get(name) or type


def is_name(name: str) -> bool:
    return 0 < len(name) <= MAX_BYTES and len(name.encode()) <= MAX_BYTES and "\0" not in name


def record(events: Sequence[CapturedEvent]) -> None:
    """Define what the events name. To be called in the batch's transaction, after all that may drop
    events; what it writes is remembered when that commits."""
    seen.expire()
    events = [event for event in events if not event.dropped and is_name(event.event)]
    group_types = types_of_groups(events)
    news = News(timezone.now())
    for event in events:
        news.add(event, group_types)
    if news.events or news.properties:
        save_events(news)
        save_properties(news)
        save_pairs(news)
        transaction.on_commit(lambda: seen.add(news))


def types_of_groups(events: Iterable[CapturedEvent]) -> dict[tuple[int, str], int]:
    projects = {event.project_id for event in events if event.event == "$groupidentify"}
    if not projects:
        return {}
    types = GroupType.objects.filter(project__in=projects)
    return {
        (project, name): index
        for project, name, index in types.values_list("project_id", "name", "index")
    }


def save_events(news: News) -> None:
    """New rows go in in the order of their keys, and stored ones are locked in that of their ids:
    workers may wait for one another, but never in a circle."""
    known = {
        (definition.project_id, definition.name): definition
        for definition in stored(EventDefinition.objects.all(), by_project(news.events))
    }
    EventDefinition.objects.bulk_create(
        [
            EventDefinition(project_id=project, name=name, created_at=moment, last_seen_at=moment)
            for (project, name), moment in sorted(news.events.items())
            if (project, name) not in known
        ],
        ignore_conflicts=True,
    )
    behind = {
        definition.id: news.events[key]
        for key, definition in known.items()
        if definition.last_seen_at is None or definition.last_seen_at < news.events[key]
    }
    rows = locked(EventDefinition, behind)
    for row in rows:
        moment = behind[row.id]
        row.created_at = row.created_at or moment
        row.last_seen_at = max(row.last_seen_at or moment, moment)
    overwrite(rows, ["created_at", "last_seen_at"])


def save_properties(news: News) -> None:
    """A type that is not known yet becomes the one that the batch tells."""
    for scope, found in sorted(news.properties.items()):
        project, type, index = scope
        rows = PropertyDefinition.objects.filter(type=type, group_type_index=index)
        known = {row.name: row for row in stored(rows, {project: found})}
        PropertyDefinition.objects.bulk_create(
            [
                PropertyDefinition(
                    project_id=project,
                    type=type,
                    group_type_index=index,
                    name=name,
                    property_type=property_type,
                )
                for name, property_type in sorted(found.items())
                if name not in known
            ],
            ignore_conflicts=True,
        )
        told = {
            row.id: found[name]
            for name, row in known.items()
            if row.property_type is None and found[name]
        }
        rows = [row for row in locked(PropertyDefinition, told) if row.property_type is None]
        for row in rows:
            row.property_type = known[row.name].property_type = told[row.id]
        overwrite(rows, ["property_type"])
        found.update({name: row.property_type for name, row in known.items() if row.property_type})


def save_pairs(news: News) -> None:
    for project, events in by_project(news.pairs).items():
        names = {name for event in events for name in news.pairs[project, event]}
        rows = EventProperty.objects.filter(project=project)
        known = {
            pair
            for some in chunks(events)
            for part in chunks(names)
            for pair in rows.filter(event__in=some, property__in=part).values_list(
                "event", "property"
            )
        }
        EventProperty.objects.bulk_create(
            [
                EventProperty(project_id=project, event=event, property=name)
                for event in events
                for name in sorted(news.pairs[project, event])
                if (event, name) not in known and not name.startswith(UNPAIRED)
            ],
            ignore_conflicts=True,
        )


def by_project(keys: Iterable[tuple[int, str]]) -> dict[int, list[str]]:
    """The second parts, by the first."""
    found = defaultdict(list)
    for project, name in sorted(keys):
        found[project].append(name)
    return found


def stored(rows: QuerySet, names: dict[int, Collection[str]]) -> Iterator[Any]:
    for project, wanted in names.items():
        for some in chunks(wanted):
            yield from rows.filter(project=project, name__in=some)


def chunks(names: Iterable[str]) -> Iterator[list[str]]:
    names = sorted(names)
    for start in range(0, len(names), CHUNK):
        yield names[start : start + CHUNK]


def locked(model: type[Definition], ids: Collection) -> list[Any]:
    if not ids:
        return []
    return list(model.objects.filter(id__in=ids).select_for_update(of=("self",)).order_by("id"))


def overwrite(rows: list[Any], fields: list[str]) -> None:
    """As INSERT … ON CONFLICT: some ten times faster than bulk_update's CASE."""
    if rows:
        type(rows[0]).objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["id"], update_fields=fields
        )
