"""The dashboard, and what operators do about events that could not be digested."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

import clickhouse
from ingestion import dashboard, dead_letters, queue
from ingestion.models import DeadLetter, QueuedBatch

EVENT = {
    "uuid": "0190a8b0-0000-7000-8000-000000000001",
    "event": "purchase",
    "distinct_id": "anna",
    "timestamp": "2026-01-02T03:04:05+00:00",
    "properties": {"amount": 12},
}


@pytest.fixture
def letter(project):
    dead_letters.park(
        "digest",
        json.dumps(EVENT).encode(),
        "KeyError: 'amount'",
        project_id=project.id,
        received_at=timezone.now(),
    )
    return DeadLetter.objects.get()


def act(admin, action, *letters):
    form = {"action": action, "_selected_action": [letter.pk for letter in letters]}
    url = reverse("admin:ingestion_deadletter_changelist")
    return admin.post(url, form, follow=True).content.decode()


def test_the_dashboard_shows_what_waits(admin, analytics, project, letter):
    queue.put(project.id, [EVENT, EVENT], timezone.now() - timedelta(minutes=5))

    page = admin.get("/admin/").content.decode()

    assert "2 events" in page
    assert "300." in page
    assert "See the log".lower() in page.lower()
    assert "Dead letters" in page
    assert "Free disk" in page


def test_the_dashboard_counts_the_events_of_the_last_hours(analytics, project):
    now = timezone.now().replace(minute=30)
    rows = [
        event_row(project, "$exception", now),
        event_row(project, "purchase", now),
        event_row(project, "purchase", now - timedelta(hours=23)),
        event_row(project, "purchase", now - timedelta(hours=25)),
    ]
    clickhouse.insert("events", "\n".join(json.dumps(row) for row in rows).encode())

    hours = dashboard.events_by_hour(now)

    assert len(hours) == 24
    assert hours[-1] == (now.replace(minute=0, second=0, microsecond=0), 2, 1)
    assert hours[0][1:] == (1, 0)
    assert sum(total for _, total, _ in hours) == 3
    assert json.loads(dashboard.chart(hours))["datasets"][0]["data"][-1] == 1


def event_row(project, event, timestamp: datetime):
    return {
        "team_id": project.id,
        "timestamp": timestamp.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
        "uuid": str(uuid4()),
        "event": event,
        "distinct_id": "anna",
        "properties": "{}",
    }


def test_the_dashboard_opens_while_the_analytics_store_is_away(admin, monkeypatch):
    def away(*args, **kwargs):
        raise clickhouse.Unavailable

    monkeypatch.setattr(clickhouse, "rows", away)
    assert "analytics store is not available" in admin.get("/admin/").content.decode()


def test_a_dead_letter_shows_its_error_and_event(admin, letter):
    page = admin.get(reverse("admin:ingestion_deadletter_change", args=[letter.pk]))
    text = page.content.decode()
    assert "KeyError" in text
    assert "purchase" in text


def test_a_dead_letter_that_is_no_json_is_shown_as_it_is(admin):
    dead_letters.park("events", b"\xff not json", "refused")
    letter = DeadLetter.objects.get()
    page = admin.get(reverse("admin:ingestion_deadletter_change", args=[letter.pk]))
    assert "not json" in page.content.decode()


def test_dead_letters_go_back_into_the_queue(admin, letter, project):
    page = act(admin, "requeue", letter)

    assert "1 put back into the queue" in page
    assert not DeadLetter.objects.exists()
    batch = QueuedBatch.objects.get()
    assert (batch.project_id, batch.events) == (project.id, 1)
    assert b"purchase" in bytes(batch.payload)


def test_a_row_that_clickhouse_refused_stays_a_dead_letter(admin):
    dead_letters.park("events", b"{}", "refused")
    page = act(admin, "requeue", DeadLetter.objects.get())
    assert "1 left here" in page
    assert DeadLetter.objects.count() == 1


def test_dead_letters_can_be_deleted(admin, letter):
    admin.post(reverse("admin:ingestion_deadletter_delete", args=[letter.pk]), {"post": "yes"})
    assert not DeadLetter.objects.exists()


def test_the_queue_can_not_be_touched(admin, project):
    queue.put(project.id, [EVENT], timezone.now())
    batch = QueuedBatch.objects.get()
    page = admin.get(reverse("admin:ingestion_queuedbatch_change", args=[batch.pk]))
    assert page.status_code == 200
    assert "purchase" not in page.content.decode()
    url = reverse("admin:ingestion_queuedbatch_delete", args=[batch.pk])
    assert admin.post(url, {"post": "yes"}).status_code == 403
