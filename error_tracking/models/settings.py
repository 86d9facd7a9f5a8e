"""What a project sets for its error tracking, and the spikes that were found by it."""

from django.core.validators import MinValueValidator
from django.db import models
from uuid_utils.compat import uuid7

from error_tracking.models.issues import Issue
from projects.models import Project


class ErrorTrackingSettings(models.Model):
    """Limits of how many exceptions are taken; null sets none."""

    project = models.OneToOneField(
        Project, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    project_rate_limit_value = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    project_rate_limit_bucket_size_minutes = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    per_issue_rate_limit_value = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    per_issue_rate_limit_bucket_size_minutes = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )

    class Meta:
        verbose_name_plural = "error tracking settings"

    def __str__(self):
        return f"Limits of {self.project}"


class SpikeDetectionConfig(models.Model):
    project = models.OneToOneField(
        Project, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    snooze_duration_minutes = models.PositiveIntegerField(
        default=10, validators=[MinValueValidator(1)]
    )
    multiplier = models.PositiveIntegerField(default=10, validators=[MinValueValidator(1)])
    threshold = models.PositiveIntegerField(default=500, validators=[MinValueValidator(1)])

    def __str__(self):
        return f"Spike detection of {self.project}"


class SpikeEvent(models.Model):
    """An issue that suddenly happened far more often than before."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="spikes")
    detected_at = models.DateTimeField()
    computed_baseline = models.FloatField()
    current_bucket_value = models.FloatField()

    class Meta:
        indexes = [
            models.Index(fields=["project", "-detected_at", "-id"], name="spike_newest_first")
        ]

    def __str__(self):
        return f"{self.issue} at {self.detected_at:%Y-%m-%d %H:%M}"
