"""How many exceptions were taken lately, where a project limits them."""

from django.db import models

from projects.models import Project


class RateLimitBucket(models.Model):
    """The current bucket of a project, or of one of its issues."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=36, blank=True)
    """The issue's id; empty for all of the project."""
    started_at = models.DateTimeField()
    taken = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "subject"], name="unique_rate_limit_bucket")
        ]

    def __str__(self):
        return f"{self.taken} since {self.started_at:%Y-%m-%d %H:%M}"
