"""The worker against real stores: what goes in comes out once, whatever fails in between."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import OperationalError

import clickhouse
from clickhouse import outbox
from clickhouse.models import OutboxBlock
from ingestion import dead_letters, digest, queue
from ingestion.models import DeadLetter, QueuedBatch
from persons.models import Person
from tests.factories import ProjectFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def exception(value: str = "boom") -> dict:
    frame = {"platform": "python", "filename": "a.py", "function": "f", "lineno": 1}
    stack = {"type": "raw", "frames": [frame]}
    return {"$exception_list": [{"type": "ValueError", "value": value, "stacktrace": stack}]}


def stored(project) -> list[str]:
    rows = clickhouse.rows(
        "SELECT uuid FROM events WHERE team_id = {id:Int64} ORDER BY timestamp, uuid",
        id=project.id,
    )
    return [str(uuid) for (uuid,) in rows]


def send(project, *events, **options) -> list[str]:
    queue.put(project.id, list(events), datetime.now(UTC), **options)
    return sorted(event["uuid"] for event in events)


def test_events_become_readable_with_person_and_issue(api, project, captured, worker):
    (uuid,) = send(
        project,
        captured(event="$exception", properties={**exception(), "$lib": "posthog-python"}),
    )

    worker.drain()

    event = api.get(f"events/{uuid}/?include_person=1").json()
    assert event["person"]["distinct_ids"] == ["ada"]
    issue = api.get(f"error_tracking/issues/{event['properties']['$exception_issue_id']}/").json()
    assert (issue["name"], issue["description"]) == ("ValueError", "boom")
    assert api.get("persons/?distinct_id=ada").json()["count"] == 1
    project.refresh_from_db()
    assert project.ingested_event
    assert not QueuedBatch.objects.exists()
    assert not OutboxBlock.objects.exists()


def test_a_resent_batch_is_stored_once(project, captured, worker):
    events = [captured(), captured(), captured()]

    uuids = send(project, *events)
    send(project, *events)
    worker.drain()
    send(project, *events)
    worker.drain()

    assert sorted(stored(project)) == uuids


def test_the_same_uuid_in_two_projects_is_two_events(project, captured, worker):
    other, event = ProjectFactory(), captured()

    send(project, event)
    send(other, event)
    worker.drain()

    assert stored(project) == stored(other) == [event["uuid"]]


@pytest.mark.parametrize("size", [1, 2, 9])
@pytest.mark.parametrize("poisonous", [0, 4, 8])
def test_a_poisonous_event_is_parked_and_the_rest_goes_on(
    project, captured, worker, monkeypatch, size, poisonous
):
    process = digest.error_tracking.processing.process

    def picky_process(events):
        if any("poison" in event.properties for event in events):
            raise ValueError("this one can't be digested")
        return process(events)

    monkeypatch.setattr(digest.error_tracking.processing, "process", picky_process)
    events = [captured(event="$exception", properties=exception(str(n))) for n in range(9)]
    events[poisonous]["properties"]["poison"] = True
    for start in range(0, 9, size):
        send(project, *events[start : start + size])

    worker.drain()

    good = sorted(event["uuid"] for event in events if "poison" not in event["properties"])
    assert sorted(stored(project)) == good
    letter = DeadLetter.objects.get()
    assert "this one can't be digested" in letter.error
    assert (letter.project_id, letter.stage) == (project.id, "digest")
    assert not QueuedBatch.objects.exists()

    monkeypatch.undo()
    dead_letters.requeue(letter)
    worker.drain()
    assert len(stored(project)) == 9
    assert not DeadLetter.objects.exists()


def test_a_row_that_clickhouse_refuses_is_parked(project, captured, worker, monkeypatch):
    good = send(project, captured(), captured())
    row_of = digest.store.__globals__["row"]
    monkeypatch.setitem(
        digest.store.__globals__,
        "row",
        lambda event: {**row_of(event), "team_id": "x"} if event.event == "bad" else row_of(event),
    )
    send(project, captured(event="bad"))

    worker.drain()

    assert sorted(stored(project)) == good
    assert DeadLetter.objects.get().stage == "clickhouse:events"


def test_what_clickhouse_could_not_take_waits_and_arrives_once(
    project, captured, worker, monkeypatch
):
    insert = clickhouse.insert

    def unreachable(*args, **kwargs):
        raise clickhouse.Unavailable

    monkeypatch.setattr(clickhouse, "insert", unreachable)
    uuids = send(project, captured(), captured())
    with pytest.raises(clickhouse.Unavailable):
        worker.drain()
    assert OutboxBlock.objects.count() > 0
    assert Person.objects.count() == 1

    monkeypatch.setattr(clickhouse, "insert", insert)
    worker.drain()

    assert sorted(stored(project)) == uuids
    assert not OutboxBlock.objects.exists()


def test_a_block_that_arrived_before_a_crash_is_not_doubled(project, captured, worker, monkeypatch):
    """The process dies between ClickHouse's answer and the removal from the outbox."""
    uuids = send(project, captured(), captured())
    insert = clickhouse.insert

    def insert_and_die(*args, **kwargs):
        insert(*args, **kwargs)
        raise SystemError("killed")

    monkeypatch.setattr(clickhouse, "insert", insert_and_die)
    with pytest.raises(SystemError):
        worker.drain()
    monkeypatch.setattr(clickhouse, "insert", insert)
    worker.drain()

    assert sorted(stored(project)) == uuids


def test_relational_effects_and_the_queue_change_together(project, captured, worker, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("the disk is gone")

    monkeypatch.setattr(digest, "store", fail)
    send(project, captured())

    with pytest.raises(OperationalError):
        worker.drain()

    assert QueuedBatch.objects.count() == 1
    assert not Person.objects.exists()


def test_database_errors_that_come_again_and_again_are_the_events_fault(
    project, captured, worker, monkeypatch
):
    store = digest.store

    def picky_store(events, lane):
        if any(event.event == "bad" for event in events):
            raise OperationalError("program limit exceeded")
        store(events, lane)

    monkeypatch.setattr(digest, "store", picky_store)
    good = send(project, captured(), captured())
    send(project, captured(event="bad"))
    for _ in range(5):
        with pytest.raises(OperationalError):
            worker.step()
        worker.failures += 1

    worker.drain()

    assert sorted(stored(project)) == good
    assert DeadLetter.objects.count() == 1


def test_events_of_a_deleted_project_go_with_it(project, captured, worker):
    send(project, captured())
    project.delete()

    worker.drain()

    assert not QueuedBatch.objects.exists()
    assert not DeadLetter.objects.exists()


def test_batches_are_bounded_in_bytes(project, captured, settings):
    settings.INGESTION_BATCH_BYTES = 10_000
    for _ in range(10):
        send(project, captured(properties={"text": "x" * 3_000}))

    first = digest.next_items(queue.lane_of(project.id, "ada"))

    assert len(first) == 3


def test_a_batch_costs_a_fixed_number_of_queries(project, captured, django_assert_max_num_queries):
    def events(count):
        return [
            captured(
                event="$exception" if n % 2 else "clicked",
                distinct_id=f"user {n}",
                properties=exception(str(n)) if n % 2 else {"$set": {"n": n}},
            )
            for n in range(count)
        ]

    lanes = {queue.lane_of(project.id, f"user {n}") for n in range(200)}
    send(project, *events(200))
    limit = 60 * len(lanes)

    with django_assert_max_num_queries(limit):
        for lane in lanes:
            digest.digest(lane)


def test_odd_texts_survive(api, project, captured, worker):
    properties = {
        "\u0001": "\ufffd",
        "emoji": "😀",
        "deep": {"": [[], {}]},
        "a.b": 1,
        "a": {"b": 2},
    }
    (uuid,) = send(project, captured(properties=properties, distinct_id="Ünïcode 'quoted\"\\"))

    worker.drain()

    event = api.get(f"events/{uuid}/").json()
    assert event["properties"] == properties
    assert event["distinct_id"] == "Ünïcode 'quoted\"\\"


def test_outbox_blocks_of_other_causes_are_delivered_too(worker):
    outbox.enqueue(
        "persons",
        [
            {
                "team_id": 1,
                "id": str(uuid4()),
                "created_at": "2026-01-01 00:00:00.000000",
                "properties": "{}",
                "is_identified": 0,
                "is_deleted": 0,
                "version": 1,
            }
        ],
    )

    worker.drain()

    assert clickhouse.rows("SELECT count() FROM persons") == [(1,)]
