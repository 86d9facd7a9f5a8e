"""Exports: rows of the API or of a query, written to a file in the background."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from insights.models.insights import Insight
from projects.models import Project

KEPT = timedelta(days=7)


class ExportQuerySet(models.QuerySet):
    def live(self, now: datetime) -> "ExportQuerySet":
        """Those whose file is kept, or will be."""
        return self.filter(expires_after__gt=now)

    def due(self, now: datetime) -> "ExportQuerySet":
        return self.filter(finished_at=None, next_attempt_at__lte=now).order_by("next_attempt_at")

    def claim(self, now: datetime) -> "Export | None":
        """Take the next one for the time of a LEASE, which `keep` prolongs."""
        if not self.due(now).exists():
            return None
        with transaction.atomic():
            export = self.due(now).select_for_update(skip_locked=True, of=("self",)).first()
            if export:
                export.attempts += 1
                export.rows, export.exception = 0, None
                export.next_attempt_at = now + Export.LEASE
                export.save(update_fields=["attempts", "rows", "exception", "next_attempt_at"])
        return export


class Export(models.Model):
    LEASE = timedelta(seconds=20)

    class Format(models.TextChoices):
        CSV = "text/csv", "CSV"
        JSON_LINES = "application/x-ndjson", "JSON lines"
        JSON = "application/json", "JSON"

    class Status(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        SUCCESS = "success"
        FAIL = "fail"

    SUFFIXES = {Format.CSV: "csv", Format.JSON_LINES: "jsonl", Format.JSON: "json"}

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    insight = models.ForeignKey(
        Insight, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    export_context = models.JSONField(null=True, blank=True)
    """`path` of this API or `source`, a query; null for an insight's."""
    export_format = models.CharField(max_length=30, choices=Format.choices, default=Format.CSV)
    filename = models.CharField(max_length=300)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    """Whose rights decide what the rows are."""
    expires_after = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    file_key = models.CharField(max_length=200, null=True, blank=True)
    size = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    """Written so far."""
    total_rows = models.BigIntegerField(null=True, blank=True)
    """How many there will be, where that is known."""
    exception = models.TextField(null=True, blank=True)
    """Why it failed, or why it is going to be tried again."""
    next_attempt_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    """Also tells one claim from the next."""

    objects = ExportQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(finished_at=None), name="export_due"
            ),
            models.Index(
                fields=["project", "created_by", "-created_at"], name="export_newest_first"
            ),
        ]

    def __str__(self):
        return self.filename

    @property
    def has_content(self) -> bool:
        return self.file_key is not None

    @property
    def status(self) -> Status:
        if self.finished_at:
            return self.Status.SUCCESS if self.has_content else self.Status.FAIL
        is_waiting = self.attempts == 0 or self.exception
        return self.Status.WAITING if is_waiting else self.Status.RUNNING

    def key_of_attempt(self, number: int) -> str:
        """Where the file of an attempt goes: no other one writes there."""
        return f"{self.project_id}/{self.id}-{number}"

    def keep(self, now: datetime) -> bool:
        """Prolong the claim and show how far it is; False when another worker has taken over."""
        return self._write(
            next_attempt_at=now + self.LEASE, rows=self.rows, total_rows=self.total_rows
        )

    def try_again(self, at: datetime, reason: str) -> bool:
        return self._write(next_attempt_at=at, exception=reason)

    def settle(self, now: datetime, **fields) -> bool:
        """Write how it ended; False when another worker has taken over."""
        return self._write(finished_at=now, rows=self.rows, total_rows=self.total_rows, **fields)

    def _write(self, **fields) -> bool:
        ours = Export.objects.filter(pk=self.pk, attempts=self.attempts, finished_at=None)
        return ours.update(**fields) == 1
