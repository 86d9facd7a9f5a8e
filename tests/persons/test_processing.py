"""What each kind of event does to persons, table by table."""

from datetime import timedelta
from uuid import UUID, uuid5

import pytest

from persons.models import PERSON_NAMESPACE, Person, PersonDistinctId, person_uuid
from tests.factories import PersonFactory, ProjectFactory
from tests.persons.capturing import (
    NOON,
    captured,
    distinct_ids_of,
    ingest,
    one_by_one,
    person_of,
)

pytestmark = pytest.mark.django_db


def test_first_event_makes_a_person(project):
    [event] = ingest(
        captured(project, "signed up", __set={"plan": "free"}, __set_once={"plan": "x", "first": 1})
    )

    person = Person.objects.get()
    assert person.uuid == uuid5(PERSON_NAMESPACE, f"{project.id}:ada")
    assert person.properties == {"plan": "free", "first": 1}
    assert (person.created_at, person.is_identified) == (NOON, False)
    assert distinct_ids_of(person) == {"ada"}
    assert event.person_id == person.uuid
    assert event.person_properties == person.properties
    assert event.person_created_at == NOON
    assert event.person_mode == "full"


def test_set_overwrites_and_set_once_fills_gaps_and_unset_removes(project):
    ingest(captured(project, "$set", __set={"a": 1, "b": 1, "gone": 1, "too": 1}))
    ingest(
        captured(project, "x", __set={"a": 2, "new": None}, __set_once={"b": 2, "c": 2}),
        captured(project, "y", __unset=["gone", 7]),
        captured(project, "z", __unset={"too": ""}),
    )

    assert person_of(project, "ada").properties == {"a": 2, "b": 1, "c": 2, "new": None}


def test_events_show_the_person_as_of_then(project):
    events = ingest(
        captured(project, "one", __set={"n": 1}),
        captured(project, "two", __set={"n": 2}),
        captured(project, "three"),
    )

    assert [event.person_properties for event in events] == [{"n": 1}, {"n": 2}, {"n": 2}]


@pytest.mark.parametrize("odd", [None, 1, "text", [], [["a", 1]], True])
def test_odd_set_and_unset_are_passed_over(project, odd):
    ingest(captured(project, "x", __set={"a": 1}))
    ingest(captured(project, "x", __set=odd, __set_once=odd, __unset=odd, __groups=odd))

    assert person_of(project, "ada").properties == {"a": 1}


def test_true_is_another_value_than_1(project):
    ingest(captured(project, "x", __set={"a": 1, "b": [0], "c": {"d": 1.0}}))
    ingest(captured(project, "x", __set={"a": True, "b": [False], "c": {"d": 1.0}}))

    properties = person_of(project, "ada").properties
    assert properties["a"] is True
    assert properties["b"] == [False]
    assert properties["b"][0] is False


def test_automatic_properties(project):
    ingest(
        captured(project, "$pageview", __browser="Firefox", utm_source="news", gclid=None, other=1)
    )
    ingest(captured(project, "$pageview", __browser="Chrome", utm_source="ads", gclid="g"))

    assert person_of(project, "ada").properties == {
        "$browser": "Chrome",
        "$initial_browser": "Firefox",
        "utm_source": "ads",
        "$initial_utm_source": "news",
        "gclid": "g",
        "$initial_gclid": "g",
    }


def test_what_is_set_wins_over_automatic_properties(project):
    ingest(
        captured(
            project,
            "$pageview",
            __browser="Firefox",
            __set={"$browser": "mine"},
            __set_once={"$initial_browser": "first"},
        )
    )

    assert person_of(project, "ada").properties == {
        "$browser": "mine",
        "$initial_browser": "first",
    }


@pytest.mark.parametrize("sender", [{"__lib": "posthog-python"}, {"__is_server": True}])
def test_the_system_of_a_server_is_not_the_persons(project, sender):
    ingest(captured(project, "x", __os="Linux", __os_version="6", __app_name="api", **sender))

    properties = person_of(project, "ada").properties
    assert properties == {"$app_name": "api", "$initial_app_name": "api"}


def test_volatile_properties_alone_do_not_write(project):
    ingest(captured(project, "$pageview", __current_url="/a", __screen_width=100))
    before = person_of(project, "ada")

    ingest(captured(project, "$pageview", __current_url="/b", __screen_width=200))
    person = person_of(project, "ada")
    assert (person.properties, person.version) == (before.properties, before.version)

    ingest(captured(project, "$pageview", __current_url="/c", utm_source="x"))
    assert person_of(project, "ada").properties["$current_url"] == "/c"


@pytest.mark.parametrize("name", ["$identify", "$create_alias", "$merge_dangerously", "$set"])
def test_person_events_write_volatile_properties_too(project, name):
    ingest(captured(project, "$pageview", __current_url="/a"))
    ingest(captured(project, name, __current_url="/b"))

    assert person_of(project, "ada").properties["$current_url"] == "/b"


@pytest.mark.parametrize("name", ["$exception", "$$heatmap", "$groupidentify"])
def test_events_that_never_change_a_person(project, name):
    ingest(captured(project, "x", __set={"a": 1}))
    [event] = ingest(captured(project, name, __set={"a": 2}, __set_once={"b": 1}, __unset=["a"]))

    assert person_of(project, "ada").properties == {"a": 1}
    assert event.person_properties == {"a": 1}


def test_groupidentify_makes_a_bare_person(project):
    ingest(captured(project, "$groupidentify", "$company_acme", __set={"a": 1}, __browser="x"))

    assert person_of(project, "$company_acme").properties == {}


def test_last_seen_moves_by_the_hour(project):
    ingest(captured(project, "x", minutes=30))
    assert person_of(project, "ada").last_seen_at == NOON

    ingest(captured(project, "x", minutes=59), captured(project, "x", minutes=-90))
    assert person_of(project, "ada").last_seen_at == NOON

    ingest(captured(project, "x", minutes=61, __update_person_last_seen_at=False))
    assert person_of(project, "ada").last_seen_at == NOON

    version = person_of(project, "ada").version
    ingest(captured(project, "x", minutes=61))
    person = person_of(project, "ada")
    assert person.last_seen_at == NOON + timedelta(hours=1)
    assert person.version == version


# Without a profile


def test_personless_event_gets_an_id_and_no_person(project):
    [event] = ingest(
        captured(project, "x", __process_person_profile=False, __set={"a": 1}, __unset=["b"], k=1)
    )

    assert not Person.objects.exists()
    assert event.person_id == person_uuid(project.id, "ada")
    assert event.person_mode == "propertyless"
    assert event.person_properties == {}
    assert event.person_created_at is None
    assert event.properties == {"$process_person_profile": False, "k": 1}


def test_personless_event_shows_a_person_who_is_there(project):
    ingest(captured(project, "x", __set={"a": 1}))
    [event] = ingest(
        captured(project, "x", minutes=90, __process_person_profile=False, __set={"a": 2})
    )

    person = person_of(project, "ada")
    assert person.properties == {"a": 1}
    assert person.last_seen_at == NOON
    assert (event.person_id, event.person_mode) == (person.uuid, "full")
    assert event.person_properties == {"a": 1}


@pytest.mark.parametrize(
    "name", ["$identify", "$create_alias", "$merge_dangerously", "$groupidentify"]
)
def test_events_that_need_a_profile_are_dropped_without(project, name):
    [event] = ingest(
        captured(project, name, __process_person_profile=False, alias="b", __anon_distinct_id="b")
    )

    assert event.dropped
    assert not Person.objects.exists()


@pytest.mark.parametrize("flag", [True, None, "false", 0, [False]])
def test_only_false_forbids_a_profile(project, flag):
    [event] = ingest(captured(project, "x", __process_person_profile=flag))

    assert person_of(project, "ada")
    assert event.properties == {}


def test_dropped_events_are_passed_over(project):
    event = captured(project, "x")
    event.dropped = True
    ingest(event)

    assert not Person.objects.exists()
    assert event.person_id is None


# Merging

IDENTIFY = [
    ("$identify", "__anon_distinct_id"),
    ("$create_alias", "alias"),
    ("$merge_dangerously", "alias"),
]


@pytest.mark.parametrize(("name", "key"), IDENTIFY)
def test_neither_has_a_person(project, name, key):
    [event] = ingest(captured(project, name, "ada", **{key: "anon"}, __set={"a": 1}))

    person = Person.objects.get()
    assert person.uuid == person_uuid(project.id, "ada")
    assert distinct_ids_of(person) == {"ada", "anon"}
    assert person.is_identified
    assert person.properties == {"a": 1}
    assert event.person_id == person.uuid


@pytest.mark.parametrize(("name", "key"), IDENTIFY)
@pytest.mark.parametrize("existing", ["ada", "anon"])
def test_only_one_has_a_person(project, name, key, existing):
    ingest(captured(project, "x", existing, __set={"a": 1}))
    [event] = ingest(captured(project, name, "ada", 60, **{key: "anon"}, __set={"b": 1}))

    person = Person.objects.get()
    assert person.uuid == person_uuid(project.id, existing)
    assert distinct_ids_of(person) == {"ada", "anon"}
    assert person.is_identified
    assert person.properties == {"a": 1, "b": 1}
    assert person.created_at == NOON
    assert event.person_id == person.uuid


@pytest.mark.parametrize(("name", "key"), IDENTIFY)
def test_both_have_one(project, name, key):
    ingest(captured(project, "x", "ada", 30, __set={"a": "ada", "b": "ada"}))
    ingest(captured(project, "x", "anon", 0, __set={"a": "anon", "c": "anon"}))
    ingest(captured(project, "$identify", "anon", __anon_distinct_id="older"))
    Person.objects.update(is_identified=False)

    [event] = ingest(
        captured(project, name, "ada", 60, **{key: "anon"}, __set={"b": 1}, __set_once={"d": 1})
    )

    person = Person.objects.get()
    assert person.uuid == person_uuid(project.id, "ada")
    assert distinct_ids_of(person) == {"ada", "anon", "older"}
    assert person.properties == {"a": "ada", "b": 1, "c": "anon", "d": 1}
    assert person.created_at == NOON
    assert person.last_seen_at == NOON + timedelta(hours=1)
    assert person.is_identified
    assert event.person_id == person.uuid
    assert event.person_created_at == NOON


def test_both_have_the_same(project):
    ingest(captured(project, "$identify", "ada", __anon_distinct_id="anon"))
    Person.objects.update(is_identified=False)
    ingest(captured(project, "$identify", "anon", __anon_distinct_id="ada"))

    assert Person.objects.get().is_identified


@pytest.mark.parametrize("name", ["$identify", "$create_alias"])
def test_identified_other_is_refused(project, name):
    ingest(captured(project, "x", "ada"), captured(project, "x", "other"))
    Person.objects.update(is_identified=True)
    [event] = ingest(captured(project, name, "ada", alias="other", __anon_distinct_id="other"))

    assert Person.objects.count() == 2
    assert event.person_id == person_uuid(project.id, "ada")


def test_identified_other_is_merged_when_that_is_dangerous(project):
    ingest(captured(project, "x", "ada"), captured(project, "x", "other"))
    Person.objects.update(is_identified=True)
    ingest(captured(project, "$merge_dangerously", "ada", alias="other"))

    assert distinct_ids_of(Person.objects.get()) == {"ada", "other"}


def test_both_directions_of_an_alias(project):
    """Python's SDK sends the anonymous id as distinct_id; Node's and the browser's as alias."""
    one_by_one(
        captured(project, "x", "anon"),
        captured(project, "x", "user"),
        captured(project, "$create_alias", "anon", alias="user"),
    )

    person = Person.objects.get()
    assert distinct_ids_of(person) == {"anon", "user"}
    assert person.uuid == person_uuid(project.id, "anon")


def test_equal_ids_do_not_merge(project):
    ingest(captured(project, "$identify", "ada", __anon_distinct_id="ada"))

    person = Person.objects.get()
    assert not person.is_identified
    assert distinct_ids_of(person) == {"ada"}


ILLEGAL = [
    *("", "  ", "anonymous", "Guest", "DISTINCTID", "distinct_id", "id", "not_authenticated"),
    *("eMail", "undefined", "TRUE", "false", "[object Object]", "NaN", "None", "none", "null", "0"),
    *('"anonymous"', "'Guest'", "'null'", '"[object Object]"', " null ", '"0" '),
]


@pytest.mark.parametrize("illegal", ILLEGAL)
@pytest.mark.parametrize("name", ["$identify", "$create_alias", "$merge_dangerously"])
def test_illegal_ids_do_not_merge(project, name, illegal):
    ingest(
        captured(project, name, "ada", __anon_distinct_id=illegal, alias=illegal),
        captured(project, name, illegal or " ", __anon_distinct_id="ada", alias="ada"),
    )

    assert PersonDistinctId.objects.count() == Person.objects.count() == 2


@pytest.mark.parametrize("legal", ["nan", "NULL", "00", "'", '"ada', "anonymous1", "'ada'"])
def test_legal_ids_merge(project, legal):
    ingest(captured(project, "$identify", "bob", __anon_distinct_id=legal))

    assert distinct_ids_of(Person.objects.get()) == {"bob", legal}


@pytest.mark.parametrize(
    ("other", "distinct_ids"),
    [
        (None, {"ada"}),
        (0, {"ada"}),
        (True, {"ada"}),
        (23, {"ada", "23"}),
        (1.5, {"ada", "1.5"}),
        ({"b": 1, "a": 2}, {"ada", '{"a":2,"b":1}'}),
        ("x" * 300, {"ada", "x" * 200}),
    ],
)
@pytest.mark.parametrize("name", ["$identify", "$merge_dangerously"])
def test_other_ids_are_read_as_capture_reads_distinct_ids(project, name, other, distinct_ids):
    ingest(captured(project, name, "ada", __anon_distinct_id=other, alias=other))

    assert distinct_ids_of(Person.objects.get()) == distinct_ids


def test_identify_without_anonymous_id_merges_nothing(project):
    ingest(captured(project, "$identify", "ada", alias="other"))
    ingest(captured(project, "$create_alias", "bob", __anon_distinct_id="other"))

    assert Person.objects.filter(is_identified=False).count() == 2


def test_anonymous_id_that_was_personless_joins_the_person(project):
    [before, _, after] = one_by_one(
        captured(project, "x", "anon", __process_person_profile=False),
        captured(project, "$identify", "ada", __anon_distinct_id="anon"),
        captured(project, "x", "anon", __process_person_profile=False),
    )

    person = Person.objects.get()
    assert before.person_id == person_uuid(project.id, "anon")
    assert after.person_id == person.uuid
    assert distinct_ids_of(person) == {"ada", "anon"}


def test_chain_of_merges_in_one_batch(project):
    one_by_one(*(captured(project, "x", name, __set={name: 1}) for name in "abcd"))
    PersonDistinctId.objects.create(
        project=project, person=person_of(project, "a"), distinct_id="not in the batch"
    )
    ingest(
        captured(project, "$merge_dangerously", "b", alias="a"),
        captured(project, "$merge_dangerously", "c", alias="b"),
        captured(project, "$merge_dangerously", "d", alias="c"),
        captured(project, "$identify", "e", __anon_distinct_id="a"),
    )

    person = Person.objects.get()
    assert person.uuid == person_uuid(project.id, "d")
    assert distinct_ids_of(person) == {"a", "b", "c", "d", "e", "not in the batch"}
    assert person.properties == {"a": 1, "b": 1, "c": 1, "d": 1}


def test_person_made_and_merged_in_one_batch_leaves_no_row(project):
    ingest(
        captured(project, "x", "anon"),
        captured(project, "x", "ada"),
        captured(project, "$identify", "ada", __anon_distinct_id="anon"),
    )

    assert Person.objects.get().uuid == person_uuid(project.id, "ada")
    assert distinct_ids_of(Person.objects.get()) == {"ada", "anon"}


def test_projects_are_strangers(project):
    other = ProjectFactory(organization=project.organization)
    ingest(
        captured(project, "x", "ada", __set={"here": 1}),
        captured(other, "x", "ada", __set={"there": 1}),
        captured(project, "$identify", "bob", __anon_distinct_id="ada"),
    )

    assert person_of(project, "bob").properties == {"here": 1}
    assert person_of(other, "ada").properties == {"there": 1}


def test_uuid_of_a_split_person_is_not_given_twice(project):
    """A split can leave the uuid made from a distinct id with a person reached by another."""
    kept = PersonFactory(
        project=project, uuid=person_uuid(project.id, "ada"), distinct_ids=["another"]
    )
    [event] = ingest(captured(project, "x", "ada"))

    person = person_of(project, "ada")
    assert person != kept
    assert event.person_id == person.uuid != kept.uuid
    assert isinstance(person.uuid, UUID)
