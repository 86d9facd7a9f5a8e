"""Tickets at other services that were made of issues."""

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from error_tracking.models.issues import Issue
from notifications.models import Integration
from projects.models import Project


class ExternalReference(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="external_references")
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="+")
    config = models.JSONField(null=True, blank=True)
    """What the ticket was made of."""
    external_url = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["project", "created_at", "id"], name="reference_by_creation")
        ]

    def __str__(self):
        return self.external_url or str(self.id)
