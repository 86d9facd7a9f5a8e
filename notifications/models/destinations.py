"""Destinations, which the API calls hog functions, and what is to be delivered to them."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from uuid_utils.compat import uuid7

from notifications import secrets
from notifications.models.integrations import Integration
from notifications.models.outbound import Outbound, OutboundQuerySet
from notifications.templates import TEMPLATES, Template
from projects.models import Project


class HogFunctionQuerySet(models.QuerySet):
    def active(self) -> "HogFunctionQuerySet":
        return self.filter(enabled=True, deleted=False)


class HogFunction(models.Model):
    class Type(models.TextChoices):
        DESTINATION = "destination"
        INTERNAL_DESTINATION = "internal_destination"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    type = models.CharField(max_length=24, choices=Type.choices)
    """Internal ones get what this server itself has to tell, the others captured events."""
    template_id = models.CharField(max_length=200)
    name = models.CharField(max_length=400)
    description = models.TextField(blank=True, default="")
    icon_url = models.TextField(blank=True, default="")
    enabled = models.BooleanField(default=False)
    deleted = models.BooleanField(default=False)
    inputs = models.JSONField(default=dict, blank=True)
    """As the API shows them: `{"url": {"value": "https://…"}, "key": {"secret": true}}`."""
    encrypted_inputs = models.TextField(blank=True, default="", editable=False)
    filters = models.JSONField(default=dict, blank=True)
    integration = models.ForeignKey(
        Integration, null=True, blank=True, on_delete=models.SET_NULL, related_name="destinations"
    )
    """The one that the inputs name."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    objects = HogFunctionQuerySet.as_manager()

    class Meta:
        verbose_name = "destination"
        indexes = [
            models.Index(fields=["project", "-updated_at", "-id"], name="hog_function_newest"),
            models.Index(
                fields=["project", "type"],
                condition=Q(enabled=True, deleted=False),
                name="hog_function_active",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def template(self) -> Template:
        return TEMPLATES[self.template_id]

    @property
    def secret_inputs(self) -> dict[str, Any]:
        return secrets.decrypt(self.encrypted_inputs)

    def values(self) -> dict[str, Any]:
        """The value of every input, secret ones too, with the template's defaults."""
        given = {**self.inputs, **self.secret_inputs}
        values = {}
        for described in self.template.inputs_schema:
            value = given.get(described["key"], {}).get("value")
            values[described["key"]] = described.get("default") if value is None else value
        return values


class DeliveryQuerySet(OutboundQuerySet):
    def next_in_turn(self, now: datetime) -> Self:
        """A destination's own by how long they waited; destinations take turns, so that one with
        much to deliver, or one that is down, holds up none of the others."""
        turn = Window(RowNumber(), partition_by="function_id", order_by=["next_attempt_at", "id"])
        return self.due(now).annotate(turn=turn).order_by("turn", "next_attempt_at")


class Delivery(Outbound):
    """An event on its way to a destination: each event once to each."""

    LEASE = timedelta(seconds=25)  # the second try is promised within half a minute

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    function = models.ForeignKey(HogFunction, on_delete=models.CASCADE, related_name="deliveries")
    event_uuid = models.UUIDField()
    payload = models.TextField()
    """The event and its person, as JSON. Not a JSON column: events may hold what those refuse."""

    objects = DeliveryQuerySet.as_manager()

    class Meta(Outbound.Meta):
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["function", "event_uuid"], name="one_delivery_each")
        ]
        indexes = [
            *Outbound.Meta.indexes,
            models.Index(
                fields=["function"], condition=Q(state="pending"), name="delivery_waiting"
            ),
        ]

    def __str__(self):
        return f"{self.event_uuid} to {self.function}"
