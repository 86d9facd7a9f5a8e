"""Telling a project's destinations of its issues."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

import orjson

from error_tracking.linking import IssueChange
from error_tracking.models import Issue, SpikeEvent
from notifications.events import emit
from notifications.models import HogFunction
from notifications.rendering import project_url
from projects.models import Project

EVENT_OF = {
    IssueChange.Kind.CREATED: "$error_tracking_issue_created",
    IssueChange.Kind.REOPENED: "$error_tracking_issue_reopened",
}
MAX_PROPS_BYTES = 256 * 1024
TOO_LARGE = {"message_was_too_large": True}


def tell_destinations(changes: Sequence[IssueChange]) -> None:
    """Hand created and reopened issues to the destinations that want them.

    Call it in the transaction that changes them.
    """
    projects = projects_with_destinations({change.event.project_id for change in changes})
    changes = [change for change in changes if change.event.project_id in projects]
    issues = Issue.objects.in_bulk({change.issue_id for change in changes})
    for change in changes:
        issue = issues[change.issue_id]
        emit(
            projects[change.event.project_id],
            EVENT_OF[change.kind],
            distinct_id=str(issue.id),
            properties=properties_of(change, issue),
            uuid=uuid5(issue.id, f"{change.kind}:{change.event.uuid}"),
            url=issue_url(projects[change.event.project_id], issue.id),
        )


def tell_of_spike(spike: SpikeEvent) -> None:
    """Hand a spike to the destinations that want it; call it in the transaction that records it."""
    issue = spike.issue
    emit(
        issue.project,
        "$error_tracking_issue_spiking",
        distinct_id=str(issue.id),
        properties={
            "name": issue.name,
            "description": issue.description,
            "computed_baseline": spike.computed_baseline,
            "current_bucket_value": spike.current_bucket_value,
        },
        uuid=spike.id,
        url=issue_url(issue.project, issue.id),
    )


def projects_with_destinations(ids: set[int]) -> dict[int, Project]:
    wanting = HogFunction.objects.active().filter(
        type=HogFunction.Type.INTERNAL_DESTINATION, project__in=ids
    )
    return Project.objects.in_bulk(list(wanting.values_list("project_id", flat=True).distinct()))


def properties_of(change: IssueChange, issue: Issue) -> dict[str, Any]:
    event = change.event
    return {
        "name": issue.name,
        "description": issue.description,
        "status": issue.status,
        "fingerprint": event.fingerprint,
        "exception_timestamp": event.timestamp.isoformat(),
        "exception_props": small_enough(event.properties),
        "assignee": issue.assignee and orjson.dumps(issue.assignee).decode(),
    }


def small_enough(properties: dict[str, Any]) -> dict[str, Any]:
    text = orjson.dumps(properties)
    return orjson.loads(text) if len(text) <= MAX_PROPS_BYTES else TOO_LARGE


def issue_url(project: Project, issue_id: UUID) -> str:
    return f"{project_url(project)}/error_tracking/{issue_id}"
