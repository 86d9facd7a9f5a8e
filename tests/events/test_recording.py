"""Definitions that ingestion makes."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.definitions import recording
from events.definitions.detection import detect
from events.definitions.recording import record
from events.models import EventDefinition, EventProperty, PropertyDefinition
from hogql.execution import run
from ingestion import queue
from ingestion.worker import Worker
from persons.models import GroupType
from tests.factories import ProjectFactory
from tests.hogql.store import add_events
from tests.persons.capturing import NOON, captured

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nothing_seen():
    recording.seen.clear()
    yield
    recording.seen.clear()


def definitions(project, type="event") -> dict[str, str | None]:
    rows = PropertyDefinition.objects.filter(project=project, type=type)
    return dict(rows.values_list("name", "property_type"))


def pairs(project) -> set[tuple[str, str]]:
    rows = EventProperty.objects.filter(project=project)
    return set(rows.values_list("event", "property"))


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("n", 1, "Numeric"),
        ("n", 1.5, "Numeric"),
        ("n", "12", "String"),
        ("n", True, "Boolean"),
        ("n", "true", "Boolean"),
        ("n", "FALSE", "Boolean"),
        ("n", "True", "String"),
        ("n", None, None),
        ("n", [1], None),
        ("n", {"a": 1}, None),
        ("utm_source", 5, "String"),
        ("UTM_Source", None, "String"),
        ("$initial_utm_term", 5, "String"),
        ("$feature/beta", True, "String"),
        ("$feature_flag_response", True, "String"),
        ("$survey_response_2", 4, "String"),
        ("created_at", int(NOW.timestamp()), "DateTime"),
        ("created_at", int(NOW.timestamp()) * 1000, "DateTime"),
        ("created_at", int((NOW - timedelta(days=400)).timestamp()), "Numeric"),
        ("timeout", 5, "Numeric"),
        ("createdAt", int(NOW.timestamp()), "DateTime"),
        ("amount", int(NOW.timestamp()), "Numeric"),
        ("when", "2026-11-21T12:00:00Z", "DateTime"),
        ("when", "2026-11-21 12:00:00.123+02:00", "DateTime"),
        ("when", "2026-11-21", "DateTime"),
        ("when", "2026/11/21", "DateTime"),
        ("when", "21-11-2026", "DateTime"),
        ("when", "21/11/2026 10:30", "DateTime"),
        ("when", "2026/11-21", "String"),
        ("when", "2026-13-01", "String"),
        ("when", "Sat, 21 Nov 2026 12:00:00 +0000", "DateTime"),
        ("when", "Sat, 21 Nov 2026", "String"),
        ("when", "12:00", "String"),
        ("when", "", "String"),
    ],
)
def test_types_are_detected(key, value, expected):
    assert detect(key, value, NOW) == expected


def test_an_event_defines_itself_its_properties_and_their_pairs(project):
    record(
        [
            captured(project, "bought", price=5, label="x", at="2026-01-02", **{"$feature/a": "b"}),
            captured(project, "seen", minutes=5, price="free", gone=None, **{"__set": {"plan": 1}}),
            captured(
                project, "bought", minutes=9, **{"__set_once": {"first": True}, "$groups": {}}
            ),
        ]
    )

    event = EventDefinition.objects.get(project=project, name="bought")
    assert (event.created_at, event.last_seen_at) == (NOON + timedelta(minutes=9),) * 2
    assert definitions(project) == {
        "price": "Numeric",
        "label": "String",
        "at": "DateTime",
        "$feature/a": "String",
        "gone": None,
    }
    assert definitions(project, "person") == {"plan": "Numeric", "first": "Boolean"}
    assert pairs(project) == {
        ("bought", "price"),
        ("bought", "label"),
        ("bought", "at"),
        ("seen", "price"),
        ("seen", "gone"),
    }


def test_a_groupidentify_defines_only_properties_of_its_group_type(project):
    GroupType.objects.create(project=project, name="company", index=2)
    sent = {"__group_type": "company", "__group_key": "acme", "__group_set": {"seats": 5}}
    record([captured(project, "$groupidentify", more=1, **sent)])

    (definition,) = PropertyDefinition.objects.filter(project=project)
    assert (definition.type, definition.group_type_index) == ("group", 2)
    assert (definition.name, definition.property_type) == ("seats", "Numeric")
    assert EventDefinition.objects.get(project=project).name == "$groupidentify"


def test_the_first_known_type_stays(project):
    record([captured(project, "a", n=None)])
    assert definitions(project) == {"n": None}
    record([captured(project, "a", n=5)])
    assert definitions(project) == {"n": "Numeric"}
    record([captured(project, "a", n="text")])
    assert definitions(project) == {"n": "Numeric"}


def test_long_names_have_no_definition(project):
    record([captured(project, "a", **{"é" * 101: 1, "é" * 100: 1}), captured(project, "é" * 101)])

    assert definitions(project) == {"é" * 100: "Numeric"}
    assert list(EventDefinition.objects.values_list("name", flat=True)) == ["a"]


def test_dropped_events_define_nothing(project):
    event = captured(project, "a", n=1)
    event.dropped = True
    record([event])

    assert not EventDefinition.objects.exists()
    assert not PropertyDefinition.objects.exists()


def test_projects_do_not_share_definitions(project):
    other = ProjectFactory()
    record([captured(project, "a", n=1), captured(other, "a", n="x")])

    assert definitions(project) == {"n": "Numeric"}
    assert definitions(other) == {"n": "String"}


def test_what_is_seen_already_costs_no_query(
    project, django_assert_num_queries, django_capture_on_commit_callbacks
):
    batch = [
        captured(project, "a", n=1, nothing=None, __set={"plan": "x", "empty": None}, __groups={}),
        captured(project, "b", n=1),
    ]
    with django_capture_on_commit_callbacks(execute=True):
        record(batch)
    with django_assert_num_queries(0):
        record(batch)
    with django_capture_on_commit_callbacks(execute=True):
        record([captured(project, "a", nothing=5, fresh=1)])

    assert definitions(project)["nothing"] == "Numeric"
    assert pairs(project) >= {("a", "fresh"), ("a", "nothing"), ("b", "n")}


@pytest.mark.parametrize("count", [1, 200])
def test_the_number_of_queries_does_not_grow_with_the_batch(
    project, count, django_assert_max_num_queries, monkeypatch
):
    monkeypatch.setattr("django.db.connection.features.max_query_params", 250_000)
    batch = [captured(project, f"event {n}", **{f"p{n}": n, "n": n}) for n in range(count)]
    with django_assert_max_num_queries(6):
        record(batch)


def test_what_is_rolled_back_is_not_taken_for_seen(transactional_db):
    project = ProjectFactory()
    with transaction.atomic():
        record([captured(project, "a", n=1)])
        transaction.set_rollback(True)
    record([captured(project, "a", n=1)])

    assert definitions(project) == {"n": "Numeric"}


def test_last_seen_moves_on_and_never_back(project):
    for minutes, expected in [(0, 0), (9, 9), (5, 9)]:
        recording.seen.clear()
        record([captured(project, "a", minutes=minutes)])
        event = EventDefinition.objects.get(project=project)
        assert event.last_seen_at == NOON + timedelta(minutes=expected)
        assert event.created_at == NOON


NAMES = st.sampled_from(["a", "b", "$set", "$feature/x", "$group_1", "c d"])
VALUES = st.sampled_from([None, 1, "x", True, [1], "2026-01-01"])


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("xyz"), st.dictionaries(NAMES, VALUES)), max_size=4),
        max_size=4,
    )
)
def test_batches_define_what_one_by_one_would(project, batches):
    """The memory of what was seen changes nothing but the number of queries."""
    EventDefinition.objects.all().delete()
    PropertyDefinition.objects.all().delete()
    EventProperty.objects.all().delete()
    recording.seen.clear()
    expected, paired = {}, set()
    for batch in batches:
        events = [captured(project, name, **sent) for name, sent in batch]
        for event in events:
            for name, value in event.properties.items():
                if name not in recording.UNDEFINED:
                    expected[name] = expected.get(name) or detect(name, value, NOW)
                    if not name.startswith("$feature/"):
                        paired.add((event.event, name))
        news = recording.News(NOW)
        for event in events:
            news.add(event, {})
        recording.save_events(news)
        recording.save_properties(news)
        recording.save_pairs(news)
        recording.seen.add(news)

    assert definitions(project) == expected
    assert pairs(project) == paired


def test_captured_events_are_defined_and_queries_know_their_types(project, analytics):
    event = {
        "uuid": "00000000-0000-4000-8000-000000000001",
        "event": "bought",
        "distinct_id": "ada",
        "timestamp": "2026-06-15T12:00:00+00:00",
        "properties": {"price": 9, "$set": {"age": 30}, "$elements": [{"tag_name": "a"}]},
    }
    queue.put(project.id, [event], NOON)
    Worker().drain()
    add_events(project.id, {"event": "bought", "properties": {"price": 10}})

    assert definitions(project) == {"price": "Numeric"}
    assert definitions(project, "person") == {"age": "Numeric"}
    result = run("select max(properties.price) from events", project)
    assert result.rows == [[10.0]]  # as text, "9" is more than "10"
    assert run("select count() from events where properties.price > 9.5", project).rows == [[1]]
    assert run("select person.properties.age + 1 from events limit 1", project).rows == [[31.0]]
