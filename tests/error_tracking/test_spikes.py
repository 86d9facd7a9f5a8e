from datetime import UTC, datetime, timedelta

import pytest

from error_tracking.models import Issue, SpikeDetectionConfig, SpikeEvent
from error_tracking.spikes import detect_spikes
from notifications.models import Delivery, HogFunction
from tests.error_tracking.ingesting import deliver, exception, keep
from tests.factories import IssueFactory, ProjectFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def config(project):
    return SpikeDetectionConfig.objects.create(
        project=project, threshold=10, multiplier=4, snooze_duration_minutes=10
    )


def happen(project, times, minutes_ago, value="bad"):
    """So many exceptions at a time."""
    moment = NOW - timedelta(minutes=minutes_ago)
    return keep(*(exception(project, value=value, timestamp=moment) for _ in range(times)))


def test_a_spike_is_recorded_with_its_numbers(project, config):
    happen(project, 22, minutes_ago=30)
    (event, *_) = happen(project, 10, minutes_ago=2)
    (spike,) = detect_spikes(NOW)
    assert spike == SpikeEvent.objects.get()
    assert (spike.issue_id, spike.project, spike.detected_at) == (event.issue_id, project, NOW)
    assert (spike.computed_baseline, spike.current_bucket_value) == (2.0, 10.0)


@pytest.mark.parametrize(
    ("before", "current", "spikes"),
    [(0, 10, True), (0, 9, False), (22, 10, True), (33, 12, False), (33, 13, True)],
)
def test_a_spike_is_beyond_threshold_and_baseline(project, config, before, current, spikes):
    happen(project, before, minutes_ago=59)
    happen(project, current, minutes_ago=1)
    assert bool(detect_spikes(NOW)) is spikes


def test_what_was_an_hour_ago_and_what_is_to_come_does_not_count(project, config):
    happen(project, 20, minutes_ago=61)
    happen(project, 20, minutes_ago=0)
    assert detect_spikes(NOW) == []


def test_the_default_threshold_is_for_projects_that_set_none(project, config):
    happen(ProjectFactory(), 20, minutes_ago=1)
    assert detect_spikes(NOW) == []


def test_a_spike_is_snoozed(project, config):
    happen(project, 10, minutes_ago=2)
    assert len(detect_spikes(NOW)) == 1
    assert detect_spikes(NOW) == []
    assert detect_spikes(NOW + timedelta(minutes=1)) == []
    happen(project, 10, minutes_ago=-9)
    SpikeDetectionConfig.objects.update(multiplier=1)
    assert len(detect_spikes(NOW + timedelta(minutes=11))) == 1


@pytest.mark.parametrize("status", ["resolved", "suppressed", "archived"])
def test_only_open_issues_spike(project, config, status):
    happen(project, 10, minutes_ago=2)
    Issue.objects.update(status=status)
    assert detect_spikes(NOW) == []


def test_events_count_for_the_issue_they_belong_to_now(api, project, config):
    (one, *_) = happen(project, 6, minutes_ago=2, value="one")
    happen(project, 6, minutes_ago=2, value="two")
    assert detect_spikes(NOW) == []
    into = IssueFactory(project=project)
    for issue in Issue.objects.exclude(id=into.id):
        api.post(f"error_tracking/issues/{into.id}/merge/", {"ids": [str(issue.id)]})
    deliver()
    (spike,) = detect_spikes(NOW)
    assert (spike.issue, spike.current_bucket_value) == (into, 12)
    assert one.issue_id != into.id


def test_destinations_are_told_of_spikes(project, config):
    HogFunction.objects.create(
        project=project,
        type="internal_destination",
        template_id="template-webhook",
        name="Webhook",
        enabled=True,
        filters={"events": [{"id": "$error_tracking_issue_spiking", "type": "events"}]},
    )
    (event, *_) = happen(project, 10, minutes_ago=2)
    (spike,) = detect_spikes(NOW)
    (delivery,) = Delivery.objects.all()
    assert delivery.event_uuid == spike.id
    assert str(event.issue_id) in delivery.payload
    assert '"current_bucket_value":10' in delivery.payload
