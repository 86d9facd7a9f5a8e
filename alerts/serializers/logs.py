"""Alerts on logs."""

from datetime import datetime, timedelta

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from alerts.models import LogsAlert, LogsAlertEvent
from alerts.models.logs import LogsState
from alerts.on_logs import routing
from alerts.on_logs.counting import search_of
from alerts.on_logs.timeline import timeline
from alerts.serializers.fields import RestrictionField, SnoozeField
from logs.serializers.queries import LogsCountBodySerializer
from posthog_clone.api.serializers import Constant, ModelSerializer, Serializer
from posthog_clone.api.times import parse_bound
from projects.serializers.basic import UserBasicSerializer

WINDOWS = (5, 10, 15, 30, 60)
MAX_PERIODS = 10
MAX_DAYS = 30
CRITERIA = ("severityLevels", "serviceNames", "searchTerm", "filterGroup")
NO_CRITERIA = "At least one filter is required (severityLevels, serviceNames, or filterGroup)."


class LogsAlertFiltersSerializer(LogsCountBodySerializer):
    """Which lines are counted: all that hold every condition."""

    dateRange = None

    def to_internal_value(self, data):
        value = super().to_internal_value(data)
        if unknown := sorted(set(data) - set(CRITERIA)):
            raise ValidationError(
                {unknown[0][:100]: f"Not a filter of an alert: use {', '.join(CRITERIA)}."}
            )
        now = timezone.now()
        search_of(self.context["project"].id, value, now - timedelta(minutes=5), now)
        return {name: data[name] for name in CRITERIA if data.get(name) is not None}


def check_criteria(filters: dict) -> None:
    if not any(filters.values()):
        raise ValidationError({"filters": NO_CRITERIA})


def check_periods(periods: int, needed: int) -> None:
    if needed > periods:
        raise ValidationError(
            {"datapoints_to_alarm": f"Cannot exceed evaluation_periods ({needed} > {periods})."}
        )


class WindowField(serializers.IntegerField):
    def to_internal_value(self, data):
        value = super().to_internal_value(data)
        if value not in WINDOWS:
            raise ValidationError(f"Must be one of {', '.join(map(str, WINDOWS))}.")
        return value


class SpanSerializer(Serializer):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    state = serializers.ChoiceField(LogsState.choices)
    enabled = serializers.BooleanField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Errors of one service",
            {
                "name": "Checkout fails",
                "filters": {"severityLevels": ["error", "fatal"], "serviceNames": ["checkout"]},
                "threshold_count": 20,
                "threshold_operator": "above",
                "window_minutes": 10,
            },
            request_only=True,
        )
    ]
)
class LogsAlertSerializer(ModelSerializer):
    name = serializers.CharField(max_length=255, required=False, allow_blank=True)
    filters = LogsAlertFiltersSerializer(required=False)
    threshold_count = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, default=100
    )
    window_minutes = WindowField(required=False, default=5, help_text="5, 10, 15, 30 or 60.")
    check_interval_minutes = Constant(5)
    evaluation_periods = serializers.IntegerField(
        min_value=1, max_value=MAX_PERIODS, required=False, default=1
    )
    datapoints_to_alarm = serializers.IntegerField(
        min_value=1,
        max_value=MAX_PERIODS,
        required=False,
        default=1,
        help_text="How many of the last evaluation_periods checks must be beyond the threshold.",
    )
    cooldown_minutes = serializers.IntegerField(
        min_value=0, max_value=525_600, required=False, default=0
    )
    snooze_until = SnoozeField(required=False, allow_null=True)
    schedule_restriction = RestrictionField(required=False, allow_null=True)
    last_error_message = serializers.SerializerMethodField()
    state_timeline = serializers.SerializerMethodField()
    destination_types = serializers.SerializerMethodField()
    created_by = UserBasicSerializer(read_only=True, allow_null=True)

    class Meta:
        model = LogsAlert
        fields = [
            "id",
            "name",
            "enabled",
            "filters",
            "threshold_count",
            "threshold_operator",
            "window_minutes",
            "check_interval_minutes",
            "state",
            "evaluation_periods",
            "datapoints_to_alarm",
            "cooldown_minutes",
            "snooze_until",
            "schedule_restriction",
            "next_check_at",
            "last_notified_at",
            "last_checked_at",
            "consecutive_failures",
            "last_error_message",
            "state_timeline",
            "destination_types",
            "first_enabled_at",
            "created_at",
            "created_by",
            "updated_at",
        ]
        read_only_fields = [
            *("id", "state", "next_check_at", "last_notified_at", "last_checked_at"),
            *("consecutive_failures", "first_enabled_at", "created_at", "updated_at"),
        ]

    def get_fields(self):
        fields = super().get_fields()
        if self.instance is not None:  # what a change leaves out is kept, by PUT too
            for field in fields.values():
                field.default = serializers.empty
        return fields

    def get_last_error_message(self, alert) -> str | None:
        return getattr(alert, "last_error", None)

    @extend_schema_field(SpanSerializer(many=True))
    def get_state_timeline(self, alert):
        return timeline(alert, getattr(alert, "recent_events", []), self.context["now"])

    def get_destination_types(self, alert) -> list[str]:
        functions = self.context["destinations"].get(str(alert.id), [])
        return routing.types_of(functions)

    def validate_snooze_until(self, value: datetime | None) -> datetime | None:
        if value is not None and value <= timezone.now():
            raise ValidationError("Must be a time to come.")
        return value

    def validate(self, attrs):
        def kept(name, default):
            return attrs.get(name, getattr(self.instance, name, default))

        filters = kept("filters", {})
        if kept("enabled", True) or filters:
            check_criteria(filters)
        check_periods(kept("evaluation_periods", 1), kept("datapoints_to_alarm", 1))
        return attrs

    def to_representation(self, alert):
        return {**super().to_representation(alert), "filters": alert.filters}


class LogsAlertEventSerializer(ModelSerializer):
    class Meta:
        model = LogsAlertEvent
        fields = [
            *("id", "created_at", "kind", "state_before", "state_after", "threshold_breached"),
            *("result_count", "error_message", "query_duration_ms"),
        ]
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Errors of the last day",
            {
                "filters": {"severityLevels": ["error", "fatal"], "serviceNames": ["checkout"]},
                "threshold_count": 20,
                "threshold_operator": "above",
                "window_minutes": 10,
                "date_from": "-24h",
            },
            request_only=True,
        )
    ]
)
class LogsAlertSimulateSerializer(Serializer):
    filters = LogsAlertFiltersSerializer()
    threshold_count = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    threshold_operator = serializers.ChoiceField(LogsAlert.Operator.choices)
    window_minutes = WindowField()
    evaluation_periods = serializers.IntegerField(
        min_value=1, max_value=MAX_PERIODS, required=False, default=1
    )
    datapoints_to_alarm = serializers.IntegerField(
        min_value=1, max_value=MAX_PERIODS, required=False, default=1
    )
    cooldown_minutes = serializers.IntegerField(
        min_value=0, max_value=525_600, required=False, default=0
    )
    date_from = serializers.CharField(help_text="`-24h`, `-7d`; at most 30 days back.")

    def validate(self, attrs):
        check_criteria(attrs["filters"])
        check_periods(attrs["evaluation_periods"], attrs["datapoints_to_alarm"])
        now, project = self.context["now"], self.context["project"]
        since = parse_bound(attrs["date_from"], project.tz, now, attr="date_from")
        if since is None or since < now - timedelta(days=MAX_DAYS, minutes=1):
            raise ValidationError({"date_from": f"At most {MAX_DAYS} days back."})
        if since > now:
            raise ValidationError({"date_from": "Must be in the past."})
        return {**attrs, "since": since}


class LogsAlertSimulateBucketSerializer(Serializer):
    timestamp = serializers.DateTimeField(help_text="When the check would have been.")
    count = serializers.IntegerField()
    threshold_breached = serializers.BooleanField()
    state = serializers.CharField()
    notification = serializers.CharField(help_text="none, fire or resolve.")
    reason = serializers.CharField()


class LogsAlertSimulateResponseSerializer(Serializer):
    buckets = LogsAlertSimulateBucketSerializer(many=True)
    fire_count = serializers.IntegerField()
    resolve_count = serializers.IntegerField()
    total_buckets = serializers.IntegerField()
    threshold_count = serializers.IntegerField()
    threshold_operator = serializers.CharField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A webhook",
            {"type": "webhook", "webhook_url": "https://example.com/hook"},
            request_only=True,
        ),
        OpenApiExample(
            "A Slack channel",
            {"type": "slack", "slack_workspace_id": 1, "slack_channel_id": "C0123456789"},
            request_only=True,
            description="The id of an integration of kind slack: `GET integrations/`.",
        ),
    ]
)
class LogsAlertCreateDestinationSerializer(Serializer):
    type = serializers.ChoiceField(list(routing.TYPES))
    slack_workspace_id = serializers.IntegerField(required=False)
    slack_channel_id = serializers.CharField(required=False)
    slack_channel_name = serializers.CharField(
        required=False, allow_blank=True, help_text="Accepted, without effect."
    )
    webhook_url = serializers.CharField(required=False)

    def validate(self, attrs):
        needed = {"slack": ("slack_workspace_id", "slack_channel_id"), "webhook": ("webhook_url",)}
        for name in needed[attrs["type"]]:
            if not attrs.get(name):
                raise ValidationError({name: "This field is required."}, code="required")
        return attrs


class LogsAlertDestinationResponseSerializer(Serializer):
    hog_function_ids = serializers.ListField(child=serializers.UUIDField())


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A destination",
            {"hog_function_ids": ["0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e"]},
            request_only=True,
            description="The ids of the answer to destinations/.",
        )
    ]
)
class LogsAlertDeleteDestinationSerializer(Serializer):
    hog_function_ids = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=100
    )
