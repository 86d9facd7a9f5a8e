"""The durable queue between capture and the worker."""

from django.db import models
from django.utils import timezone


class Lane(models.Model):
    """A share of the queue that one worker at a time works on; a person stays in one lane."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    digested_to = models.BigIntegerField(default=0)
    """The last queue row whose effects are committed, where the queue is a database of its own."""

    def __str__(self):
        return f"Lane {self.id}"


class QueuedBatch(models.Model):
    """Accepted events that wait to be digested: a request's, or a lane's share of it."""

    lane = models.PositiveSmallIntegerField()
    project_id = models.BigIntegerField()
    received_at = models.DateTimeField()
    events = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    payload = models.BinaryField()
    """A captured event as JSON per line; see ingestion/queue.py."""

    class Meta:
        indexes = [
            # Holds all that the worker plans by and the guards count, so neither reads a payload.
            models.Index(
                fields=["lane", "id", "size", "events", "received_at"], name="queue_by_lane"
            )
        ]
        verbose_name_plural = "queued batches"

    def __str__(self):
        return f"{self.events} events of project {self.project_id}"


class DeadLetter(models.Model):
    """An event, or a row for the analytics store, that could not be digested, with the reason."""

    project_id = models.BigIntegerField(null=True, blank=True)
    stage = models.CharField(max_length=40)
    error = models.TextField()
    payload = models.TextField()
    """The event or row as JSON."""
    received_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self):
        return f"{self.stage}: {self.error[:80]}"
