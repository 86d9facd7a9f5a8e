"""Answers to queries as the API gives them: a kind's own keys, and those that all have."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hogql import kinds
from hogql.kinds import Run
from insights import caching
from insights.caching import Kept
from posthog_clone.api.times import iso
from projects.models import Project

REFRESH_AGAIN_AFTER = timedelta(minutes=1)
EMPTY = {
    "results": None,
    "hogql": None,
    "timings": None,
    "modifiers": None,
    "error": None,
    "query_status": None,
    "calculation_trigger": None,
    "query_metadata": None,
    "resolved_date_range": None,
}


@dataclass(frozen=True, slots=True)
class Question:
    project: Project
    query: Mapping[str, Any]
    key: str

    @classmethod
    def of(cls, project: Project, query: Mapping[str, Any]) -> "Question":
        """Raises ValidationError when the query is none that is answered here."""
        return cls(project, query, caching.key_of(project, query))


def kept(question: Question) -> Kept | None:
    return caching.find(question.project, question.key)


def from_cache(question: Question, found: Kept | None) -> dict[str, Any]:
    """The kept answer; without one, that there is none."""
    if found is None:
        return {**EMPTY, "cache_key": question.key, "is_cached": False}
    return {**found.answer, "is_cached": True}


def compute(question: Question, run: Run) -> dict[str, Any]:
    """Run the query and keep the answer.

    Raises what hogql.kinds.answer raises. A request holds a slot for it (insights.concurrency).
    """
    answer, seconds = run_query(question, run)
    stale_at = run.now + caching.fresh_for(question.query, seconds)
    answer |= {
        "cache_key": question.key,
        "cache_target_age": iso(stale_at),
        "is_cached": False,
        "last_refresh": iso(run.now),
        "next_allowed_client_refresh": iso(run.now + REFRESH_AGAIN_AFTER),
        "timezone": question.project.timezone,
    }
    caching.keep(question.project, question.key, answer, now=run.now, stale_at=stale_at)
    return answer


def run_query(question: Question, run: Run) -> tuple[dict[str, Any], float]:
    """The answer, without what only a kept one has, and how long it took."""
    started = time.perf_counter()
    answer = kinds.answer(question.project, question.query, run)
    seconds = time.perf_counter() - started
    return {**EMPTY, **answer, "timings": timings(answer.get("timings"), seconds)}, seconds


def timings(parts: Any, seconds: float) -> list[dict[str, Any]]:
    """Seconds by part as PostHog lists them; the whole comes last, as `.`."""
    if isinstance(parts, Mapping):
        parts = [{"k": f"./{part}", "t": took} for part, took in parts.items()]
    return [*(part for part in parts or [] if part["k"] != "."), {"k": ".", "t": seconds}]


def fresh(found: Kept | None, now: datetime, *, lazy: bool = False) -> bool:
    return found is not None and found.is_fresh(now, lazy=lazy)
