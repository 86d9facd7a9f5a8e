"""Deletion of persons' events."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

import clickhouse
from clickhouse import outbox
from hogql.execution import run
from ingestion import queue
from ingestion.queue import is_digested_to
from ingestion.worker import Worker
from persons.erasing import erase_due
from persons.models import EventsDeletion, Person
from tests.factories import PersonFactory, ProjectFactory
from tests.hogql.store import add_events
from tests.persons.capturing import captured, ingest, person_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]

STATUS = "persons/deletion_status/"


def later() -> datetime:
    """When a deletion that is asked for now has settled."""
    return datetime.now(UTC) + timedelta(seconds=5)


def erase() -> int:
    return erase_due(later(), lambda moment: True)


def names(api, path="events/") -> list[str]:
    return [event["event"] for event in api.get(path).json()["results"]]


@pytest.fixture
def people(project):
    ingest(
        captured(project, "x", "anon"),
        captured(project, "$identify", "ada", __anon_distinct_id="anon"),
        captured(project, "x", "bob"),
    )
    outbox.deliver(None)
    add_events(
        project.id,
        {"event": "ada's", "distinct_id": "ada"},
        {"event": "anon's", "distinct_id": "anon"},
        {"event": "bob's", "distinct_id": "bob"},
        {
            "event": "received later",
            "distinct_id": "ada",
            "created_at": (later()).strftime("%Y-%m-%d %H:%M:%S.%f"),
        },
    )
    add_events(ProjectFactory().id, {"event": "elsewhere", "distinct_id": "ada"})
    return {name: person_of(project, name) for name in ("ada", "bob")}


def test_a_person_goes_with_its_events(api, project, people):
    ada = people["ada"]
    assert api.delete(f"persons/{ada.id}/?delete_events=true").status_code == 202

    assert not Person.objects.filter(id=ada.id).exists()
    (status,) = api.get(STATUS).json()["results"]
    assert (status["person_uuid"], status["status"]) == (str(ada.uuid), "pending")
    assert status["delete_verified_at"] is None

    assert erase() == 1
    assert sorted(names(api)) == ["bob's", "received later"]
    assert sorted(names(api, 'events/?where=["1 = 1"]')) == ["bob's", "received later"]
    assert run("SELECT count() FROM events", project).rows == [[2]]
    assert clickhouse.rows("SELECT count() FROM events WHERE event = 'elsewhere'") == [(1,)]
    (status,) = api.get(STATUS).json()["results"]
    assert status["status"] == "completed"
    assert status["delete_verified_at"] is not None
    assert erase() == 0


@pytest.mark.parametrize("way", ["delete", "post"])
def test_events_go_and_the_person_stays(api, people, way):
    path = f"persons/{people['ada'].id}/"
    if way == "delete":
        answer = api.delete(f"{path}?delete_events&keep_person")
    else:
        answer = api.post(f"{path}delete_events/")
    assert (answer.status_code, answer.content) == (202, b"")
    erase()

    assert Person.objects.count() == 2
    assert sorted(names(api)) == ["bob's", "received later"]


def test_recordings_are_none(api, people):
    path = f"persons/{people['ada'].id}/"
    assert api.post(f"{path}delete_recordings/").status_code == 202
    assert api.post("persons/999999/delete_recordings/").status_code == 404
    assert api.post("persons/999999/delete_events/").status_code == 404
    assert not EventsDeletion.objects.exists()


def test_many_persons_go_with_their_events(api, people):
    body = {"distinct_ids": ["anon", "bob", "nobody"], "delete_events": True}
    answer = api.post("persons/bulk_delete/", body)

    assert answer.json() == {
        "persons_found": 2,
        "persons_deleted": 2,
        "events_queued_for_deletion": True,
        "recordings_queued_for_deletion": False,
        "deletion_errors": [],
    }
    assert erase() == 2
    assert names(api) == ["received later"]


def test_events_that_are_on_their_way_go_too(api, project, people):
    def capture(uuid, distinct_id="ada"):
        event = {"uuid": str(uuid), "event": "late", "distinct_id": distinct_id, "properties": {}}
        event["timestamp"] = "2026-06-15T12:00:00+00:00"
        queue.put(project.id, [event], datetime.now(UTC))

    queued, digested = uuid4(), uuid4()
    capture(digested)
    worker = Worker()
    while worker.step():  # into the outbox
        pass
    capture(queued)
    api.delete(f"persons/{people['ada'].uuid}/?delete_events=1")

    assert erase_due(later(), is_digested_to) == 0
    assert EventsDeletion.objects.get().verified_at is None
    Worker().step()
    assert erase_due(later() + timedelta(seconds=2), is_digested_to) in (0, 1)
    outbox.deliver(None)
    erase_due(later() + timedelta(seconds=9), is_digested_to)
    assert EventsDeletion.objects.get().verified_at is not None
    assert "late" not in names(api)

    capture(uuid4())
    Worker().drain()
    outbox.deliver(None)
    assert "late" in names(api)


def test_nothing_is_deleted_before_it_has_settled(api, people):
    api.delete(f"persons/{people['ada'].id}/?delete_events=1")

    assert erase_due(datetime.now(UTC), lambda moment: True) == 0
    assert erase_due(later(), lambda moment: False) == 0
    assert len(names(api)) == 4


def test_a_store_that_is_away_is_asked_again(api, people, monkeypatch):
    api.delete(f"persons/{people['ada'].id}/?delete_events=1")

    def away(*args, **kwargs):
        raise clickhouse.Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(clickhouse, "command", away)
        assert erase() == 0
    assert erase() == 0  # not at once
    assert erase_due(later() + timedelta(minutes=1), lambda moment: True) == 1
    assert len(names(api)) == 2


def test_a_worker_that_was_killed_is_followed_by_another(api, people):
    api.delete(f"persons/{people['ada'].id}/?delete_events=1")
    EventsDeletion.objects.update(due_at=later() + timedelta(minutes=9))  # its claim

    assert erase() == 0
    assert erase_due(later() + timedelta(minutes=10), lambda moment: True) == 1


def test_deletions_are_listed(api, project, people):
    made = [
        EventsDeletion.objects.create(
            project=project,
            person_uuid=uuid4(),
            distinct_ids=[],
            created_at=datetime(2026, 1, day, tzinfo=UTC),
            verified_at=datetime(2026, 1, 9, tzinfo=UTC) if day == 2 else None,
        )
        for day in (1, 2, 3)
    ]
    EventsDeletion.objects.create(project=ProjectFactory(), person_uuid=uuid4(), distinct_ids=[])
    first, second, third = (str(deletion.person_uuid) for deletion in made)

    def found(query=""):
        return [row["person_uuid"] for row in api.get(f"{STATUS}{query}").json()["results"]]

    assert found() == found("?status=all") == [third, second, first]
    assert found("?status=pending") == [third, first]
    assert found("?status=completed") == [second]
    assert found(f"?person_uuid={first}") == [first]
    assert api.get(f"{STATUS}?status=completed").json()["results"] == [
        {
            "person_uuid": second,
            "created_at": "2026-01-02T00:00:00Z",
            "status": "completed",
            "delete_verified_at": "2026-01-09T00:00:00Z",
        }
    ]
    page = api.get(f"{STATUS}?limit=2").json()
    assert page["count"] == 3
    link = urlsplit(page["next"])._replace(scheme="", netloc="").geturl()
    assert [row["person_uuid"] for row in api.get(link).json()["results"]] == [first]


@pytest.mark.parametrize("query", ["status=done", "person_uuid=x"])
def test_bad_queries_are_refused(api, query):
    answer = api.get(f"{STATUS}?{query}")
    assert (answer.status_code, answer.json()["attr"]) == (400, query.split("=")[0])


def test_deleting_many_costs_the_same(api, project, django_assert_max_num_queries):
    for count in (1, 20):
        persons = [
            PersonFactory(project=project, distinct_ids=[f"{count} {n}"]) for n in range(count)
        ]
        body = {"ids": [str(person.uuid) for person in persons], "delete_events": True}
        with django_assert_max_num_queries(25):
            api.post("persons/bulk_delete/", body)
