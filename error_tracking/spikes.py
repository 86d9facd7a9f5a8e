"""Spikes: issues that suddenly happen far more often than before.

PostHog: rust/cymbal/src/modes/processing/stages/alerting/spike_detection.rs.
"""

from datetime import datetime, timedelta

from django.db import transaction

from error_tracking import queries
from error_tracking.alerting import tell_of_spike
from error_tracking.mailing import mail_of_spike
from error_tracking.models import Issue, SpikeDetectionConfig, SpikeEvent
from error_tracking.queries import Burst

BUCKET = timedelta(minutes=5)
BUCKETS_BEFORE = 11
"""The baseline is the mean of this many buckets: with the current one, an hour."""


def detect_spikes(now: datetime) -> list[SpikeEvent]:
    """Look for spikes in the last minutes and tell of them; to be called every minute or so.

    Any number of processes may call it: each spike is recorded once.
    """
    configs = {config.project_id: config for config in SpikeDetectionConfig.objects.all()}
    default = SpikeDetectionConfig()
    least = min(config.threshold for config in [default, *configs.values()])
    bucket_start = now - BUCKET
    found = queries.bursts(bucket_start - BUCKETS_BEFORE * BUCKET, bucket_start, now, least)
    spikes = [
        record(burst, config, now)
        for burst in found
        if is_spike(burst, config := configs.get(burst.project_id, default))
    ]
    return [spike for spike in spikes if spike]


def is_spike(burst: Burst, config: SpikeDetectionConfig) -> bool:
    return burst.current >= config.threshold and burst.current > baseline(burst) * config.multiplier


def baseline(burst: Burst) -> float:
    """Exceptions in a bucket, before."""
    return burst.before / BUCKETS_BEFORE


@transaction.atomic
def record(burst: Burst, config: SpikeDetectionConfig, now: datetime) -> SpikeEvent | None:
    """Record the spike, unless the issue's last one is too fresh or the issue is not open."""
    rows = Issue.objects.filter(
        id=burst.issue_id, project=burst.project_id, status=Issue.Status.ACTIVE
    )
    issue = rows.select_for_update().first()
    if issue is None:
        return None
    snoozed_since = now - timedelta(minutes=config.snooze_duration_minutes)
    if issue.spikes.filter(detected_at__gt=snoozed_since).exists():
        return None
    spike = SpikeEvent.objects.create(
        project_id=issue.project_id,
        issue=issue,
        detected_at=now,
        computed_baseline=baseline(burst),
        current_bucket_value=burst.current,
    )
    tell_of_spike(spike)
    mail_of_spike(spike)
    return spike
