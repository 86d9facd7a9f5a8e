"""Rules: what happens to exceptions that match their filters."""

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from error_tracking.models.assignees import Assignable
from error_tracking.models.issues import Issue
from projects.models import Project


class Rule(Assignable):
    """One table for all kinds, since ingestion needs all kinds of a project at once.

    Grouping and assignment rules have an assignee.
    """

    class Kind(models.TextChoices):
        GROUPING = "grouping"
        SUPPRESSION = "suppression"
        ASSIGNMENT = "assignment"
        BYPASS = "bypass"
        SEVERITY = "severity"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    filters = models.JSONField()
    order_key = models.IntegerField(default=0)
    disabled_data = models.JSONField(null=True, blank=True)
    """Why the rule could not be evaluated; it is passed over until somebody changes it."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    description = models.TextField(null=True, blank=True)
    """Of grouping rules."""
    severity = models.CharField(
        max_length=10, choices=Issue.Severity.choices, null=True, blank=True
    )
    """Of severity rules."""
    sampling_rate = models.FloatField(default=1.0)
    """Of suppression rules: the share of matching events that is dropped."""

    class Meta(Assignable.Meta):
        indexes = [
            models.Index(
                fields=["project", "kind", "order_key", "created_at", "id"], name="rule_in_order"
            )
        ]

    def __str__(self):
        return f"{self.kind} rule {self.id}"

    @property
    def fingerprint(self) -> str:
        """Of the exceptions that a grouping rule brings together."""
        return f"custom-rule:{self.id}"
