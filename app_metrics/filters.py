"""The query parameters: which runs, and over what span of time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from rest_framework.exceptions import ValidationError

from app_metrics.buckets import Bucket, Interval, cut, end_of
from posthog_clone.api.times import parse_bound, start_of
from projects.models import Project

HOURLY_BELOW = timedelta(days=2)
LONGEST = timedelta(days=3660)


@dataclass(frozen=True)
class Runs:
    """The runs of a project's app. None is any."""

    project_id: int
    plugin_config_id: int | None = None
    category: str | None = None
    job_id: str | None = None


@dataclass(frozen=True)
class Span:
    """A time cut into whole buckets."""

    interval: Interval
    tz: ZoneInfo
    buckets: list[Bucket] = field(repr=False)

    @property
    def start(self) -> datetime:
        return self.buckets[0].start

    @property
    def end(self) -> datetime:
        return end_of(self.buckets[-1], self.interval)


def span(
    params: Mapping[str, str],
    project: Project,
    *,
    default_from: str,
    names: tuple[str, str] = ("date_from", "date_to"),
    interval: Interval | None = None,
) -> Span | None:
    """The span that two parameters bound; None when it ends before it begins.

    Without an interval, short ones go by hours and longer ones by days.
    """
    now, tz = timezone.now(), ZoneInfo(project.timezone)
    from_name, to_name = names
    start = bound(params.get(from_name) or default_from, project, now, from_name)
    end = bound(params.get(to_name) or "", project, now, to_name) or now
    start = start or project.created_at
    if end < start:
        return None
    if end - start > LONGEST:
        raise ValidationError(
            {from_name: f"The span is longer than {LONGEST.days} days: choose a later start."}
        )
    interval = interval or ("hour" if end - start < HOURLY_BELOW else "day")
    return Span(interval, tz, cut(start, end, interval, tz))


def bound(text: str, project: Project, now: datetime, attr: str) -> datetime | None:
    """A bound as the API reads it; days and longer go back to the start of their day."""
    if not text:
        return None
    tz = ZoneInfo(project.timezone)
    if text[-1] in "dwmqy":
        now = start_of(now.astimezone(tz), "d")
    return parse_bound(text, tz, now, attr=attr)
