"""Workers that are about the same persons at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Barrier

import pytest
from django.db import connection, transaction
from rest_framework.exceptions import NotFound

from persons.changing import set_properties
from persons.deletion import delete_persons
from persons.models import Group, GroupType, Person, PersonDistinctId, person_uuid
from persons.processing import apply_events, storing
from persons.splitting import keep_only
from tests.factories import OrganizationFactory, ProjectFactory
from tests.persons.capturing import captured, distinct_ids_of, ingest
from tests.persons.test_processing_copies import assert_in_step

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project(transactional_db):
    return ProjectFactory(organization=OrganizationFactory())


def at_once(*jobs) -> None:
    """Do each job in a thread with a connection of its own, all starting together."""
    start = Barrier(len(jobs))

    def work(job):
        try:
            start.wait(120)
            job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        for future in [pool.submit(work, job) for job in jobs]:
            future.result(60)


def ingesting(events):
    return partial(ingest, *events)


@pytest.mark.parametrize("round", range(3))
def test_two_workers_meet_the_same_new_persons(project, round):
    names = [f"user {n}" for n in range(50)]
    batches = [
        [captured(project, "x", name, __set={key: 1}) for name in order]
        for key, order in (("one", names), ("two", names[::-1]))
    ]
    at_once(*map(ingesting, batches))

    assert Person.objects.count() == PersonDistinctId.objects.count() == 50
    for person in Person.objects.all():
        assert person.properties == {"one": 1, "two": 1}
    for event in sum(batches, []):
        assert event.person_id == person_uuid(project.id, event.distinct_id)


@pytest.mark.parametrize("round", range(3))
def test_workers_merge_and_change_the_same_persons(project, round):
    ingest(*(captured(project, "x", name) for name in "abcdef"))
    batches = [
        [captured(project, "$merge_dangerously", "a", alias=name) for name in "bcd"],
        [captured(project, "$merge_dangerously", "d", alias=name) for name in "efa"],
        [captured(project, "$set", name, __set={name: 1}) for name in "fedcba"],
        [captured(project, "$identify", name, __anon_distinct_id="new") for name in "fa"],
    ]
    at_once(*map(ingesting, batches))

    [person] = Person.objects.all()
    assert distinct_ids_of(person) == {*"abcdef", "new"}
    assert person.properties == dict.fromkeys("abcdef", 1)


def test_workers_meet_the_same_new_groups(project):
    batches = [
        [
            captured(
                project,
                "$groupidentify",
                f"server {worker}",
                __group_type=f"type {n}",
                __group_key="k",
                __group_set={f"worker {worker}": 1},
            )
            for n in order
        ]
        for worker, order in enumerate([(0, 1, 2), (2, 1, 0), (1, 0, 2)])
    ]
    at_once(*map(ingesting, batches))

    assert sorted(GroupType.objects.values_list("index", flat=True)) == [0, 1, 2]
    assert [group.properties for group in Group.objects.all()] == 3 * [
        {"worker 0": 1, "worker 1": 1, "worker 2": 1}
    ]


def test_events_and_hands_change_the_same_persons(project, analytics):
    """Whoever comes first: no distinct id is lost or doubled, and the copies are in step."""
    names = "abcdefgh"

    def keep_ingesting():
        for n in range(10):
            ingest(*(captured(project, "$set", name, __set={"n": n}) for name in names))

    def keep_merging():
        for name in names[1:]:
            ingest(captured(project, "$merge_dangerously", name, alias=names[0]))

    def keep_changing(change):
        for _ in range(15):
            for person in Person.objects.order_by("?")[:2]:
                with suppress(NotFound):
                    change(person)

    at_once(
        keep_ingesting,
        keep_ingesting,
        keep_merging,
        partial(keep_changing, lambda person: delete_persons(project, [person.id], user=None)),
        partial(keep_changing, lambda person: keep_only(person, None, user=None)),
        partial(keep_changing, lambda person: set_properties(person, {"by": "hand"}, user=None)),
    )
    ingest(*(captured(project, "x", name) for name in names))

    rows = PersonDistinctId.objects.values_list("distinct_id", flat=True)
    assert sorted(rows) == list(names)
    assert not Person.objects.filter(distinct_id_rows=None).exists()
    assert_in_step(analytics, project)


def test_distinct_id_that_moves_between_two_looks_is_looked_up_again(project, monkeypatch):
    """As when a merge commits after the persons were asked for, and before the distinct ids."""
    ingest(captured(project, "x", "ada"))
    taken_away = iter([True])
    load = storing.load_profiles

    def load_once_too_late(events, **options):
        if next(taken_away, False):
            raise storing.Moved
        return load(events, **options)

    monkeypatch.setattr(storing, "load_profiles", load_once_too_late)
    ingest(captured(project, "x", "ada", __set={"a": 1}))

    assert Person.objects.get().properties == {"a": 1}


def test_failure_leaves_nothing_behind(project):
    def fail():
        with transaction.atomic():
            apply_events([captured(project, "x", "ada")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert not Person.objects.exists()
