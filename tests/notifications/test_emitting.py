"""Events on their way to destinations: which are enqueued, and for whom."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from notifications.destinations import retire
from notifications.events import emit, emit_captured
from notifications.models import Delivery
from posthog_clone.captured import CapturedEvent
from tests.factories import ActionFactory, ProjectFactory
from tests.notifications.delivering import logs_of, metrics_of, run, webhook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]
NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_only_enabled_internal_destinations_of_the_project_that_want_it(make, outside, project):
    def named(name, **fields):
        return make(**{**webhook(outside.url(f"/{name}")), **fields})

    named("all")
    named("alert", filters={"events": [{"id": "x"}], "properties": [{"key": "a", "value": "1"}]})
    named("another", filters={"events": [{"id": "y"}]})
    named("wrong", filters={"properties": [{"key": "a", "value": "2"}]})
    named("disabled", enabled=False)
    named("captured", type="destination")
    deleted = named("deleted")
    deleted.deleted = True
    deleted.save()

    assert emit(project, "x", "d", {"a": 1}) == 2
    assert emit(ProjectFactory(), "x", "d", {"a": 1}) == 0
    run()

    assert {request.path for request in outside.received} == {"/all", "/alert"}


def test_an_event_is_delivered_once_to_each(hook, outside, project):
    uuid = uuid4()

    for _ in range(3):
        emit(project, "x", "d", {}, uuid=uuid)
        run()

    assert len(outside.received) == 1


def test_nothing_is_delivered_of_what_did_not_happen(hook, outside, project):
    with transaction.atomic():
        emit(project, "x", "d", {})
        transaction.set_rollback(True)

    assert run() == 0


def test_what_waits_for_one_destination_is_bounded(hook, project, api, monkeypatch):
    monkeypatch.setattr("notifications.events.MAX_WAITING", 2)

    assert [emit(project, "x", "d", {}) for _ in range(4)] == [1, 1, 0, 0]

    assert Delivery.objects.count() == 2
    assert logs_of(api, hook)[0] == ("ERROR", "Dropped 1 events: 2 are waiting already.")
    assert metrics_of(api, hook) == {"failure": 2}


def test_costs_of_emitting(hook, project, django_assert_num_queries):
    with django_assert_num_queries(3 + 2):  # functions, waiting, insert; savepoint
        emit(project, "x", "d", {})
    with django_assert_num_queries(1):
        emit_captured([captured(project.id) for _ in range(50)])
    with django_assert_num_queries(1):
        assert run(after=-3600) == 0


def test_the_actions_of_all_destinations_cost_one_query(
    make, outside, project, django_assert_num_queries
):
    actions = [ActionFactory(project=project, steps=[{"event": name}]) for name in ("x", "y")]
    for action in actions:
        filters = {"actions": [{"id": action.id}]}
        make(**{**webhook(outside.url("/")), "type": "destination", "filters": filters})
    events = [captured(project.id, event=name) for name in ("y", "z")]

    with django_assert_num_queries(4 + 2):  # functions, actions, waiting, insert; savepoint
        assert emit_captured(events) == 1


def test_retired_destinations_are_gone(make, outside, project):
    def alert(id):
        return {"properties": [{"key": "alert_id", "value": id, "operator": "exact"}]}

    gone = make(**webhook(outside.url()), filters=alert("a1"))
    kept = make(**webhook(outside.url()), filters=alert("a2"))
    make(**webhook(outside.url()))

    assert retire(project, "alert_id", "a1") == 1

    gone.refresh_from_db()
    kept.refresh_from_db()
    assert (gone.deleted, gone.enabled, kept.deleted) == (True, False, False)


# Captured events


def captured(project_id, **fields) -> CapturedEvent:
    return CapturedEvent(
        **{
            "project_id": project_id,
            "uuid": uuid4(),
            "event": "clicked",
            "distinct_id": "ada",
            "timestamp": NOW,
            "received_at": NOW,
            "properties": {"a": 1, "$elements": [{"tag_name": "a"}], "nul": "a\0b"},
            "person_id": UUID(int=5),
            "person_properties": {"email": "ada@x.org"},
            **fields,
        }
    )


def test_captured_events_reach_their_destinations(make, outside, project, settings):
    settings.SITE_URL = "https://ph.example"
    make(**{**webhook(outside.url("/all")), "type": "destination"})
    make(**webhook(outside.url("/internal")))
    event = captured(project.id)

    assert emit_captured([event, captured(ProjectFactory().id)]) == 1
    run()

    (received,) = outside.received
    base = f"https://ph.example/project/{project.id}"
    assert received.json() == {
        "event": {
            "uuid": str(event.uuid),
            "event": "clicked",
            "distinct_id": "ada",
            "timestamp": "2026-05-06T07:08:09Z",
            "url": f"{base}/events/{event.uuid}/2026-05-06T07%3A08%3A09Z",
            "elements_chain": "a",
            "properties": {"a": 1, "nul": "a\0b"},
        },
        "person": {
            "id": str(UUID(int=5)),
            "name": "ada@x.org",
            "url": f"{base}/persons/{UUID(int=5)}",
            "properties": {"email": "ada@x.org"},
        },
    }
    assert "$elements" in event.properties  # for the store


def test_events_that_are_dropped_old_or_personless(make, outside, project):
    make(**{**webhook(outside.url("/all")), "type": "destination"})

    emit_captured(
        [
            captured(project.id, dropped=True),
            captured(project.id, historical=True),
            captured(project.id, person_mode="propertyless", person_properties={}),
        ]
    )
    run()

    (received,) = outside.received
    assert received.json()["person"] is None
