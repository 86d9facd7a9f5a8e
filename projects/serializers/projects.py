from functools import cache
from zoneinfo import available_timezones

from django.db import transaction
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from posthog_clone.api.serializers import Constant, ModelSerializer, Serializer
from projects.defaults import PROJECT_SETTINGS
from projects.models import MembershipLevel, Project


@cache
def timezones() -> set[str]:
    # Debian's link to the machine's own zone is no name that ClickHouse, or another machine, knows.
    return available_timezones() - {"localtime"}


def check_timezone(name: str) -> None:
    if name not in timezones():
        raise ValidationError(
            [ErrorDetail(f'"{name}" is not a valid choice.', code="invalid_choice")]
        )


def flag(**options) -> serializers.BooleanField:
    return serializers.BooleanField(required=False, **options)


def nullable_flag() -> serializers.BooleanField:
    return flag(allow_null=True)


def texts(max_length: int = 200, **options) -> serializers.ListField:
    child = serializers.CharField(max_length=max_length, allow_null=True, allow_blank=True)
    return serializers.ListField(child=child, required=False, **options)


def objects(**options) -> serializers.ListField:
    return serializers.ListField(child=serializers.DictField(), required=False, **options)


class LogsSettingsSerializer(Serializer):
    """How a project's logs are kept."""

    retention_days = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=3650,
        help_text="For lines received from now on; null takes the server's LOGS_RETENTION_DAYS.",
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Name, time zone and privacy",
            {"name": "Web shop", "timezone": "Europe/Berlin", "anonymize_ips": True},
            request_only=True,
        ),
        OpenApiExample(
            "Who counts as a test account",
            {
                "test_account_filters": [
                    {
                        "key": "email",
                        "type": "person",
                        "operator": "not_icontains",
                        "value": "@example.com",
                    }
                ]
            },
            request_only=True,
        ),
    ]
)
class ProjectSerializer(ModelSerializer):
    """A project with all its settings; most of them live in one JSON column."""

    organization = serializers.UUIDField(source="organization_id", read_only=True)
    project_id = serializers.IntegerField(source="id", read_only=True)
    timezone = serializers.CharField(
        required=False, max_length=240, validators=[check_timezone], help_text="An IANA name."
    )
    week_start_day = serializers.ChoiceField(
        [(0, "Sunday"), (1, "Monday")], required=False, allow_null=True
    )
    person_display_name_properties = texts(400, allow_null=True)

    access_control = flag()
    anonymize_ips = flag()
    app_urls = texts()
    autocapture_exceptions_errors_to_ignore = texts(allow_null=True)
    autocapture_exceptions_opt_in = nullable_flag()
    autocapture_opt_out = nullable_flag()
    capture_console_log_opt_in = nullable_flag()
    capture_performance_opt_in = nullable_flag()
    completed_snippet_onboarding = flag()
    correlation_config = serializers.DictField(required=False, allow_null=True)
    data_attributes = texts()
    extra_settings = serializers.DictField(required=False, allow_null=True)
    flags_persistence_default = nullable_flag()
    has_completed_onboarding_for = serializers.DictField(required=False, allow_null=True)
    heatmaps_opt_in = nullable_flag()
    is_demo = flag()
    live_events_columns = texts(allow_null=True)
    logs_settings = LogsSettingsSerializer(required=False, allow_null=True)
    modifiers = serializers.DictField(required=False, allow_null=True)
    path_cleaning_filters = objects(allow_null=True)
    primary_dashboard = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=2**63 - 1
    )
    product_description = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=1000
    )
    recording_domains = texts(allow_null=True)
    session_recording_opt_in = flag()
    slack_incoming_webhook = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=500
    )
    surveys_opt_in = nullable_flag()
    test_account_filters = objects()
    test_account_filters_default_checked = nullable_flag()

    effective_membership_level = serializers.IntegerField(
        source="membership_level", read_only=True, allow_null=True
    )
    user_access_level = serializers.SerializerMethodField()
    has_group_types = serializers.SerializerMethodField()
    group_types = serializers.SerializerMethodField()
    live_events_token = Constant(None, str)
    product_intents = Constant([])
    secret_api_token = Constant(None, str)
    secret_api_token_backup = Constant(None, str)
    default_modifiers = Constant({})
    person_on_events_querying_enabled = Constant(True)

    class Meta:
        model = Project
        fields = [
            "id",
            "uuid",
            "organization",
            "project_id",
            "api_token",
            "name",
            "product_description",
            "created_at",
            "updated_at",
            "ingested_event",
            "timezone",
            "week_start_day",
            "person_display_name_properties",
            *(name for name in PROJECT_SETTINGS if name != "product_description"),
            "effective_membership_level",
            "user_access_level",
            "has_group_types",
            "group_types",
            "live_events_token",
            "product_intents",
            "secret_api_token",
            "secret_api_token_backup",
            "default_modifiers",
            "person_on_events_querying_enabled",
        ]
        read_only_fields = ["id", "uuid", "api_token", "created_at", "updated_at", "ingested_event"]

    def get_fields(self):
        fields = super().get_fields()
        for name in PROJECT_SETTINGS:
            fields[name].source = f"all_settings.{name}"
        return fields

    def get_user_access_level(self, project) -> str:
        return "admin" if project.membership_level >= MembershipLevel.ADMIN else "member"

    def get_has_group_types(self, project) -> bool:
        return bool(self.get_group_types(project))

    def get_group_types(self, project) -> list[dict]:
        return [
            {"group_type": group_type.name, "group_type_index": group_type.index}
            for group_type in sorted(project.group_types.all(), key=lambda each: each.index)
        ]

    def create(self, validated_data):
        level = validated_data.pop("membership_level")
        settings = validated_data.pop("all_settings", {})
        project = Project.objects.create(**validated_data, settings=settings)
        project.membership_level = level
        return project

    @transaction.atomic
    def update(self, project, validated_data):
        if settings := validated_data.pop("all_settings", None):
            # Merged into the row as it is now: a setting changed meanwhile stays changed.
            now = Project.objects.select_for_update().get(pk=project.pk)
            validated_data["settings"] = now.settings | settings
        for name, value in validated_data.items():
            setattr(project, name, value)
        project.save(update_fields=[*validated_data, "updated_at"])
        return project
