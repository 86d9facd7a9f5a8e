"""Writing exports. Any number of workers may do so at once, each export by one of them.

An export is claimed for some seconds, and the claim is prolonged while it is written. When a worker
is killed, its claim runs out and another starts that export anew. Only who holds the claim can
settle it, and every attempt has a file of its own, so a worker that was merely slow does no harm.
"""

import logging
import tempfile
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from rest_framework.exceptions import APIException

import clickhouse
from app_metrics.models import ExportRun
from app_metrics.recording import finish_run
from hogql import kinds
from insights.concurrency import TooManyQueries, slot
from insights.exports import files, paths
from insights.exports.formats import WRITERS
from insights.models import Export
from insights.streaming import streamed
from insights.tables import Table, table_of
from posthog_clone.api.errors import body_of
from projects.models import Project

logger = logging.getLogger(__name__)

MAX_ROWS = 300_000
MAX_ATTEMPTS = 5
RETRY = timedelta(seconds=10)
BEAT_SECONDS = 2.0
PRUNED_AT_ONCE = 100


class Lost(Exception):
    """The claim ran out, and another worker has the export."""


def run_due(now: datetime) -> int:
    """Write the export that waits longest; returns how many there were."""
    export = Export.objects.claim(now)
    if export is None:
        return 0
    run(export)
    return 1


def run(export: Export) -> None:
    files.forget(export.key_of_attempt(export.attempts - 1))
    heart = Heart(export)
    heart.start()
    try:
        settle(export, save(export, heart))
    except Lost:
        logger.warning("Export %s was taken over by another worker.", export.id)
    except paths.Unreadable as error:
        fail(export, error, str(error))
    except (clickhouse.Unavailable, TooManyQueries) as error:
        try_again(export, error)
    except APIException as error:
        fail(export, error, body_of(error)["detail"])
    except Exception as error:
        logger.exception("Export %s failed", export.id)
        try_again(export, error)
    finally:
        heart.stop()


class Heart(threading.Thread):
    """Keeps the claim and shows the progress while the export is written."""

    def __init__(self, export: Export):
        super().__init__(name=f"export {export.id}", daemon=True)
        self.export = export
        self.stopping = threading.Event()
        self.lost = False

    def run(self) -> None:
        while not self.stopping.wait(BEAT_SECONDS):
            try:
                self.lost = not self.export.keep(timezone.now())
            except DatabaseError:  # the claim outlasts some beats
                logger.warning("Can't prolong export %s", self.export.id, exc_info=True)
                connection.close()
        connection.close()

    def stop(self) -> None:
        self.stopping.set()
        self.join()

    def check(self) -> None:
        if self.lost:
            raise Lost


def save(export: Export, heart: Heart) -> int:
    """Write the file; returns its size."""
    with tempfile.TemporaryFile() as draft:
        table = table_to_export(export)
        counted = Table(table.columns, count(export, table.rows, heart))
        WRITERS[export.export_format](counted, draft)
        return files.save(export.key_of_attempt(export.attempts), draft)


def count(export: Export, rows: Iterator, heart: Heart) -> Iterator:
    for row in islice(rows, MAX_ROWS):
        heart.check()
        yield row
        export.rows += 1


def table_to_export(export: Export) -> Table:
    # A worker may have waited long: whose rights these are is looked up anew.
    user = export.created_by
    project = Project.objects.with_level_of(user).filter(id=export.project_id).first()
    if not user.is_active or project is None or project.membership_level is None:
        raise paths.Unreadable("Who asked for this has no access to the project any more.")
    context = export.export_context or {}
    if path := context.get("path"):
        return Table(None, rows_of_pages(export, path, project))
    source = export.insight.query if export.insight else context["source"]
    if not source:
        raise paths.Unreadable("The insight has no query.")
    return table_of_query(export, kinds.unwrapped(source), project)


def table_of_query(export: Export, query: dict, project: Project) -> Table:
    run = kinds.Run(now=export.created_at, max_rows=MAX_ROWS)
    if query["kind"] == "HogQLQuery":  # the one kind whose rows may be many
        return Table(*streamed(project, query, run))
    with slot(project.id):
        table = table_of(kinds.answer(project, query, run))
    export.total_rows = min(len(table.rows), MAX_ROWS)
    return table


def rows_of_pages(export: Export, path: str, project: Project) -> Iterator[dict]:
    for page in paths.follow(path, project, export.created_by):
        if page.count is not None:
            export.total_rows = min(page.count, MAX_ROWS)
        yield from page.rows


def settle(export: Export, size: int) -> None:
    with transaction.atomic():
        key = export.key_of_attempt(export.attempts)
        if export.settle(timezone.now(), file_key=key, size=size, exception=None):
            finish_history(export)
            return
    files.forget(key)
    raise Lost


@transaction.atomic
def fail(export: Export, error: Exception, reason: str) -> None:
    if export.settle(timezone.now(), exception=reason[:2000]):
        finish_history(export, error)


def try_again(export: Export, error: Exception) -> None:
    """Later, unless it has been tried often enough."""
    reason = body_of(error)["detail"] if isinstance(error, APIException) else "The server failed."
    if export.attempts >= MAX_ATTEMPTS:
        fail(export, error, f"Given up after {export.attempts} attempts: {reason}")
    else:
        export.try_again(timezone.now() + RETRY * 2**export.attempts, reason)


def finish_history(export: Export, error: Exception | None = None) -> None:
    runs = ExportRun.objects.filter(
        project=export.project_id, plugin_config_id=0, job_id=str(export.id), finished_at=None
    )
    for run in runs:
        finish_run(run, exported=0 if error else export.rows, error=error)


def prune(now: datetime) -> int:
    """Forget exports whose time is over, with their files; returns how many went."""
    ids = Export.objects.filter(expires_after__lt=now).values_list("id", flat=True)
    return Export.objects.filter(id__in=list(ids[:PRUNED_AT_ONCE])).delete()[0]
