"""Issues made by hand, and the tickets that are made of issues."""

from typing import Any

from django.db import transaction

from error_tracking.models import ExternalReference, Issue
from notifications.integrations import create_ticket
from notifications.models import Integration
from projects.models import Project


def create_issue(project: Project, fields: dict[str, Any]) -> Issue:
    """Make an issue, and a ticket for each of its `external_issues`.

    The tickets come first: when a service refuses, ValidationError tells why and there is no issue.
    """
    fields = dict(fields)
    wanted = fields.pop("external_issues", [])
    references = [reference_of(project, item["integration"], item["config"]) for item in wanted]
    with transaction.atomic():
        issue = Issue.objects.create(project=project, **fields)
        for reference in references:
            reference.issue = issue
        ExternalReference.objects.bulk_create(references)
    return issue


def create_reference(
    project: Project, issue: Issue, integration, config: dict
) -> ExternalReference:
    reference = reference_of(project, integration, config)
    reference.issue = issue
    reference.save(force_insert=True)
    return reference


def reference_of(
    project: Project, integration: Integration, config: dict | None
) -> ExternalReference:
    """A reference to a ticket just made; its issue is still to be set."""
    ticket = create_ticket(integration, config or {})
    return ExternalReference(
        project=project, integration=integration, config=config, external_url=ticket.url
    )
