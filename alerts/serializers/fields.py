"""Fields of alerts that have a shape of their own."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from alerts import blocking
from alerts.configuration import CONDITIONS, check_threshold
from alerts.detectors import KEYS
from alerts.snoozing import parse_snooze
from projects.models import OrganizationMembership, User

NOT_A_MEMBER = "User does not belong to the same organization as the alert's team."


def any_object(kind: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "title": kind, "properties": properties, **more}


@extend_schema_field(
    any_object(
        "InsightThreshold",
        {
            "type": {"type": "string", "enum": ["absolute", "percentage"]},
            "bounds": {
                "type": ["object", "null"],
                "properties": {
                    "lower": {"type": ["number", "null"]},
                    "upper": {"type": ["number", "null"]},
                },
            },
        },
        required=["type"],
    )
)
class ThresholdConfigurationField(serializers.JSONField):
    def to_internal_value(self, data):
        check_threshold(data)
        return data


@extend_schema_field(
    any_object(
        "AlertCondition",
        {"type": {"type": "string", "enum": list(CONDITIONS)}},
        required=["type"],
    )
)
class ConditionField(serializers.JSONField):
    pass


@extend_schema_field(
    any_object(
        "AlertConfig",
        {
            "type": {"type": "string", "enum": ["TrendsAlertConfig", "HogQLAlertConfig"]},
            "series_index": {"type": "integer", "minimum": 0},
            "check_ongoing_interval": {"type": ["boolean", "null"]},
        },
        required=["type"],
    )
)
class ConfigField(serializers.JSONField):
    pass


@extend_schema_field(
    any_object(
        "DetectorConfig",
        {
            "type": {"type": "string", "enum": list(KEYS)},
            "threshold": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.95},
            "window": {"type": "integer", "minimum": 5, "maximum": 1000, "default": 30},
            "multiplier": {"type": "number", "minimum": 0.5, "maximum": 10, "default": 1.5},
            "preprocessing": {
                "type": "object",
                "properties": {
                    "diffs_n": {"type": "integer", "minimum": 0, "maximum": 1},
                    "smooth_n": {"type": "integer", "minimum": 0, "maximum": 30},
                },
            },
        },
        required=["type"],
    )
)
class DetectorField(serializers.JSONField):
    pass


@extend_schema_field(
    {
        "type": ["object", "null"],
        "title": "AlertScheduleRestriction",
        "required": ["blocked_windows"],
        "properties": {
            "blocked_windows": {
                "type": "array",
                "maxItems": blocking.MAX_WINDOWS,
                "items": {
                    "type": "object",
                    "required": ["start", "end"],
                    "properties": {
                        "start": {"type": "string", "examples": ["22:00"]},
                        "end": {"type": "string", "examples": ["06:30"]},
                    },
                },
            }
        },
    }
)
class RestrictionField(serializers.JSONField):
    def to_internal_value(self, data):
        try:
            return blocking.normalize(data)
        except blocking.InvalidRestriction:
            raise ValidationError("Invalid schedule restriction.") from None


@extend_schema_field({"type": ["string", "null"], "examples": ["2h", "2030-01-31T12:00:00Z"]})
class SnoozeField(serializers.DateTimeField):
    """Relative times count forwards; answers are absolute."""

    def to_internal_value(self, value):
        return parse_snooze(value, timezone.now())


class MembersField(serializers.ListField):
    """Users of the project's organization, by their ids; memberships in Python."""

    child = serializers.IntegerField(min_value=1)

    def to_internal_value(self, data):
        try:
            ids = list(dict.fromkeys(super().to_internal_value(data)))
        except ValidationError as error:
            raise ValidationError(first_message(error.detail)) from error
        ids_there = User.objects.filter(id__in=ids, is_active=True).values_list("id", flat=True)
        if absent := set(ids) - set(ids_there):
            raise ValidationError(
                f'Invalid pk "{min(absent)}" - object does not exist.', code="does_not_exist"
            )
        organization_id = self.context["project"].organization_id
        members = OrganizationMembership.objects.filter(
            organization_id=organization_id, user__in=ids
        )
        by_user = {member.user_id: member for member in members}
        if len(by_user) < len(ids):
            raise ValidationError(NOT_A_MEMBER)
        return [by_user[id] for id in ids]

    def to_representation(self, users):
        return [user.id for user in users]


def first_message(detail: Any) -> Any:
    while isinstance(detail, dict | list):
        detail = next(iter(detail.values() if isinstance(detail, dict) else detail))
    return detail
