"""Changes that people make to issues: status, name, assignee."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction

from error_tracking.models import Issue
from projects.models import Project


@transaction.atomic
def edit_issues(project: Project, ids: Iterable[UUID], changes: dict[str, Any]) -> None:
    """Give each of these issues the same values; ids that the project doesn't have are ignored."""
    issues = Issue.objects.filter(project=project, id__in=set(ids)).order_by("id")
    for issue in issues.select_for_update():
        edit_issue(issue, changes)


@transaction.atomic
def edit_issue(issue: Issue, changes: dict[str, Any]) -> None:
    changed = [field for field, value in changes.items() if getattr(issue, field) != value]
    if not changed:
        return
    for field in changed:
        setattr(issue, field, changes[field])
    issue.save(update_fields=changed)
