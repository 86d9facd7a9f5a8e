"""The copies of persons, distinct ids and groups that the analytics store joins with."""

import orjson
import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clickhouse import outbox
from clickhouse.models import OutboxBlock
from persons.models import Group, Person, PersonDistinctId
from persons.processing import apply_events
from tests.factories import ProjectFactory
from tests.persons.capturing import captured, ingest, person_of

pytestmark = pytest.mark.django_db


def deliver() -> None:
    refused = []
    while outbox.deliver(lambda *row: refused.append(row)):
        pass
    assert refused == []


def copied_persons(analytics, project) -> dict:
    rows = analytics.rows(
        "SELECT id, properties, is_identified, created_at FROM persons FINAL"
        " WHERE team_id = {project:Int64} AND NOT is_deleted",
        project=project.id,
    )
    return {
        uuid: (orjson.loads(properties), bool(identified), created_at)
        for uuid, properties, identified, created_at in rows
    }


def copied_distinct_ids(analytics, project) -> dict:
    return dict(
        analytics.rows(
            "SELECT distinct_id, person_id FROM person_distinct_ids FINAL"
            " WHERE team_id = {project:Int64} AND NOT is_deleted",
            project=project.id,
        )
    )


def assert_in_step(analytics, project) -> None:
    deliver()
    assert copied_persons(analytics, project) == {
        person.uuid: (person.properties, person.is_identified, person.created_at)
        for person in Person.objects.filter(project=project)
    }
    rows = PersonDistinctId.objects.filter(project=project)
    assert copied_distinct_ids(analytics, project) == dict(
        rows.values_list("distinct_id", "person__uuid")
    )


def test_copies_follow_creation_change_and_merge(analytics, project):
    ingest(
        captured(project, "x", "ada", __set={"a": 1}),
        captured(project, "x", "anon", -5.5, __set={"b": 1}),
        captured(project, "$identify", "eve", __anon_distinct_id="anon 2"),
    )
    assert_in_step(analytics, project)

    ingest(captured(project, "x", "ada", __set={"a": 2}))
    assert_in_step(analytics, project)

    ingest(
        captured(project, "$identify", "ada", __anon_distinct_id="anon"),
        captured(project, "$identify", "ada", __anon_distinct_id="anon 3"),
        captured(project, "$merge_dangerously", "anon 3", alias="eve"),
    )
    assert_in_step(analytics, project)
    assert len(copied_distinct_ids(analytics, project)) == 5


def test_person_made_again_with_the_same_uuid_outdoes_the_tombstone(analytics, project):
    ingest(captured(project, "x", "anon"), captured(project, "x", "ada"))
    ingest(captured(project, "$identify", "ada", __anon_distinct_id="anon"))
    PersonDistinctId.objects.all().delete()
    Person.objects.all().delete()
    ingest(captured(project, "x", "anon", __set={"again": True}))

    assert person_of(project, "anon").properties == {"again": True}
    deliver()
    person = person_of(project, "anon")
    assert copied_persons(analytics, project)[person.uuid][0] == {"again": True}
    assert copied_distinct_ids(analytics, project)["anon"] == person.uuid


def test_versions_grow_though_the_clock_stands_still(analytics, project, monkeypatch):
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000)
    for n in range(5):
        ingest(captured(project, "$set", "ada", __set={"n": n}))

    assert person_of(project, "ada").version == 1_000_004
    assert_in_step(analytics, project)


def test_each_change_is_copied_once(project):
    ingest(captured(project, "x", "ada", __set={"a": 1}), captured(project, "x", "ada", 1))
    ingest(captured(project, "x", "ada", __set={"a": 1}), captured(project, "x", "ada", 90))

    blocks = OutboxBlock.objects.values_list("table", "rows").order_by("id")
    assert list(blocks) == [("persons", 1), ("person_distinct_ids", 1)]


def test_groups_are_copied(analytics, project):
    for n in range(2):
        ingest(
            captured(
                project,
                "$groupidentify",
                __group_type="company",
                __group_key="acme",
                __group_set={"n": n},
            )
        )

    deliver()
    group = Group.objects.get()
    assert analytics.rows(
        "SELECT type_index, key, properties, created_at, updated_at FROM groups FINAL"
    ) == [(0, "acme", '{"n":1}', group.created_at, group.updated_at)]


def test_copies_go_into_the_lane_of_the_batch(project):
    with transaction.atomic():
        apply_events([captured(project, "x")], 3)

    assert set(OutboxBlock.objects.values_list("lane", flat=True)) == {3}


@pytest.mark.parametrize("number", [6.993970463783326e16, 1e300, -1e-300, 2**64 - 1])
def test_extreme_numbers_are_stored_once(analytics, project, number):
    for _ in range(2):
        ingest(captured(project, "$set", __set={"n": number, "of": [{"n": number}]}))

    assert float(person_of(project, "ada").properties["n"]) == float(number)
    assert list(OutboxBlock.objects.values_list("table", "rows").order_by("id")) == [
        ("persons", 1),
        ("person_distinct_ids", 1),
    ]
    deliver()


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(-1e15, 1e15) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(texts, json_values, max_size=4), min_size=1, max_size=8))
@example([{"n": [-0.0]}])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_json_is_stored_and_copied(analytics, organization, properties):
    project = ProjectFactory(organization=organization)
    ingest(*(captured(project, "$set", f"id {n}", __set=p) for n, p in enumerate(properties)))

    for n, expected in enumerate(properties):
        assert person_of(project, f"id {n}").properties == expected
    events = [captured(project, "$set", f"id {n}", __set=p) for n, p in enumerate(properties)]
    before = OutboxBlock.objects.count()
    ingest(*events)
    assert OutboxBlock.objects.count() == before, "the same again is no change"
    assert_in_step(analytics, project)
