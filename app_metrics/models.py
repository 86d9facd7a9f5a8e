"""Runs of exports, as the history of exports shows them."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from projects.models import Project


class ExportRun(models.Model):
    class Status(models.TextChoices):
        NOT_FINISHED = "not_finished"
        SUCCESS = "success"
        FAIL = "fail"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    plugin_config_id = models.BigIntegerField(default=0)
    """The app that exports; 0 is this server itself."""
    job_id = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    payload = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.NOT_FINISHED)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "plugin_config_id", "job_id"], name="unique_export_run"
            )
        ]

    def __str__(self):
        return f"Export {self.job_id} of {self.project}"
