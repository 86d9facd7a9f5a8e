"""Persons in memory: what each event does to them, one after the other, without the database."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from persons.models import person_uuid
from persons.processing.properties import new_properties, updated_properties
from posthog_clone.captured import CapturedEvent

MAX_DISTINCT_ID = 200
NEEDS_PROFILE = {"$identify", "$create_alias", "$merge_dangerously", "$groupidentify"}
ILLEGAL_IN_ANY_CASE = {
    *("anonymous", "guest", "distinctid", "distinct_id", "id", "not_authenticated", "email"),
    *("undefined", "true", "false"),
}
ILLEGAL = {"", "[object Object]", "NaN", "None", "none", "null", "0"}


@dataclass(slots=True, eq=False)
class Profile:
    """A person, as it is after the events so far."""

    project_id: int
    uuid: UUID
    created_at: datetime
    properties: dict[str, Any]
    """Replaced, never changed: events hold on to it."""
    is_identified: bool = False
    last_seen_at: datetime | None = None
    version: int = 0
    pk: int | None = None
    """None until it is stored."""
    merged_into: "Profile | None" = None
    is_changed: bool = False
    is_seen: bool = False
    """last_seen_at changed."""

    def survivor(self) -> "Profile":
        profile = self
        while profile.merged_into is not None:
            profile = profile.merged_into
        return profile


class Profiles:
    """The persons that a batch of events is about, and the distinct ids that lead to them.

    `taken` are uuids that stored persons have who are reached by other distinct ids than the one
    the uuid is made from (a split can leave such): a new person there gets a random one.
    """

    def __init__(self, taken: Iterable[tuple[int, UUID]] = ()):
        self.taken = set(taken)
        self.owners: dict[tuple[int, str], Profile] = {}
        self.all: list[Profile] = []
        self.added: list[tuple[int, str]] = []
        """New distinct ids, in the order in which they came up."""

    def owner(self, project_id: int, distinct_id: str) -> Profile | None:
        profile = self.owners.get((project_id, distinct_id))
        return profile.survivor() if profile is not None else None

    def apply(self, event: CapturedEvent) -> None:
        """Work the event into the persons, and show in the event whom it is about."""
        sent = event.properties
        if sent.get("$process_person_profile") is False:
            self.apply_without_profile(event)
            return
        sent.pop("$process_person_profile", None)
        if (other_id := other_distinct_id(event)) is not None:
            self.identify(event, other_id)
        profile = self.owner(event.project_id, event.distinct_id)
        if profile is None:
            profile = self.create(event, event.distinct_id)
        else:
            self.update(profile, event)
        show(profile, event)

    def apply_without_profile(self, event: CapturedEvent) -> None:
        if event.event in NEEDS_PROFILE:
            event.dropped = True
            return
        for key in ("$set", "$set_once", "$unset"):
            event.properties.pop(key, None)
        if profile := self.owner(event.project_id, event.distinct_id):
            show(profile, event)
            return
        event.person_id = person_uuid(event.project_id, event.distinct_id)
        event.person_mode = "propertyless"
        event.person_properties = {}
        event.person_created_at = None

    def create(self, event: CapturedEvent, *distinct_ids: str, identified: bool = False) -> Profile:
        project_id = event.project_id
        identity = person_uuid(project_id, distinct_ids[0])
        profile = Profile(
            project_id=project_id,
            uuid=uuid.uuid4() if (project_id, identity) in self.taken else identity,
            created_at=event.timestamp,
            properties=new_properties(event),
            is_identified=identified,
            is_changed=True,
        )
        see(profile, event)
        self.all.append(profile)
        for distinct_id in distinct_ids:
            self.add(distinct_id, profile)
        return profile

    def add(self, distinct_id: str, profile: Profile) -> None:
        self.owners[profile.project_id, distinct_id] = profile
        self.added.append((profile.project_id, distinct_id))

    def update(self, profile: Profile, event: CapturedEvent) -> None:
        properties = updated_properties(profile.properties, event)
        if properties is not profile.properties:
            profile.properties = properties
            profile.is_changed = True
        see(profile, event)

    def identify(self, event: CapturedEvent, other_id: str) -> None:
        """Make one person of those behind the event's distinct id and the other one."""
        into_id = event.distinct_id
        if other_id == into_id or is_illegal(into_id) or is_illegal(other_id):
            return
        into = self.owner(event.project_id, into_id)
        other = self.owner(event.project_id, other_id)
        if into is None and other is None:
            self.create(event, into_id, other_id, identified=True)
            return
        if into is None:
            self.add(into_id, other)
            into = other
        elif other is None:
            self.add(other_id, into)
        elif other is not into and (not other.is_identified or event.event == "$merge_dangerously"):
            fold(other, into)
        if not into.is_identified:
            into.is_identified = into.is_changed = True


def fold(other: Profile, into: Profile) -> None:
    """Let `other` go up in `into`, whose values count where both have one."""
    into.properties = {**other.properties, **into.properties}
    into.created_at = min(other.created_at, into.created_at)
    into.last_seen_at = max(filter(None, (other.last_seen_at, into.last_seen_at)), default=None)
    into.is_changed = True
    other.merged_into = into


def see(profile: Profile, event: CapturedEvent) -> None:
    """Note when the person was last seen: by the hour, or every event would cost a write."""
    if event.properties.get("$update_person_last_seen_at") is False:
        return
    hour = event.timestamp.replace(minute=0, second=0, microsecond=0)
    if profile.last_seen_at is None or hour > profile.last_seen_at:
        profile.last_seen_at = hour
        profile.is_seen = True


def show(profile: Profile, event: CapturedEvent) -> None:
    event.person_id = profile.uuid
    event.person_mode = "full"
    event.person_properties = profile.properties
    event.person_created_at = profile.created_at


def other_distinct_id(event: CapturedEvent) -> str | None:
    """The distinct id that the event says is the same person, if it says so."""
    sent = event.properties
    if event.event == "$identify" and "$anon_distinct_id" in sent:
        return as_distinct_id(sent["$anon_distinct_id"])
    if event.event in ("$create_alias", "$merge_dangerously") and sent.get("alias"):
        return as_distinct_id(sent["alias"])
    return None


def as_distinct_id(value: Any) -> str:
    """As capture reads distinct ids: whatever isn't a string becomes its JSON text."""
    if not isinstance(value, str):
        value = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return value[:MAX_DISTINCT_ID]


def is_illegal(distinct_id: str) -> bool:
    """Whether the id is one that broken clients send for many people at once."""
    text = distinct_id.strip()
    for quote in "'\"":
        if len(text) > 1 and text[0] == text[-1] == quote:
            text = text[1:-1]
            break
    return text in ILLEGAL or text.lower() in ILLEGAL_IN_ANY_CASE
