"""How a query that runs on its own stands, as the API tells it."""

from datetime import datetime
from typing import Any

from hogql.progress import progress
from insights.models import QueryRun
from insights.models.queries import unpacked
from insights.running import error_of
from posthog_clone.api.times import iso

MENDABLE = range(400, 500)
TOO_LONG_OR_LARGE = 504


def status_of(run: QueryRun, now: datetime, *, with_progress: bool = False) -> dict[str, Any]:
    """PostHog's QueryStatus; complete, it holds the whole answer as `results`."""
    failure = error_of(run, now)
    body = failure[1] if failure and has_message(failure) else {}
    running = run.state == run.State.RUNNING
    return {
        "id": run.query_id,
        "team_id": run.project_id,
        "query_async": True,
        "complete": failure is not None or not run.is_unfinished,
        "error": failure is not None,
        "error_message": body.get("detail"),
        "error_code": body.get("code"),
        "results": unpacked(run.answer) if run.answer else None,
        "start_time": iso(run.started_at),
        "pickup_time": iso(run.picked_up_at),
        "end_time": iso(run.ended_at),
        "expiration_time": iso(run.expires_at),
        "task_id": str(run.id),
        "insight_id": run.insight_id,
        "dashboard_id": None,
        "query_progress": progress(run.query_id, run.project)
        if with_progress and running
        else None,
        "labels": None,
        "cache_key": run.cache_key,
    }


def http_status(run: QueryRun, now: datetime) -> int:
    """400 for what its author can mend, 500 for another failure."""
    failure = error_of(run, now)
    if failure:
        return 400 if has_message(failure) else 500
    return 202 if run.is_unfinished else 200


def has_message(failure: tuple[int, dict]) -> bool:
    """Whether the failure says something to the query's author."""
    return failure[0] in MENDABLE or failure[0] in (503, TOO_LONG_OR_LARGE)
