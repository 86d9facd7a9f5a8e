"""The one way to write app metrics. Call it in the transaction that settles the run."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
from django.db import models, transaction
from django.utils import timezone

from app_metrics.models import ExportRun
from clickhouse import outbox
from clickhouse.client import timestamp
from projects.models import Project, User


class Category(models.TextChoices):
    PROCESS_EVENT = "processEvent"
    ON_EVENT = "onEvent"
    EXPORT_EVENTS = "exportEvents"
    SCHEDULED_TASK = "scheduledTask"
    WEBHOOK = "webhook"
    COMPOSE_WEBHOOK = "composeWebhook"


def record(
    project_id: int,
    category: Category,
    *,
    plugin_config_id: int = 0,
    job_id: str = "",
    successes: int = 0,
    successes_on_retry: int = 0,
    failures: int = 0,
    error_type: str = "",
    error_details: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> None:
    """Count runs of an app; a failed one may tell its error.

    `plugin_config_id` 0 is this server itself, whose apps differ in `job_id`: the id of the
    destination or the export.
    """
    outbox.enqueue(
        "app_metrics",
        [
            {
                "team_id": project_id,
                "timestamp": timestamp(at or timezone.now()),
                "plugin_config_id": plugin_config_id,
                "category": Category(category).value,
                "job_id": job_id,
                "successes": successes,
                "successes_on_retry": successes_on_retry,
                "failures": failures,
                "error_uuid": str(uuid4()) if error_type else None,
                "error_type": error_type,
                "error_details": orjson.dumps(error_details or {}).decode(),
            }
        ],
    )


def start_run(project: Project, job_id: str, payload: dict, created_by: User | None) -> ExportRun:
    """Enter an export into the history; one that is there already starts anew."""
    run, _ = ExportRun.objects.update_or_create(
        project=project,
        plugin_config_id=0,
        job_id=job_id,
        defaults={
            "payload": payload,
            "created_by": created_by,
            "created_at": timezone.now(),
            "status": ExportRun.Status.NOT_FINISHED,
            "finished_at": None,
        },
    )
    return run


@transaction.atomic
def finish_run(run: ExportRun, *, exported: int = 0, error: Exception | None = None) -> None:
    """Settle an export: how many rows it `exported`, or the `error` that ended it."""
    run.status = ExportRun.Status.FAIL if error else ExportRun.Status.SUCCESS
    run.finished_at = timezone.now()
    run.save(update_fields=["status", "finished_at"])
    record(
        run.project_id,
        Category.EXPORT_EVENTS,
        plugin_config_id=run.plugin_config_id,
        job_id=run.job_id,
        successes=exported,
        failures=1 if error else 0,
        error_type=type(error).__name__ if error else "",
        error_details={"error": {"message": str(error)}} if error else None,
    )
