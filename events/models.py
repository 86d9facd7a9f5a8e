"""Definitions of events and properties, which ingestion makes, and actions, which people make."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from projects.models import Project

NO_GROUP = -1


class Definition(models.Model):
    """What people say about a name that events use."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=400)
    description = models.TextField(blank=True, default="")
    tags = models.JSONField(default=list, blank=True)
    hidden = models.BooleanField(default=False)
    verified = models.BooleanField(default=False)
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    updated_at = models.DateTimeField(null=True, blank=True)
    """When people last changed it; None: never."""
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        abstract = True

    def __str__(self):
        return self.name


class EventDefinition(Definition):
    created_at = models.DateTimeField(null=True, blank=True)
    """First seen; None for one that people made and no event has come for."""
    last_seen_at = models.DateTimeField(null=True, blank=True)
    default_columns = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="unique_event_definition")
        ]


class PropertyDefinition(Definition):
    class Type(models.TextChoices):
        EVENT = "event"
        PERSON = "person"
        GROUP = "group"

    class PropertyType(models.TextChoices):
        DATETIME = "DateTime"
        STRING = "String"
        NUMERIC = "Numeric"
        BOOLEAN = "Boolean"

    type = models.CharField(max_length=8, choices=Type.choices, default=Type.EVENT)
    group_type_index = models.SmallIntegerField(default=NO_GROUP)
    """NO_GROUP but for properties of groups."""
    property_type = models.CharField(
        max_length=8, choices=PropertyType.choices, null=True, blank=True
    )
    """None until a value tells."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "type", "group_type_index", "name"],
                name="unique_property_definition",
            )
        ]

    @property
    def is_numerical(self) -> bool:
        return self.property_type == self.PropertyType.NUMERIC


class EventProperty(models.Model):
    """Events of this name have come with this property."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    event = models.CharField(max_length=400)
    property = models.CharField(max_length=400)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "event", "property"], name="unique_event_property"
            )
        ]
        verbose_name_plural = "event properties"

    def __str__(self):
        return f"{self.property} of {self.event}"


class Action(models.Model):
    """Events that are one thing to people: those that satisfy one of its steps."""

    class Matching(models.TextChoices):
        """How a step compares a text."""

        CONTAINS = "contains"
        REGEX = "regex"
        EXACT = "exact"

    id = models.AutoField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=400)
    description = models.TextField(blank=True, default="")
    tags = models.JSONField(default=list, blank=True)
    steps = models.JSONField(default=list, blank=True)
    """As the API shows them: every key is there (events/actions.py)."""
    slack_message_format = models.CharField(max_length=1200, blank=True, default="")
    pinned_at = models.DateTimeField(null=True, blank=True)
    last_calculated_at = models.DateTimeField(default=timezone.now)
    deleted = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                condition=models.Q(deleted=False),
                name="unique_action_name",
            )
        ]

    def __str__(self):
        return self.name
