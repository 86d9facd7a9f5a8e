"""Groups: the index of a type, the keys in events, and what $groupidentify says."""

import pytest

from persons.models import Group, GroupType, Person
from tests.factories import ProjectFactory
from tests.persons.capturing import captured, ingest

pytestmark = pytest.mark.django_db


def identify(project, key="acme", type="company", **sent):
    return captured(
        project, "$groupidentify", "x", __group_type=type, __group_key=key, __group_set=sent
    )


def test_types_get_indexes_in_their_order_and_a_sixth_none(project):
    first, second = ingest(
        captured(project, "x", __groups={"company": "acme", "team": "red"}),
        captured(project, "x", __groups={"team": "blue", "c": "3", "d": "4", "e": "5", "f": "6"}),
    )

    assert first.properties == {
        "$groups": {"company": "acme", "team": "red"},
        "$group_0": "acme",
        "$group_1": "red",
    }
    names = ["$group_1", "$group_2", "$group_3", "$group_4"]
    assert [second.properties[name] for name in names] == ["blue", "3", "4", "5"]
    assert "$group_5" not in second.properties
    types = GroupType.objects.order_by("index").values_list("index", "name")
    assert list(types) == [(0, "company"), (1, "team"), (2, "c"), (3, "d"), (4, "e")]
    assert not Group.objects.exists()


def test_each_project_has_its_own_types(project):
    other = ProjectFactory(organization=project.organization)
    ingest(captured(project, "x", __groups={"a": "1"}), captured(other, "x", __groups={"b": "2"}))
    [event] = ingest(captured(other, "x", __groups={"a": "3", "b": "4"}))

    assert (event.properties["$group_0"], event.properties["$group_1"]) == ("4", "3")


def test_personless_events_have_groups_too(project):
    [event] = ingest(
        captured(project, "x", __process_person_profile=False, __groups={"company": "acme"})
    )

    assert event.properties["$group_0"] == "acme"


@pytest.mark.parametrize(
    ("key", "text"),
    [(7, "7"), (True, "true"), (1.5, "1.5"), ("", None), (None, None), ([1], None), ({}, None)],
)
def test_odd_keys(project, key, text):
    [event] = ingest(captured(project, "x", __groups={"company": key, "": "nameless"}))

    assert event.properties.get("$group_0") == text


def test_groupidentify_merges_properties(project):
    ingest(identify(project, a=1, b=1))
    version = Group.objects.get().version
    ingest(identify(project, b=2), identify(project, c=None), identify(project, key="other"))

    group = Group.objects.get(key="acme")
    assert group.properties == {"a": 1, "b": 2, "c": None}
    assert group.type_index == 0
    assert group.version > version
    assert Group.objects.count() == 2
    assert Person.objects.get().properties == {}


def test_groupidentify_that_says_nothing_new_writes_nothing(project):
    ingest(identify(project, a=1))
    version = Group.objects.get().version
    ingest(identify(project, a=1), identify(project))

    assert Group.objects.get().version == version


@pytest.mark.parametrize(
    ("type", "key"), [("", "k"), (None, "k"), (5, "k"), ("t", ""), ("t", None), ("t", [])]
)
def test_groupidentify_without_a_type_or_key_makes_none(project, type, key):
    ingest(identify(project, key=key, type=type, a=1))

    assert not Group.objects.exists()


def test_sixth_type_makes_no_group(project):
    ingest(*(identify(project, type=f"type {n}", a=n) for n in range(6)))

    assert Group.objects.count() == 5


def test_dropped_groupidentify_makes_none(project):
    event = identify(project, a=1)
    event.properties["$process_person_profile"] = False
    ingest(event)

    assert event.dropped
    assert not GroupType.objects.exists()


def test_long_names_and_keys_are_cut(project):
    ingest(identify(project, type="t" * 500, key="k" * 500))

    assert GroupType.objects.get().name == "t" * 400
    assert Group.objects.get().key == "k" * 400
