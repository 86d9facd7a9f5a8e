"""Queries that run on their own: asked for by one request, fetched by others.

The row of a run is what all processes know of it. The process that was asked runs it in a thread,
and says every few seconds that it still does; a run that has gone silent was lost with its process.
"""

import logging
import threading
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.utils import timezone
from rest_framework.exceptions import APIException

from hogql.execution import cancel as cancel_statement
from hogql.kinds import Run
from insights.answering import Question, compute
from insights.models import Insight, QueryRun
from insights.models.queries import packed
from insights.pool import Pool
from posthog_clone.api.errors import as_api_exception, body_of
from projects.models import User

logger = logging.getLogger(__name__)

POOL_SIZE = 4
# PostHog gives an asynchronous query ten times as long.
SECONDS_FACTOR = 10
BEAT_SECONDS = 5.0
PRUNED_AT_ONCE = 500
State = QueryRun.State
LOST = (500, {"detail": "The server stopped while the query ran. Ask again.", "code": "lost"})
CANCELLED = (400, {"detail": "Query was cancelled.", "code": "query_cancelled"})

pool = Pool(POOL_SIZE)


def start(
    question: Question,
    query_id: str,
    *,
    now: datetime,
    user: User | None = None,
    insight: Insight | None = None,
) -> QueryRun:
    """Begin to answer; a run of the same id that is not finished yet is that one."""
    run = QueryRun(
        project=question.project,
        query_id=query_id,
        query=question.query,
        insight=insight,
        cache_key=question.key,
        created_by=user,
        started_at=now,
        alive_at=now,
        expires_at=now + QueryRun.KEPT,
    )
    runs = QueryRun.objects.filter(project=question.project, query_id=query_id)
    with transaction.atomic():
        for present in runs.select_for_update():
            if present.is_unfinished and not is_lost(present, now):
                return present
            present.delete()
        # Of two requests with the same id at once, the second finds the first's.
        QueryRun.objects.bulk_create([run], ignore_conflicts=True)
    if not QueryRun.objects.filter(id=run.id).exists():
        return runs.get()
    heart.take(run.id)
    pool.submit(lambda: execute(run))
    return run


def execute(run: QueryRun) -> None:
    """Answer the run's query, in a thread of the pool."""
    try:
        picked_up_at = timezone.now()
        waiting = QueryRun.objects.filter(id=run.id, state=State.WAITING)
        if not waiting.update(state=State.RUNNING, picked_up_at=picked_up_at):
            return  # cancelled meanwhile
        finish(run, *outcome(run, picked_up_at))
    finally:
        heart.drop(run.id)


def outcome(run: QueryRun, now: datetime) -> tuple[str, bytes | None, tuple[int, dict] | None]:
    seconds = SECONDS_FACTOR * settings.QUERY_MAX_SECONDS
    question = Question(run.project, run.query, run.cache_key)
    try:
        answer = compute(question, Run(now=now, query_id=run.query_id, seconds=seconds))
    except Exception as error:
        return State.FAILED, None, failure(error)
    return State.DONE, packed(answer), None


def failure(error: Exception) -> tuple[int, dict[str, Any]]:
    """The status and body that a request would have been answered with."""
    known = as_api_exception(error)
    if isinstance(known, APIException):
        return known.status_code, body_of(known)
    logger.error("A query failed", exc_info=error)
    return 500, {"detail": "A server error occurred.", "code": "error"}


def finish(run: QueryRun, state: str, answer: bytes | None, error: tuple[int, dict] | None) -> None:
    """Write how the run ended, unless somebody ended it before."""
    now = timezone.now()
    QueryRun.objects.filter(id=run.id, state=State.RUNNING).update(
        state=state, answer=answer, error=error, ended_at=now, expires_at=now + QueryRun.KEPT
    )


def cancel(project, query_id: str) -> None:
    """Stop the project's query of that id, asynchronous or not, wherever it runs."""
    unfinished = [State.WAITING, State.RUNNING]
    QueryRun.objects.filter(project=project, query_id=query_id, state__in=unfinished).update(
        state=State.CANCELLED, error=CANCELLED, ended_at=timezone.now()
    )
    cancel_statement(query_id, project)


def is_lost(run: QueryRun, now: datetime) -> bool:
    return run.is_unfinished and run.alive_at < now - QueryRun.SILENCE


def error_of(run: QueryRun, now: datetime) -> tuple[int, dict[str, Any]] | None:
    """The status and body of a run that failed."""
    return LOST if is_lost(run, now) else run.error and tuple(run.error)


def prune(now: datetime) -> int:
    """Forget runs after their time, at most some at once; returns how many rows went."""
    expired = QueryRun.objects.filter(expires_at__lt=now, alive_at__lt=now - QueryRun.SILENCE)
    ids = list(expired.values_list("id", flat=True)[:PRUNED_AT_ONCE])
    return QueryRun.objects.filter(id__in=ids).delete()[0]


class Heart:
    """Says that this process still has its runs."""

    def __init__(self):
        self.runs: set[UUID] = set()
        self.lock = threading.Lock()
        self.is_beating = False

    def take(self, run_id: UUID) -> None:
        with self.lock:
            self.runs.add(run_id)
            if not self.is_beating:
                self.is_beating = True
                threading.Thread(target=self.beat, name="query-heart", daemon=True).start()

    def drop(self, run_id: UUID) -> None:
        with self.lock:
            self.runs.discard(run_id)

    def beat(self) -> None:
        pause = threading.Event()
        while not pause.wait(BEAT_SECONDS):
            with self.lock:
                if not self.runs:
                    self.is_beating = False
                    break
                runs = set(self.runs)
            close_old_connections()
            try:
                QueryRun.objects.filter(id__in=runs).update(alive_at=timezone.now())
            except Exception:  # the next beat tries again
                logger.exception("The runs of this process could not be kept alive")
                connection.close()
        connection.close()


heart = Heart()


def stop(seconds: float = 5.0) -> None:
    """End this process's runs: it is about to go."""
    with heart.lock:
        runs = set(heart.runs)
    if not runs:
        return
    left = QueryRun.objects.filter(id__in=runs, state__in=[State.WAITING, State.RUNNING])
    for run in left.select_related("project"):
        QueryRun.objects.filter(id=run.id).update(
            state=State.FAILED, error=LOST, ended_at=timezone.now()
        )
        cancel_statement(run.query_id, run.project)
    pool.join(seconds)
