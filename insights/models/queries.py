"""What is kept of queries: answers to give again, and queries that run on their own."""

import json
import zlib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from insights.models.insights import Insight
from posthog_clone.api.renderers import JSONRenderer
from projects.models import Project


class CachedResult(models.Model):
    """The newest answer to a query, shared by all processes."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    answer = models.BinaryField()
    """JSON, compressed."""
    last_refresh = models.DateTimeField()
    stale_at = models.DateTimeField()
    """From then on it is computed anew for who asks for a fresh one."""
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "key"], name="unique_cached_result")
        ]
        indexes = [models.Index(fields=["expires_at"], name="cached_result_expires")]

    def __str__(self):
        return self.key


class QueryRun(models.Model):
    """A query that was asked asynchronously, and its answer; for twenty minutes."""

    KEPT = timedelta(minutes=20)
    # The process that has it says so every few seconds.
    SILENCE = timedelta(seconds=60)

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    query_id = models.CharField(max_length=200)
    """The client's, or one of ours."""
    query = models.JSONField()
    insight = models.ForeignKey(
        Insight, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    cache_key = models.CharField(max_length=100)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    answer = models.BinaryField(null=True)
    """JSON, compressed; once it is done."""
    error = models.JSONField(null=True)
    """The status and body that the query would have been answered with."""
    started_at = models.DateTimeField(default=timezone.now)
    picked_up_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    alive_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "query_id"], name="unique_query_run")
        ]
        indexes = [models.Index(fields=["expires_at"], name="query_run_expires")]

    def __str__(self):
        return self.query_id

    @property
    def is_unfinished(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)


def packed(answer: dict[str, Any]) -> bytes:
    return zlib.compress(JSONRenderer().render(answer), 1)


def unpacked(data: bytes) -> dict[str, Any]:
    return json.loads(zlib.decompress(data))  # not orjson, which rounds integers beyond 64 bits
