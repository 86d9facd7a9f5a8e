import threading
from datetime import UTC, datetime

import orjson
import pytest
from django.db import OperationalError

from ingestion import queue
from ingestion.models import QueuedBatch

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.django_db
def test_events_are_kept_as_they_came(captured):
    event = captured(properties={"ключ": "😀", "n": [1, None]})

    queue.put(7, [event, captured()], NOW, historical=True)

    (batch,) = QueuedBatch.objects.all()
    assert (batch.project_id, batch.events, batch.received_at) == (7, 2, NOW)
    first, second = bytes(batch.payload).split(b"\n")
    assert orjson.loads(first) == {**event, "historical": True}
    assert batch.size == len(batch.payload)


@pytest.mark.django_db(transaction=True)
def test_put_returns_after_the_commit_and_wakes_the_worker(captured):
    queue.arrived.clear()

    queue.put(1, [captured()], NOW)

    assert QueuedBatch.objects.count() == 1
    assert queue.arrived.is_set()


@pytest.mark.django_db(transaction=True)
def test_requests_that_arrive_during_a_commit_share_the_next(captured, monkeypatch):
    groups, first_started, go_on = [], threading.Event(), threading.Event()
    insert = queue.insert

    def slow_insert(batches):
        groups.append(len(batches))
        first_started.set()
        go_on.wait(120)
        insert(batches)

    monkeypatch.setattr(queue, "insert", slow_insert)
    threads = [threading.Thread(target=queue.put, args=(1, [captured()], NOW)) for _ in range(20)]
    threads[0].start()
    first_started.wait(120)
    for thread in threads[1:]:
        thread.start()
    while queue.writer.inbox.qsize() < 19:
        pass
    go_on.set()
    for thread in threads:
        thread.join()

    assert groups == [1, 19]
    assert QueuedBatch.objects.count() == 20


@pytest.mark.django_db(transaction=True)
def test_a_commit_that_fails_fails_only_its_own_request(captured, monkeypatch):
    insert = queue.insert

    def picky_insert(batches):
        if any(batch.project_id == 666 for batch in batches):
            raise OperationalError("disk full")
        insert(batches)

    monkeypatch.setattr(queue, "insert", picky_insert)
    outcomes = {}

    def send(project_id):
        try:
            queue.put(project_id, [captured()], NOW)
            outcomes[project_id] = "ok"
        except queue.Unavailable as error:
            outcomes[project_id] = str(error)

    threads = [threading.Thread(target=send, args=(n,)) for n in (1, 2, 666)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes == {1: "ok", 2: "ok", 666: "disk full"}


def test_a_persons_events_share_a_lane_and_persons_spread(settings):
    settings.INGESTION_LANES = 8

    lanes = [queue.lane_of(1, f"user {n}") for n in range(200)]

    assert set(lanes) == set(range(8))
    assert queue.lane_of(1, "user 5") == lanes[5]


def test_a_request_is_split_by_lane_in_order(captured, settings):
    settings.INGESTION_LANES = 4
    events = [captured(distinct_id=f"user {n % 10}") for n in range(50)]

    batches = list(queue.by_lane(1, events, NOW, historical=False))

    assert sum(batch.events for batch in batches) == 50
    for batch in batches:
        lines = [orjson.loads(line) for line in batch.payload.split(b"\n")]
        assert {queue.lane_of(1, event["distinct_id"]) for event in lines} == {batch.lane}
        uuids = [event["uuid"] for event in events]
        assert [event["uuid"] for event in lines] == sorted(
            (event["uuid"] for event in lines), key=uuids.index
        )
