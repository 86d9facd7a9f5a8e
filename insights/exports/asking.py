"""What can be exported, and by whom."""

import re
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from app_metrics.recording import start_run
from hogql import kinds
from insights.exports import paths
from insights.models import Export, Insight
from insights.models.exports import KEPT
from projects import access
from projects.activity import log_activity
from projects.models import Project, User

EVENTS_PATH = re.compile(r"/api/(environments|projects)/[^/]+/events/?")
MAX_SLUG = 200
CONTEXT_KEYS = {"path", "method", "source", "filename"}
UNKNOWN_KEY = "There is no such key. Give path or source, and perhaps a filename."


def check_rights(
    request: Request, project: Project, insight: Insight | None, context: dict
) -> None:
    """Raise unless whoever asks may read by other ways what the export holds."""
    if path := (context or {}).get("path"):
        paths.check_rights(paths.endpoint(path, project), request)
    elif request.auth:
        access.check_scopes(request.auth, ["insight:read" if insight else "query:read"])


def check_context(context: Any, project: Project) -> None:
    """Raise ValidationError unless the context names rows that this server has."""
    path, source = context.get("path"), context.get("source")
    for key, value in context.items():
        if value and key not in CONTEXT_KEYS:
            raise ValidationError({"export_context": {key[:100]: UNKNOWN_KEY}})
    if (path is None) == (source is None):
        raise ValidationError(
            {"export_context": "Give either a path of this API or a source, which is a query."}
        )
    if source is not None:
        check_source(source, project)
    elif not isinstance(path, str):
        raise ValidationError({"export_context": {"path": "Expected text."}})
    elif (context.get("method") or "GET").upper() != "GET":
        raise ValidationError(
            {"export_context": {"method": "Only GET. For a query, give it as source."}}
        )
    else:
        paths.endpoint(path, project)


def check_source(source: Any, project: Project) -> None:
    try:
        kinds.check(project, source)
    except ValidationError as error:
        detail = error.detail
        if isinstance(detail, dict):
            detail = detail.get("query", detail)
        raise ValidationError({"export_context": {"source": detail}}) from error


@transaction.atomic
def start(
    project: Project,
    user: User,
    export_format: str,
    *,
    insight: Insight | None = None,
    context: dict | None = None,
) -> Export:
    """Have rows written to a file, as soon as a worker is free."""
    now = timezone.now()
    export = Export.objects.create(
        project=project,
        insight=insight,
        export_context=context,
        export_format=export_format,
        filename=filename(export_format, insight, context, now),
        created_at=now,
        created_by=user,
        expires_after=now + KEPT,
        next_attempt_at=now,
    )
    if is_of_events(export):
        start_run(project, str(export.id), context, user)
    if insight:
        log_activity(
            project,
            user=user,
            scope="Insight",
            item_id=insight.id,
            activity="exported",
            name=insight.title,
            short_id=insight.short_id,
            type=export_format,
        )
    return export


def filename(
    export_format: str, insight: Insight | None, context: dict | None, now: datetime
) -> str:
    """`<slug>-<YYYY-MM-DD-HHMMSS>.csv`."""
    context = context or {}
    named = str(context.get("filename") or "").removesuffix(f".{Export.SUFFIXES[export_format]}")
    if not named and insight:
        named = insight.title
    if not named and context.get("path"):
        named = context["path"].partition("?")[0].strip("/").rpartition("/")[2]
    slug = slugify(named)[:MAX_SLUG] or "export"
    return f"{slug}-{now:%Y-%m-%d-%H%M%S}.{Export.SUFFIXES[export_format]}"


def is_of_events(export: Export) -> bool:
    """Whether it belongs in the history of exported events."""
    context = export.export_context or {}
    if path := context.get("path"):
        return bool(EVENTS_PATH.fullmatch(path.partition("?")[0]))
    return bool(context) and kinds.unwrapped(context["source"])["kind"] == "EventsQuery"
