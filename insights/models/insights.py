"""Insights: queries that are kept, under a name."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from projects.models import Project, random_token

SHORT_ID_LENGTH = 8


def generate_short_id() -> str:
    """Never a number, so that a URL can hold either."""
    while (short_id := random_token("", SHORT_ID_LENGTH)).isdecimal():
        pass
    return short_id


class InsightQuerySet(models.QuerySet):
    def live(self) -> "InsightQuerySet":
        return self.filter(deleted=False)

    def named(self, id_or_short_id: str) -> "InsightQuerySet":
        """The one that a URL means, by its number or its short id."""
        is_number = id_or_short_id.isascii() and id_or_short_id.isdecimal()
        if not is_number:
            return self.filter(short_id=id_or_short_id)
        return self.filter(id=int(id_or_short_id)) if len(id_or_short_id) < 19 else self.none()


class Insight(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    short_id = models.CharField(max_length=12, default=generate_short_id, editable=False)
    name = models.CharField(max_length=400, null=True, blank=True)
    derived_name = models.CharField(max_length=400, null=True, blank=True)
    """What the client that made it would call it, while it has no name."""
    description = models.CharField(max_length=400, null=True, blank=True)
    query = models.JSONField(null=True, blank=True)
    """As it was sent, wrapped or not; hogql.kinds answers it."""
    tags = models.JSONField(default=list, blank=True)
    order = models.IntegerField(null=True, blank=True)
    saved = models.BooleanField(default=False)
    favorited = models.BooleanField(default=False)
    deleted = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)
    last_modified_at = models.DateTimeField(default=timezone.now, editable=False)
    """When somebody changed what it says; `updated_at` moves with anything."""
    last_modified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = InsightQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "short_id"], name="unique_insight_short_id")
        ]
        indexes = [
            models.Index(
                fields=["project", "-last_modified_at", "-id"],
                condition=Q(deleted=False),
                name="insight_newest_first",
            )
        ]

    def __str__(self):
        return self.title

    @property
    def title(self) -> str:
        return self.name or self.derived_name or f"Insight {self.short_id}"
