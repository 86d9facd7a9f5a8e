"""The activity log: who did what to a project's things.

Views and logic call `log_activity` (or, for many at once, `log_activities`) after a change;
nothing else writes entries.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from projects.models import ActivityLogEntry, Project, User

SCOPES = [
    "Action",
    "AlertConfiguration",
    "Cohort",
    "ErrorTrackingIssue",
    "EventDefinition",
    "Group",
    "HogFunction",
    "Insight",
    "Integration",
    "Person",
    "PropertyDefinition",
    "Role",
]


@dataclass(frozen=True)
class Change:
    """One field's change. Values go into the log as they are: give no secrets."""

    type: str
    """The scope."""
    action: str
    """`created`, `changed` or `deleted`: the value was none before, is another, is none now."""
    field: str
    before: Any = None
    after: Any = None


def changes_between(scope: str, before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """A change per field that differs, in the order of `after`."""
    return [
        Change(scope, change_action(before.get(field), value), field, before.get(field), value)
        for field, value in after.items()
        if before.get(field) != value
    ]


def change_action(before: Any, after: Any) -> str:
    if before is None:
        return "created"
    return "deleted" if after is None else "changed"


def log_activity(
    project: Project,
    *,
    user: User | None,
    scope: str,
    item_id: str | int | UUID,
    activity: str,
    name: str | None = None,
    short_id: str | None = None,
    type: str | None = None,
    changes: Iterable[Change] = (),
) -> ActivityLogEntry:
    """Add an entry. `user` is None for what the server does by itself.

    `activity` is a participle: created, updated, deleted, restored, exported, merged_into_person …
    """
    entry = activity_entry(
        project,
        user=user,
        scope=scope,
        item_id=item_id,
        activity=activity,
        name=name,
        short_id=short_id,
        type=type,
        changes=changes,
    )
    entry.save(force_insert=True)
    return entry


def activity_entry(
    project: Project,
    *,
    user: User | None,
    scope: str,
    item_id: str | int | UUID,
    activity: str,
    name: str | None = None,
    short_id: str | None = None,
    type: str | None = None,
    changes: Iterable[Change] = (),
) -> ActivityLogEntry:
    """An entry still to be logged, for `log_activities`."""
    return ActivityLogEntry(
        project=project,
        user=user,
        scope=scope,
        item_id=str(item_id),
        activity=activity,
        detail={
            "name": name,
            "short_id": short_id,
            "type": type,
            "trigger": None,
            "changes": [asdict(change) for change in changes],
        },
    )


def log_activities(entries: Iterable[ActivityLogEntry]) -> None:
    """Add many entries at the cost of one."""
    ActivityLogEntry.objects.bulk_create(entries)
