"""Alerts on insights, with their thresholds and checks."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from alerts.configuration import check_configuration, default_config
from alerts.models import Alert, AlertCheck, AlertSubscription, Threshold
from alerts.questions import question_of
from alerts.serializers.fields import (
    ConditionField,
    ConfigField,
    MembersField,
    RestrictionField,
    SnoozeField,
    ThresholdConfigurationField,
)
from insights.models import Insight
from insights.serializers.insights import InsightBasicSerializer
from posthog_clone.api.serializers import Constant, ModelSerializer
from projects.models import User
from projects.serializers.basic import UserBasicSerializer

# Keys of PostHog's answers that are always the same here.
CONSTANT = {
    "detector_config": None,
    "investigation_agent_enabled": False,
    "investigation_gates_notifications": False,
    "investigation_inconclusive_action": "notify",
}
NO_DETECTORS = (
    "Alerts are checked against a threshold here, not by a detector: leave this out, or try one "
    "with alerts/simulate/."
)
NO_AGENT = "There is no investigation agent here: leave this out or send false."
ALWAYS_NOTIFIES = "There is no investigation agent here: leave this out or send notify."


class ThresholdSerializer(ModelSerializer):
    configuration = ThresholdConfigurationField()

    class Meta:
        model = Threshold
        fields = ["id", "created_at", "name", "configuration"]
        read_only_fields = ["id", "created_at"]


class AlertCheckSerializer(ModelSerializer):
    targets_notified = serializers.SerializerMethodField()
    anomaly_scores = Constant(None, list)
    triggered_points = Constant(None, list)
    triggered_dates = Constant(None, list)
    interval = Constant(None, str)
    triggered_metadata = Constant(None, dict)
    investigation_status = Constant(None, str)
    investigation_verdict = Constant(None, str)
    investigation_summary = Constant(None, str)
    investigation_notebook_short_id = Constant(None, str)
    notification_sent_at = Constant(None, str)
    notification_suppressed_by_agent = Constant(False)

    class Meta:
        model = AlertCheck
        fields = [
            "id",
            "created_at",
            "calculated_value",
            "state",
            "targets_notified",
            "anomaly_scores",
            "triggered_points",
            "triggered_dates",
            "interval",
            "triggered_metadata",
            "investigation_status",
            "investigation_verdict",
            "investigation_summary",
            "investigation_notebook_short_id",
            "notification_sent_at",
            "notification_suppressed_by_agent",
        ]
        read_only_fields = fields

    def get_targets_notified(self, check) -> bool:
        return bool(check.targets_notified)


class InsightOfProject(serializers.PrimaryKeyRelatedField):
    def get_queryset(self):
        return Insight.objects.live().filter(project=self.context["project"])

    def to_internal_value(self, data):
        if isinstance(data, float) and not data.is_integer():  # the database would cut it
            self.fail("incorrect_type", data_type="float")
        return super().to_internal_value(data)


EXAMPLE = {
    "name": "Sign-ups collapse",
    "insight": 42,
    "subscribed_users": [1],
    "threshold": {"configuration": {"type": "absolute", "bounds": {"lower": 10, "upper": None}}},
    "condition": {"type": "absolute_value"},
    "config": {"type": "TrendsAlertConfig", "series_index": 0},
    "calculation_interval": "hourly",
}
IDS = (
    "Ids of an insight (`GET insights/`) and of users (`GET /api/organizations/@current/members/`)."
)


@extend_schema_serializer(
    examples=[
        OpenApiExample("Fewer than ten an hour", EXAMPLE, request_only=True, description=IDS),
        OpenApiExample(
            "Twice as much as the day before",
            {
                "name": "Errors double",
                "insight": 42,
                "subscribed_users": [1],
                "threshold": {"configuration": {"type": "percentage", "bounds": {"upper": 1}}},
                "condition": {"type": "relative_increase"},
            },
            request_only=True,
            description=IDS,
        ),
    ]
)
class AlertSerializer(ModelSerializer):
    created_by = UserBasicSerializer(read_only=True, allow_null=True)
    insight = InsightOfProject(queryset=Insight.objects.none(), help_text="The insight's number.")
    name = serializers.CharField(max_length=255, required=False, allow_blank=True)
    subscribed_users = MembersField(help_text="Ids of users, who are told by e-mail.")
    threshold = ThresholdSerializer()
    condition = ConditionField(required=False, allow_null=True)
    checks = serializers.SerializerMethodField(help_text="The newest, when one alert is asked for.")
    checks_total = serializers.SerializerMethodField()
    config = ConfigField(required=False, allow_null=True)
    detector_config = Constant(CONSTANT["detector_config"], dict)
    snoozed_until = SnoozeField(
        required=False,
        allow_null=True,
        help_text="`2h`, `3d`, `1w`, `1m` (month) from now, or ISO 8601; null wakes the alert.",
    )
    schedule_restriction = RestrictionField(
        required=False,
        allow_null=True,
        help_text="When the alert keeps quiet, by the project's clock.",
    )
    last_value = serializers.SerializerMethodField()
    investigation_agent_enabled = Constant(CONSTANT["investigation_agent_enabled"])
    investigation_gates_notifications = Constant(CONSTANT["investigation_gates_notifications"])
    investigation_inconclusive_action = Constant(CONSTANT["investigation_inconclusive_action"])

    class Meta:
        model = Alert
        fields = [
            "id",
            "created_by",
            "created_at",
            "insight",
            "name",
            "subscribed_users",
            "threshold",
            "condition",
            "state",
            "enabled",
            "last_notified_at",
            "last_checked_at",
            "next_check_at",
            "checks",
            "checks_total",
            "config",
            "detector_config",
            "calculation_interval",
            "snoozed_until",
            "skip_weekend",
            "schedule_restriction",
            "last_value",
            "investigation_agent_enabled",
            "investigation_gates_notifications",
            "investigation_inconclusive_action",
        ]
        read_only_fields = [
            *("id", "created_at", "state", "last_notified_at", "last_checked_at"),
            "next_check_at",
        ]

    @extend_schema_field(AlertCheckSerializer(many=True))
    def get_checks(self, alert):
        checks = self.context.get("checks")
        return AlertCheckSerializer(checks, many=True).data if checks else []

    def get_checks_total(self, alert) -> int | None:
        return self.context.get("checks_total")

    def get_last_value(self, alert) -> float | None:
        return getattr(alert, "last_value", None)

    def to_representation(self, alert):
        """By hand, since a page of a hundred is several times as fast as field by field.

        The renderer writes times and ids faster than Python does.
        """
        total = self.get_checks_total(alert)
        return {
            "id": alert.id,
            "created_by": self.author(alert),
            "created_at": alert.created_at,
            **self.related(alert),
            "name": alert.name,
            "threshold": self.bounds(alert),
            "condition": alert.condition,
            "state": alert.state,
            "enabled": alert.enabled,
            "last_notified_at": alert.last_notified_at,
            "last_checked_at": alert.last_checked_at,
            "next_check_at": alert.next_check_at,
            "checks": self.get_checks(alert),
            **({} if total is None else {"checks_total": total}),
            "config": alert.config,
            "calculation_interval": alert.calculation_interval,
            "snoozed_until": alert.snoozed_until,
            "skip_weekend": alert.skip_weekend,
            "schedule_restriction": alert.schedule_restriction,
            "last_value": self.get_last_value(alert),
            **CONSTANT,
        }

    def author(self, alert: Alert) -> dict[str, Any] | None:
        return self.user(alert.created_by)

    def bounds(self, alert: Alert) -> dict[str, Any]:
        threshold = alert.threshold
        return {
            "id": threshold.id,
            "created_at": threshold.created_at,
            "name": threshold.name,
            "configuration": threshold.configuration,
        }

    def related(self, alert: Alert) -> dict[str, Any]:
        """Insight and users, as numbers or as objects."""
        if not self.context.get("as_objects"):
            ids = [each.member.user_id for each in alert.subscribed]
            return {"insight": alert.insight_id, "subscribed_users": ids}
        return {
            "insight": InsightBasicSerializer(alert.insight).data,
            "subscribed_users": [self.user(user) for user in alert.subscribed_users],
        }

    def user(self, user: User | None) -> dict[str, Any] | None:
        if user is None:
            return None
        shown = self.context.setdefault("shown_users", {})
        if user.id not in shown:
            shown[user.id] = UserBasicSerializer(user).data
        return shown[user.id]

    def to_internal_value(self, data):
        value = super().to_internal_value(data)
        refuse_what_is_not_served(data)
        return value

    def validate(self, attrs):
        if self.instance is None:
            question = question_of(attrs["insight"].query)
            attrs.setdefault("condition", {"type": "absolute_value"})
            attrs.setdefault("config", default_config(question))
            as_it_will_be = attrs
        else:
            names = ("insight", "condition", "config")
            as_it_will_be = {name: getattr(self.instance, name) for name in names} | attrs
        threshold = attrs.get("threshold") or {}
        check_configuration(
            as_it_will_be["insight"].query,
            as_it_will_be["condition"],
            as_it_will_be["config"],
            threshold.get("configuration") or self.instance.threshold.configuration,
        )
        return attrs


def refuse_what_is_not_served(data) -> None:
    if data.get("detector_config") not in (None, "", "null"):
        raise ValidationError({"detector_config": NO_DETECTORS})
    for name in ("investigation_agent_enabled", "investigation_gates_notifications"):
        if data.get(name) not in (None, False, "false", ""):
            raise ValidationError({name: NO_AGENT})
    if data.get("investigation_inconclusive_action") not in (None, "notify", ""):
        raise ValidationError({"investigation_inconclusive_action": ALWAYS_NOTIFIES})


class RowsSerializer(serializers.ListSerializer):
    """Looks up at once who made the alerts of a page and who is told of them."""

    def to_representation(self, data):
        rows = list(data)
        caller = self.context["request"].user
        others = {row.created_by_id for row in rows} - {None, caller.id}
        authors = {caller.id: caller, **User.objects.in_bulk(others)}
        told = AlertSubscription.objects.user_ids_by_alert(rows)
        self.child.authors = {id: UserBasicSerializer(user).data for id, user in authors.items()}
        self.child.user_ids = told
        return [self.child.to_representation(row) for row in rows]


class ListedAlertSerializer(AlertSerializer):
    """An alert of `as_rows`, shown as any other."""

    class Meta(AlertSerializer.Meta):
        list_serializer_class = RowsSerializer

    def get_checks(self, row):
        return []

    def get_checks_total(self, row):
        return None

    def author(self, row):
        return self.authors.get(row.created_by_id)

    def bounds(self, row):
        return {
            "id": row.threshold_id,
            "created_at": row.threshold__created_at,
            "name": row.threshold__name,
            "configuration": row.threshold__configuration,
        }

    def related(self, row):
        return {"insight": row.insight_id, "subscribed_users": self.user_ids.get(row.id, [])}


class ThresholdWithAlertSerializer(ThresholdSerializer):
    alerts = serializers.SerializerMethodField()

    class Meta(ThresholdSerializer.Meta):
        fields = [*ThresholdSerializer.Meta.fields, "alerts"]

    @extend_schema_field(AlertSerializer(many=True))
    def get_alerts(self, threshold):
        return AlertSerializer([threshold.alert], many=True, context=self.context).data
