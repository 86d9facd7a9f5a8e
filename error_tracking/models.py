"""Issues, the fingerprints that lead events to them, and the frames of their stacks."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from projects.models import Project


class Issue(models.Model):
    class Status(models.TextChoices):
        ARCHIVED = "archived"
        ACTIVE = "active"
        RESOLVED = "resolved"
        PENDING_RELEASE = "pending_release"
        SUPPRESSED = "suppressed"

    class Severity(models.TextChoices):
        LOW = "low"
        MEDIUM = "medium"
        HIGH = "high"
        CRITICAL = "critical"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    status = models.CharField(max_length=40, choices=Status.choices, default=Status.ACTIVE)
    severity = models.CharField(max_length=10, choices=Severity.choices, null=True, blank=True)
    name = models.TextField(null=True, blank=True)
    description = models.TextField(null=True, blank=True)
    first_seen = models.DateTimeField(null=True, blank=True)
    """As given on creation by API; fingerprints may tell of an earlier time."""
    assigned_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        indexes = [
            models.Index(fields=["project", "-created_at", "-id"], name="issue_newest_first")
        ]

    def __str__(self):
        return self.name or str(self.id)


class Fingerprint(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="fingerprints")
    fingerprint = models.CharField(max_length=200)
    version = models.BigIntegerField(default=0)
    """Grows whenever the fingerprint moves to another issue."""
    first_seen = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "fingerprint"], name="unique_fingerprint")
        ]
        indexes = [models.Index(fields=["issue", "created_at", "id"], name="fingerprint_earliest")]

    def __str__(self):
        return self.fingerprint


class StackFrame(models.Model):
    """A frame as it was resolved, with its source context, once for all the stacks it is in."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    raw_id = models.CharField(max_length=160)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    contents = models.JSONField()
    resolved = models.BooleanField()
    context = models.JSONField(null=True, blank=True)
    symbol_set_ref = models.TextField(null=True, blank=True)
    """The symbol set that resolves it, uploaded or not."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "raw_id"], name="unique_stack_frame")
        ]

    def __str__(self):
        return self.raw_id
