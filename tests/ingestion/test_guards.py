from collections import namedtuple
from datetime import UTC, datetime, timedelta

import pytest

from ingestion import guards, queue, status

pytestmark = pytest.mark.django_db

Usage = namedtuple("Usage", "total used free")


def test_nothing_is_shut_by_default():
    guards.check(1, 1_000)


def test_the_rate_of_a_project_is_limited_and_tells_when_to_come_back(settings):
    settings.MAX_EVENTS_PER_MINUTE = 60
    guards.check(1, 60)

    with pytest.raises(guards.Shut) as shut:
        guards.check(1, 10)

    assert (shut.value.status, shut.value.retry_after) == (429, 10)
    guards.check(2, 60)


def test_a_batch_larger_than_a_minutes_events_passes_a_full_bucket(settings):
    settings.MAX_EVENTS_PER_MINUTE = 10

    guards.check(1, 500)

    with pytest.raises(guards.Shut):
        guards.check(1, 1)


def test_a_long_backlog_shuts(settings, captured):
    settings.MAX_QUEUED_EVENTS = 2
    queue.put(1, [captured(), captured()], datetime.now(UTC))

    with pytest.raises(guards.Shut) as shut:
        guards.check(1, 1)

    assert shut.value.status == 503


def test_a_full_disk_shuts(settings, monkeypatch):
    monkeypatch.setattr(status.shutil, "disk_usage", lambda path: Usage(100, 99, 1))

    with pytest.raises(guards.Shut) as shut:
        guards.check(1, 1)

    assert shut.value.status == 503
    assert "disk" in shut.value.text


def test_ready_while_events_are_digested_in_time(client, captured, settings):
    queue.put(1, [captured()], datetime.now(UTC))

    answer = client.get("/_readyz")

    assert answer.status_code == 200
    assert answer.json()["queued_events"] == 1


def test_not_ready_when_accepted_events_wait_too_long(client, captured, settings):
    queue.put(1, [captured()], datetime.now(UTC) - timedelta(minutes=5))

    answer = client.get("/_readyz")

    assert answer.status_code == 503
    assert answer.json()["status"] == "lagging"
    assert answer.json()["lag_seconds"] > 290
