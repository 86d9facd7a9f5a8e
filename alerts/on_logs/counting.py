"""Counting the log lines that an alert is about."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from logs import queries
from logs.buckets import Buckets
from logs.search import Search, build_search

STEP = timedelta(minutes=5)
"""How often alerts are checked; every window is so many of them."""


def search_of(
    project_id: int, filters: Mapping[str, Any], since: datetime, until: datetime
) -> Search:
    """Lines from `since` up to but not at `until`. Raises ValidationError."""
    last = until - timedelta(microseconds=1)
    bounds = {"date_from": since.isoformat(), "date_to": last.isoformat()}
    return build_search(project_id, {**filters, "dateRange": bounds}, until)


def count(project_id: int, filters: Mapping[str, Any], minutes: int, now: datetime) -> int:
    """How many there were in the last minutes."""
    return queries.count(search_of(project_id, filters, now - timedelta(minutes=minutes), now))


def counts(
    project_id: int,
    filters: Mapping[str, Any],
    minutes: int,
    since: datetime,
    now: datetime,
) -> list[tuple[datetime, int]]:
    """At each past check on the clock's five minutes: how many there were in the minutes before."""
    window = timedelta(minutes=minutes)
    buckets = Buckets(since - window, now, STEP)
    search = search_of(project_id, filters, since - window, now)
    in_step = queries.counts_over_time(search, buckets)
    steps = window // STEP
    found, recent = [], []
    for start in buckets.starts():
        recent = [*recent, in_step.get(start, 0)][-steps:]
        moment = start + STEP
        if since <= moment <= now:
            found.append((moment, sum(recent)))
    return found
