"""Making and changing insights, with all that follows from it."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from insights.models import Insight
from projects.activity import changes_between, log_activity
from projects.models import Project, User

SCOPE = "Insight"
LOGGED = ("name", "derived_name", "description", "query", "tags", "order", "favorited")
NO_MODIFICATION = {"favorited", "saved", "order"}
"""What is about the insight's place and not about what it says."""


@transaction.atomic
def create_insight(project: Project, user: User, fields: dict[str, Any]) -> Insight:
    insight = Insight.objects.create(
        project=project, created_by=user, last_modified_by=user, **fields
    )
    log(insight, user, "created")
    return insight


@transaction.atomic
def change_insight(insight: Insight, user: User, fields: dict[str, Any]) -> None:
    """Change some fields; `deleted` deletes and restores. Any change of it saves an insight."""
    before = {name: getattr(insight, name) for name in (*LOGGED, "deleted")}
    for name, value in fields.items():
        setattr(insight, name, value)
    insight.saved = True
    changed = {name for name, value in before.items() if getattr(insight, name) != value}
    if changed - NO_MODIFICATION:
        insight.last_modified_at = timezone.now()
        insight.last_modified_by = user
    further = ["saved", "updated_at", "last_modified_at", "last_modified_by"]
    insight.save(update_fields=[*fields, *further])
    if "deleted" in changed:
        log(insight, user, "deleted" if insight.deleted else "restored")
    after = {name: getattr(insight, name) for name in LOGGED}
    changes = changes_between(SCOPE, before, after)
    if changes:
        log(insight, user, "updated", changes)
    if changed & {"deleted", "query"}:
        tell(insight, user)


def tell(insight: Insight, user: User) -> None:
    """Tell the apps above, whose rows hang on insights."""
    for path in settings.INSIGHT_CHANGED:
        import_string(path)(insight, user)


def log(insight: Insight, user: User, activity: str, changes=()) -> None:
    log_activity(
        insight.project,
        user=user,
        scope=SCOPE,
        item_id=insight.id,
        activity=activity,
        name=insight.title,
        short_id=insight.short_id,
        changes=changes,
    )
