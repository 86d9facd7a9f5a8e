"""Answers that are kept, so that the same question costs once.

An answer stays fresh as long as PostHog's does (by the interval that the query shows), but never
for much longer than it took to make: what costs little is not worth being out of date for.
"""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import DatabaseError, transaction

from hogql.kinds import unwrapped
from insights.models import CachedResult
from insights.models.queries import packed, unpacked
from projects.models import Project

logger = logging.getLogger(__name__)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# posthog/caching/utils.py: an answer by day is out of date after six hours.
FRESH_FOR = {
    "second": timedelta(minutes=5),
    "minute": timedelta(minutes=5),
    "hour": HOUR,
    "day": 6 * HOUR,
    "week": DAY,
    "month": DAY,
}
LAZY_FACTOR = 2
"""Who asks for `lazy_async` takes answers this much older."""
COST_FACTOR = 100
AT_LEAST = timedelta(seconds=10)
KEPT_FOR = 2 * DAY
PRUNED_AT_ONCE = 500
MAX_BYTES = 2 * 1024 * 1024
"""Compressed. Larger ones are computed whenever they are asked for."""
NOT_PART_OF_THE_QUESTION = ("name", "tags", "version", "response")


@dataclass(frozen=True, slots=True)
class Kept:
    answer: dict[str, Any]
    last_refresh: datetime
    stale_at: datetime

    def is_fresh(self, now: datetime, *, lazy: bool = False) -> bool:
        age = (self.stale_at - self.last_refresh) * (LAZY_FACTOR if lazy else 1)
        return now < self.last_refresh + age


def key_of(project: Project, query: Mapping[str, Any]) -> str:
    """The same for all queries with the same answer."""
    source = {
        name: value
        for name, value in unwrapped(query).items()
        if name not in NOT_PART_OF_THE_QUESTION
    }
    question = [
        source,
        project.timezone,
        project.week_start_day,
        project.settings.get("test_account_filters"),
        project.person_display_name_properties,
    ]
    text = orjson.dumps(question, option=orjson.OPT_SORT_KEYS, default=str)
    return f"cache_{project.id}_{hashlib.sha256(text).hexdigest()[:32]}"


def fresh_for(query: Mapping[str, Any], seconds: float) -> timedelta:
    """How long an answer that took so many seconds is worth keeping fresh."""
    interval = unwrapped(query).get("interval")
    most = FRESH_FOR.get(interval if isinstance(interval, str) else "day", FRESH_FOR["day"])
    return min(most, max(AT_LEAST, timedelta(seconds=COST_FACTOR * seconds)))


def find(project: Project, key: str) -> Kept | None:
    return find_all(project, [key]).get(key)


def find_all(project: Project, keys: list[str]) -> dict[str, Kept]:
    rows = CachedResult.objects.filter(project=project, key__in=keys)
    return {row.key: Kept(unpacked(row.answer), row.last_refresh, row.stale_at) for row in rows}


def refresh_times(project: Project, keys: list[str]) -> dict[str, datetime]:
    """When the kept answers were made, by key."""
    rows = CachedResult.objects.filter(project=project, key__in=keys)
    return dict(rows.values_list("key", "last_refresh"))


def keep(
    project: Project,
    key: str,
    answer: dict[str, Any],
    *,
    now: datetime,
    stale_at: datetime,
) -> None:
    data = packed(answer)
    if len(data) > MAX_BYTES:
        CachedResult.objects.filter(project=project, key=key).delete()
        return
    try:
        with transaction.atomic():
            CachedResult.objects.bulk_create(
                [
                    CachedResult(
                        project=project,
                        key=key,
                        answer=data,
                        last_refresh=now,
                        stale_at=stale_at,
                        expires_at=now + KEPT_FOR,
                    )
                ],
                update_conflicts=True,
                unique_fields=["project", "key"],
                update_fields=["answer", "last_refresh", "stale_at", "expires_at"],
            )
    except DatabaseError:  # the answer is there all the same
        logger.exception("An answer could not be kept")


def prune(now: datetime) -> int:
    """Forget what expired, at most some at a time; returns how many rows went."""
    expired = CachedResult.objects.filter(expires_at__lt=now).values_list("id", flat=True)
    return CachedResult.objects.filter(id__in=list(expired[:PRUNED_AT_ONCE])).delete()[0]
