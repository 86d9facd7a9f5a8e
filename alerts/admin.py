from django.contrib import admin, messages
from django.utils import timezone
from django.utils.html import format_html_join
from unfold.admin import TabularInline
from unfold.decorators import display

from alerts import editing
from alerts.chart import draw
from alerts.forms import AlertForm, SubscriptionFormSet
from alerts.models import (
    Alert,
    AlertCheck,
    AlertSubscription,
    LogsAlert,
    LogsAlertEvent,
    Threshold,
)
from alerts.models.alerts import State
from alerts.models.logs import LogsState
from alerts.snoozing import parse_snooze
from alerts.telling import send_test
from notifications.models import Delivery, Email
from posthog_clone.admin import BY_PROJECT, ModelAdmin, RecordAdmin, RecordInline

DRAWN = 60
LABELS = {
    State.FIRING: "danger",
    State.NOT_FIRING: "success",
    State.ERRORED: "warning",
    State.SNOOZED: "info",
    "Disabled": "default",
}
LOGS_LABELS = {
    LogsState.FIRING: "danger",
    LogsState.NOT_FIRING: "success",
    LogsState.ERRORED: "warning",
    LogsState.BROKEN: "warning",
    LogsState.SNOOZED: "info",
    "disabled": "default",
}


class AlertCheckInline(RecordInline):
    model = AlertCheck
    fields = ["created_at", "state", "value", "error", "told"]
    readonly_fields = fields
    ordering = ["-created_at", "-id"]
    verbose_name_plural = "checks of the last two weeks"

    @display(description="value")
    def value(self, check):
        return number(check.calculated_value)

    @display(description="told")
    def told(self, check):
        parts = [*check.targets_notified.get("users", [])]
        if count := check.targets_notified.get("destinations"):
            parts.append(f"{count} destination{'s' * (count > 1)}")
        return ", ".join(parts) or "–"


def number(value):
    return "–" if value is None else f"{value:.6g}"


def moment(value):
    return f"{value:%b} {value.day}, {value:%H:%M}" if value else "–"


class SubscriptionInline(TabularInline):
    model = AlertSubscription
    formset = SubscriptionFormSet
    fields = ["member"]
    autocomplete_fields = ["member"]
    extra = 0


@admin.register(Alert)
class AlertAdmin(ModelAdmin):
    form = AlertForm
    list_display = [
        *("title", "shown_state", "insight", "bounds", "last_value", "interval"),
        *("checked", "next_check", "project"),
    ]
    list_filter = ["state", "enabled", BY_PROJECT, "calculation_interval"]
    list_select_related = ["project", "insight", "threshold"]
    search_fields = ["name", "insight__name"]
    exact_search = ["id"]
    search_help_text = "Part of the alert's or the insight's name, or the whole id"
    autocomplete_fields = ["insight"]
    inlines = [SubscriptionInline, AlertCheckInline]
    actions = ["check_now", "snooze", "wake", "send_test"]
    readonly_fields = [
        *("chart", "shown_state", "last_checked_at", "last_notified_at", "next_check_at"),
        *("project", "threshold", "created_by", "created_at"),
    ]
    fieldsets = [
        (None, {"fields": ["chart", "shown_state", "insight", "name", "enabled", "project"]}),
        (
            "What is compared",
            {
                "fields": [
                    *("condition_type", "threshold_type", "lower", "upper"),
                    *("series_index", "check_ongoing_interval"),
                ]
            },
        ),
        (
            "When",
            {
                "fields": [
                    *("calculation_interval", "skip_weekend", "blocked_windows"),
                    *("snoozed_until", "last_checked_at", "next_check_at", "last_notified_at"),
                    *("created_by", "created_at"),
                ]
            },
        ),
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).with_last_value()

    def get_inlines(self, request, obj):
        return self.inlines if obj else [SubscriptionInline]

    def save_model(self, request, obj, form, change):
        fields, now = form.fields_of_alert(), timezone.now()
        if change:
            saved = editing.change_alert(obj, fields, request.user, now)
        else:
            insight = fields["insight"]
            fields["subscribed_users"] = []
            saved = editing.create_alert(insight.project, fields, request.user, now)
        obj.__dict__.update(saved.__dict__)

    def delete_model(self, request, obj):
        editing.delete_alert(obj, request.user)

    def delete_queryset(self, request, queryset):
        for alert in queryset:
            editing.delete_alert(alert, request.user)

    @display(description="state", label=LABELS, ordering="state")
    def shown_state(self, alert):
        return alert.state if alert.enabled else "Disabled"

    @display(description="fires outside of")
    def bounds(self, alert):
        bounds = alert.threshold.configuration.get("bounds") or {}
        lower, upper = bounds.get("lower"), bounds.get("upper")
        unit = "share " if alert.threshold.configuration["type"] == "percentage" else ""
        return f"{unit}{'−∞' if lower is None else lower} … {'∞' if upper is None else upper}"

    @display(description="last value")
    def last_value(self, alert):
        return number(alert.last_value)

    @display(description="checks", ordering="calculation_interval")
    def interval(self, alert):
        return alert.calculation_interval.replace("_", " ")

    @display(description="last (UTC)", ordering="last_checked_at")
    def checked(self, alert):
        return moment(alert.last_checked_at)

    @display(description="next", ordering="next_check_at")
    def next_check(self, alert):
        return moment(alert.next_check_at) if alert.next_check_at or not alert.enabled else "soon"

    @display(description="last checks")
    def chart(self, alert):
        if alert.pk is None or alert._state.adding:
            return "–"
        bounds = alert.threshold.configuration.get("bounds") or {}
        newest = alert.checks.order_by("-created_at", "-id")[:DRAWN]
        return draw(list(newest)[::-1], bounds.get("lower"), bounds.get("upper"))

    @admin.action(description="Check now", permissions=["change"])
    def check_now(self, request, queryset):
        for alert in queryset:
            editing.check_soon(alert)
        messages.success(request, f"{len(queryset)} will be checked within seconds.")

    @admin.action(description="Snooze for a day", permissions=["change"])
    def snooze(self, request, queryset):
        now = timezone.now()
        for alert in queryset:
            editing.snooze_alert(alert, parse_snooze("24h", now), request.user, now)
        messages.success(request, f"{len(queryset)} snoozed for a day.")

    @admin.action(description="End snooze", permissions=["change"])
    def wake(self, request, queryset):
        for alert in queryset:
            editing.snooze_alert(alert, None, request.user, timezone.now())
        messages.success(request, f"{len(queryset)} awake.")

    @admin.action(description="Send a test", permissions=["change"])
    def send_test(self, request, queryset):
        for alert in queryset.with_subscribed():
            told = send_test(alert, timezone.now())
            users, count = ", ".join(told["users"]) or "nobody", told["destinations"]
            message = f"{alert.title}: a test goes to {users} and {count} destinations."
            self.message_user(request, message, messages.SUCCESS)


@admin.register(AlertCheck)
class AlertCheckAdmin(RecordAdmin):
    """With the messages that each check caused."""

    list_display = ["created_at", "alert", "shown_state", "calculated_value", "reason"]
    list_filter = ["state", "created_at"]
    list_select_related = ["alert__insight"]
    exact_search = ["id", "alert"]
    search_help_text = "The whole id of a check or an alert"
    readonly_fields = ["messages"]

    @display(description="state", label=LABELS)
    def shown_state(self, check):
        return check.state

    @display(description="why")
    def reason(self, check):
        return (check.error or ", ".join(check.breaches))[:120]

    @display(description="messages")
    def messages(self, check):
        emails = Email.objects.filter(key__in=[f"alert-{what}:{check.id}" for what in TOLD])
        deliveries = Delivery.objects.filter(
            event_uuid=check.id, project_id=check.alert.project_id
        ).select_related("function")
        lines = [
            *((f"E-mail to {email.recipient}", email) for email in emails),
            *((f"Destination {delivery.function.name}", delivery) for delivery in deliveries),
        ]
        return (
            format_html_join(
                "",
                "<div>{}: {}{}</div>",
                (
                    (what, sent.state, f" – {sent.error[:200]}" if sent.error else "")
                    for what, sent in lines
                ),
            )
            or "None."
        )


TOLD = ("firing", "disabled")


@admin.register(AlertSubscription)
class AlertSubscriptionAdmin(RecordAdmin):
    list_display = ["alert", "member", "created_at"]
    list_select_related = ["alert__insight", "member__user", "member__organization"]
    search_fields = ["member__user__email", "alert__name"]


@admin.register(Threshold)
class ThresholdAdmin(RecordAdmin):
    list_display = ["id", "name", "insight", "configuration", "project", "created_at"]
    list_filter = [BY_PROJECT]
    list_select_related = ["project", "insight"]
    search_fields = ["name"]
    exact_search = ["id"]


class LogsAlertEventInline(RecordInline):
    model = LogsAlertEvent
    fields = ["created_at", "kind", "state_after", "result_count", "error_message"]
    readonly_fields = fields
    ordering = ["-created_at", "-id"]


@admin.register(LogsAlert)
class LogsAlertAdmin(RecordAdmin):
    """To look at: the API makes and changes alerts on logs."""

    list_display = [
        *("name", "shown_state", "threshold", "window_minutes", "last_checked_at"),
        *("next_check_at", "project"),
    ]
    list_filter = ["state", "enabled", BY_PROJECT]
    list_select_related = ["project"]
    search_fields = ["name"]
    exact_search = ["id"]
    inlines = [LogsAlertEventInline]

    @display(description="state", label=LOGS_LABELS, ordering="state")
    def shown_state(self, alert):
        return alert.state if alert.enabled else "disabled"

    @display(description="fires")
    def threshold(self, alert):
        return f"{alert.threshold_operator} {alert.threshold_count}"


@admin.register(LogsAlertEvent)
class LogsAlertEventAdmin(RecordAdmin):
    list_display = [
        *("created_at", "alert", "kind", "state_before", "state_after", "result_count"),
        "error_message",
    ]
    list_filter = ["kind", "state_after", "created_at"]
    list_select_related = ["alert"]
    exact_search = ["id", "alert"]
    search_help_text = "The whole id of an event or an alert"
