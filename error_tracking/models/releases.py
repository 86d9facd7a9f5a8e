"""Releases, and the symbol sets that lead from shipped code back to its source."""

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from projects.models import Project


class Release(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    hash_id = models.CharField(max_length=128)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    metadata = models.JSONField(null=True, blank=True)
    version = models.TextField()
    app = models.TextField()
    """What is released; the API calls it `project`."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "hash_id"], name="unique_release_hash")
        ]
        indexes = [
            models.Index(fields=["project", "-created_at", "-id"], name="release_newest_first")
        ]

    def __str__(self):
        return f"{self.app} {self.version}"


class SymbolSet(models.Model):
    """A source map, or other debug file, for the frames that name its `ref`."""

    MAX_REF = 600
    """What both databases can index; longer refs are refused, and no frame is looked up by one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    ref = models.CharField(max_length=MAX_REF)
    """A chunk id, or the URL of the script."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used = models.DateTimeField(null=True, blank=True, editable=False)
    storage_ptr = models.CharField(max_length=200, null=True, blank=True, editable=False)
    """The key of its file, which may be still to come."""
    failure_reason = models.TextField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When this server last tried in vain to fetch it."""
    content_hash = models.TextField(null=True, blank=True, editable=False)
    """The uploader's own; null until the upload is finished."""
    release = models.ForeignKey(
        Release, null=True, blank=True, on_delete=models.CASCADE, related_name="symbol_sets"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "ref"], name="unique_symbol_set_ref")
        ]
        indexes = [
            models.Index(fields=["project", "-created_at", "-id"], name="symbol_set_newest_first")
        ]

    def __str__(self):
        return self.ref

    @property
    def has_uploaded_file(self) -> bool:
        return self.storage_ptr is not None
