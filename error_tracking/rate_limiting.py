"""Limits a project has set: so many exceptions in so many minutes, in all and of each issue."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from error_tracking.linking import Linkable
from error_tracking.models import ErrorTrackingSettings, RateLimitBucket

WHOLE_PROJECT = ""
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")

Key = tuple[int, str]
"""Project and subject: an issue, or all of the project."""


@dataclass(frozen=True, slots=True)
class Limit:
    value: int
    minutes: int

    def bucket_start(self, now: datetime) -> datetime:
        size = timedelta(minutes=self.minutes)
        return now - (now - EPOCH) % size


def drop_excess(
    exceptions: Sequence[Linkable], is_exempt: Callable[[Linkable], bool] = lambda exception: False
) -> None:
    """Drop what goes beyond its project's limits, in order; the rest is counted, but for those that
    are exempt.

    To be called in the transaction that stores the events. Where nothing is limited, it costs one
    query.
    """
    limits = find_limits({exception.event.project_id for exception in exceptions})
    limited = [
        exception
        for exception in exceptions
        if exception.event.project_id in limits and not is_exempt(exception)
    ]
    if not limited:
        return
    now = timezone.now()
    wanted = {key: limit for exception in limited for key, limit in keys_of(exception, limits)}
    buckets = lock_buckets(wanted, now)
    for exception in limited:
        own = [(buckets[key], limit) for key, limit in keys_of(exception, limits)]
        if any(bucket.taken >= limit.value for bucket, limit in own):
            exception.event.dropped = True
            continue
        for bucket, _ in own:
            bucket.taken += 1
    RateLimitBucket.objects.bulk_update(buckets.values(), ["started_at", "taken"])


@dataclass(frozen=True, slots=True)
class Limits:
    project: Limit | None
    issue: Limit | None


def find_limits(project_ids: set[int]) -> dict[int, Limits]:
    rows = ErrorTrackingSettings.objects.filter(project__in=project_ids)
    limits = {
        row.project_id: Limits(
            limit(row.project_rate_limit_value, row.project_rate_limit_bucket_size_minutes),
            limit(row.per_issue_rate_limit_value, row.per_issue_rate_limit_bucket_size_minutes),
        )
        for row in rows
    }
    return {id: found for id, found in limits.items() if found.project or found.issue}


def limit(value: int | None, minutes: int | None) -> Limit | None:
    """It takes both numbers to be one."""
    return Limit(value, minutes) if value and minutes else None


def keys_of(exception: Linkable, limits: dict[int, Limits]) -> list[tuple[Key, Limit]]:
    event = exception.event
    found = limits[event.project_id]
    keys = []
    if found.project:
        keys.append(((event.project_id, WHOLE_PROJECT), found.project))
    if found.issue:
        keys.append(((event.project_id, str(event.issue_id)), found.issue))
    return keys


def lock_buckets(wanted: dict[Key, Limit], now: datetime) -> dict[Key, RateLimitBucket]:
    """The current buckets, made where there are none yet, locked in one order."""
    RateLimitBucket.objects.bulk_create(
        [
            RateLimitBucket(project_id=project_id, subject=subject, started_at=now)
            for project_id, subject in sorted(wanted)
        ],
        ignore_conflicts=True,
    )
    rows = RateLimitBucket.objects.filter(
        project__in={project_id for project_id, _ in wanted},
        subject__in={subject for _, subject in wanted},
    )
    found = {}
    for row in rows.order_by("project", "subject").select_for_update():
        key = (row.project_id, row.subject)
        if key not in wanted:
            continue
        start = wanted[key].bucket_start(now)
        if row.started_at < start:
            row.started_at, row.taken = start, 0
        found[key] = row
    return found
