"""Changes that people make to issues: status, name, assignee; each leaves a note of who did it."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from error_tracking.assignees import COLUMNS as ASSIGNEE_COLUMNS
from error_tracking.mailing import mail_assignee
from error_tracking.models import Issue
from projects.activity import Change, activity_entry, changes_between, log_activities
from projects.models import ActivityLogEntry, Project, User

ACTIVITY_SCOPE = "ErrorTrackingIssue"


@transaction.atomic
def edit_issues(project: Project, ids: Iterable[UUID], changes: dict[str, Any], by: User) -> None:
    """Give each of these issues the same values; ids that the project doesn't have are ignored."""
    rows = Issue.objects.of_ids(project, set(ids)).order_by("id")
    issues = list(rows.select_for_update())
    for issue in issues:
        issue.project = project
    edit(issues, changes, by)


@transaction.atomic
def edit_issue(issue: Issue, changes: dict[str, Any], by: User) -> None:
    edit([issue], changes, by)


def edit(issues: Sequence[Issue], changes: dict[str, Any], by: User) -> None:
    edited, assigned, entries = [], [], []
    for issue in issues:
        changed = set_fields(issue, changes)
        if changed:
            edited.append(issue)
            entries += entries_of(issue, changed, by)
        if any(change.field == "assignee" for change in changed):
            assigned.append(issue)
    if edited:
        Issue.objects.bulk_update(edited, list(changes))
        log_activities(entries)
        mail_assignee(assigned, by)


def set_fields(issue: Issue, changes: dict[str, Any]) -> list[Change]:
    """Set the fields; returns what that has changed."""
    before = shown(issue, changes)
    for field, value in changes.items():
        setattr(issue, field, value)
    return changes_between(ACTIVITY_SCOPE, before, shown(issue, changes))


def shown(issue: Issue, columns: Iterable[str]) -> dict[str, Any]:
    """What the columns hold, by the API's names for them."""
    names = ["assignee" if column in ASSIGNEE_COLUMNS else column for column in columns]
    return {name: getattr(issue, name) for name in names}


def entries_of(issue: Issue, changed: list[Change], by: User) -> list[ActivityLogEntry]:
    """One entry for what was updated, one for who was assigned."""
    by_activity: dict[str, list[Change]] = {}
    for change in changed:
        activity = "assigned" if change.field == "assignee" else "updated"
        by_activity.setdefault(activity, []).append(change)
    return [
        activity_entry(
            issue.project,
            user=by,
            scope=ACTIVITY_SCOPE,
            item_id=issue.id,
            activity=activity,
            name=issue.name,
            changes=changes,
        )
        for activity, changes in by_activity.items()
    ]
