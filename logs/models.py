"""What people keep of the logs: saved views and exports. The lines themselves are in ClickHouse."""

import uuid

from django.db import models
from django.utils import timezone

from projects.models import Project, User, random_token


def generate_short_id() -> str:
    return random_token("", 12)


class LogLine(models.Model):
    """A line in ClickHouse. There is no such table here: the model gives the admin a page of lines
    and a permission to see it."""

    uuid = models.UUIDField(primary_key=True)
    timestamp = models.DateTimeField()
    severity_text = models.CharField(max_length=10)
    service_name = models.CharField(max_length=200)
    body = models.TextField()

    class Meta:
        managed = False
        default_permissions = ["view"]

    def __str__(self):
        return self.body


class LogsView(models.Model):
    """A saved search."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    short_id = models.CharField(
        max_length=12, unique=True, default=generate_short_id, editable=False
    )
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=400)
    filters = models.JSONField(default=dict, blank=True)
    pinned = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "saved view of logs"
        verbose_name_plural = "saved views of logs"
        indexes = [models.Index(fields=["project", "-created_at"], name="logs_view_by_project")]

    def __str__(self):
        return self.name


class LogsExport(models.Model):
    """A search whose lines can be fetched as a file."""

    class Format(models.TextChoices):
        CSV = "text/csv", "CSV"
        JSONL = "application/jsonl", "JSON lines"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    query = models.JSONField()
    """A LogsQuery, its times absolute."""
    columns = models.JSONField(default=list)
    export_format = models.CharField(max_length=20, choices=Format.choices, default=Format.CSV)
    filename = models.CharField(max_length=400)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = "export of logs"
        verbose_name_plural = "exports of logs"

    def __str__(self):
        return self.filename
