"""The frames of stacks, with what events don't carry."""

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from error_tracking.models.releases import SymbolSet
from projects.models import Project


class StackFrame(models.Model):
    """A frame as it was resolved, with its source context, once for all the stacks it is in."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    raw_id = models.CharField(max_length=160)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    contents = models.JSONField()
    resolved = models.BooleanField()
    context = models.JSONField(null=True, blank=True)
    symbol_set_ref = models.CharField(max_length=SymbolSet.MAX_REF, null=True, blank=True)
    """The symbol set that resolves it, uploaded or not."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "raw_id"], name="unique_stack_frame")
        ]
        indexes = [
            models.Index(fields=["project", "created_at", "id"], name="frame_by_creation"),
            models.Index(fields=["project", "symbol_set_ref"], name="frame_by_symbol_set"),
        ]

    def __str__(self):
        return self.raw_id
