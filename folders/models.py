"""Where a user keeps the things of a project: one folder per user, project and type."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from projects.models import Project


class PersistedFolder(models.Model):
    DEFAULT_PROTOCOL = "products://"

    class Type(models.TextChoices):
        HOME = "home"
        PINNED = "pinned"
        CUSTOM_PRODUCTS = "custom_products"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    type = models.CharField(max_length=20, choices=Type.choices)
    protocol = models.CharField(max_length=64, default=DEFAULT_PROTOCOL)
    path = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "user", "type"], name="unique_persisted_folder_type"
            )
        ]

    def __str__(self):
        return f"{self.type} of {self.user}"
