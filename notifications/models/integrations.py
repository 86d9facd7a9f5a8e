"""Accounts at other services, which this server acts for."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from notifications import secrets
from projects.models import Project


class Integration(models.Model):
    class Kind(models.TextChoices):
        GITHUB = "github"
        GITLAB = "gitlab"
        LINEAR = "linear"
        JIRA = "jira"
        SLACK = "slack"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    account = models.CharField(max_length=500)
    """What the service calls the account; connecting it again gives the same row a new token."""
    display_name = models.CharField(max_length=500)
    config = models.JSONField(default=dict)
    """What everybody may see."""
    encrypted_secrets = models.TextField(editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "kind", "account"], name="unique_integration_account"
            )
        ]

    def __str__(self):
        return f"{self.display_name} ({self.kind})"

    @property
    def secrets(self) -> dict[str, Any]:
        """Tokens, and addresses that differ from the service's own."""
        return secrets.decrypt(self.encrypted_secrets)
