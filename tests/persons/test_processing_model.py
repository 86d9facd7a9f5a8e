"""Batches of any size end as one event after the other would, by a model that only knows those."""

import uuid
from copy import deepcopy
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persons.models import PERSON_NAMESPACE, Person
from tests.factories import ProjectFactory
from tests.persons.capturing import captured, ingest

pytestmark = pytest.mark.django_db

MERGES = {
    "$identify": "$anon_distinct_id",
    "$create_alias": "alias",
    "$merge_dangerously": "alias",
}
PERSON_EVENTS = {*MERGES, "$set"}


class Model:
    """Persons as lists of dicts, one event at a time."""

    def __init__(self, project_id: int):
        self.project_id = project_id
        self.persons: list[dict] = []

    def find(self, distinct_id: str) -> dict | None:
        return next((p for p in self.persons if distinct_id in p["distinct_ids"]), None)

    def uuid(self, distinct_id: str) -> uuid.UUID:
        return uuid.uuid5(PERSON_NAMESPACE, f"{self.project_id}:{distinct_id}")

    def create(self, distinct_id: str, when: datetime) -> dict:
        person = {
            "uuid": self.uuid(distinct_id),
            "distinct_ids": {distinct_id},
            "properties": {},
            "created_at": when,
            "is_identified": False,
        }
        self.persons.append(person)
        return person

    def handle(self, event) -> tuple:
        """What the event shows afterwards: dropped, or person, properties and mode."""
        sent, name, distinct_id = event.properties, event.event, event.distinct_id
        if sent.get("$process_person_profile") is False:
            if name in MERGES:
                return ("dropped",)
            person = self.find(distinct_id)
            if person is None:
                return self.uuid(distinct_id), {}, "propertyless"
            return person["uuid"], dict(person["properties"]), "full"
        made = False
        other_id = sent.get(MERGES.get(name))
        legal = {"null", "guest"}.isdisjoint({distinct_id, other_id})
        if other_id is not None and other_id != distinct_id and legal:
            into, other = self.find(distinct_id), self.find(other_id)
            if into is None and other is None:
                into, made = self.create(distinct_id, event.timestamp), True
                into["distinct_ids"].add(other_id)
            elif into is None:
                other["distinct_ids"].add(distinct_id)
                into = other
            elif other is None:
                into["distinct_ids"].add(other_id)
            elif other is not into and (name == "$merge_dangerously" or not other["is_identified"]):
                for key, value in other["properties"].items():
                    into["properties"].setdefault(key, value)
                into["distinct_ids"] |= other["distinct_ids"]
                into["created_at"] = min(into["created_at"], other["created_at"])
                self.persons.remove(other)
            into["is_identified"] = True
        person = self.find(distinct_id)
        if person is None:
            person, made = self.create(distinct_id, event.timestamp), True
        if made or name != "$exception":
            self.change(person["properties"], sent, name)
        return person["uuid"], dict(person["properties"]), "full"

    def change(self, properties: dict, sent: dict, name: str) -> None:
        once = sent.get("$set_once", {})
        if "$browser" in sent:
            once = {"$initial_browser": sent["$browser"]} | once
        set_ = {key: sent[key] for key in ("$browser",) if key in sent} | sent.get("$set", {})
        after = {**once, **properties, **set_}
        for key in sent.get("$unset", []):
            after.pop(key, None)
        changed = {
            key
            for key in properties.keys() | after.keys()
            if key not in properties or key not in after or properties[key] != after[key]
        }
        only_browser = changed == {"$browser"} and "$browser" in properties and "$browser" in after
        if not only_browser or name in PERSON_EVENTS:
            properties.clear()
            properties |= after


keys = st.sampled_from(["a", "b", "$browser", "$initial_browser"])
values = st.sampled_from([1, 2, "x", None, [1]])
some = st.dictionaries(keys, values, max_size=2)
distinct_ids = st.sampled_from(["a", "b", "c", "d", "e", "null", "guest"])
happenings = st.fixed_dictionaries(
    {
        "event": st.sampled_from([*MERGES, *MERGES, "$set", "$exception", "$pageview"]),
        "distinct_id": distinct_ids,
        "minutes": st.integers(-200, 200),
    },
    optional={
        "__anon_distinct_id": distinct_ids,
        "alias": distinct_ids,
        "__set": some,
        "__set_once": some,
        "__unset": st.lists(keys, max_size=2),
        "__browser": st.sampled_from(["Firefox", "Chrome"]),
        "__process_person_profile": st.booleans(),
    },
)
batches = st.lists(st.lists(happenings, min_size=1, max_size=12), min_size=1, max_size=5)


@given(batches)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_batches_end_as_one_by_one(organization, batches):
    project = ProjectFactory(organization=organization)
    model = Model(project.id)
    for batch in batches:
        events = [captured(project, **deepcopy(happening)) for happening in batch]
        expected = [model.handle(event) for event in deepcopy(events)]

        ingest(*events)

        assert [outcome(event) for event in events] == expected
        assert stored(project) == in_order(model.persons)


def outcome(event) -> tuple:
    if event.dropped:
        return ("dropped",)
    return event.person_id, event.person_properties, event.person_mode


def stored(project) -> list[dict]:
    persons = Person.objects.filter(project=project).prefetch_related("distinct_id_rows")
    return in_order(
        {
            "uuid": person.uuid,
            "distinct_ids": {row.distinct_id for row in person.distinct_id_rows.all()},
            "properties": person.properties,
            "created_at": person.created_at,
            "is_identified": person.is_identified,
        }
        for person in persons
    )


def in_order(persons) -> list[dict]:
    return sorted(persons, key=lambda person: person["uuid"])
