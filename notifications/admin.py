import orjson
from django.contrib import admin, messages
from django.utils import timezone
from unfold.decorators import display
from unfold.utils import prettify_json

from notifications import destinations
from notifications.invocations import invoke, sample_event
from notifications.models import Delivery, Email, HogFunction, Integration
from posthog_clone.admin import BY_PROJECT, RecordAdmin


@admin.register(Integration)
class IntegrationAdmin(RecordAdmin):
    """To look at, without the secrets: the API connects and disconnects accounts."""

    list_display = ["display_name", "kind", "project", "created_by", "created_at"]
    list_filter = [BY_PROJECT, "kind"]
    list_select_related = ["project", "created_by"]
    search_fields = ["display_name", "account"]


@admin.register(HogFunction)
class HogFunctionAdmin(RecordAdmin):
    """To look at, to try out and to stop: the API makes and changes destinations."""

    list_display = ["name", "template_id", "type", "enabled", "deleted", "project", "updated_at"]
    list_filter = [BY_PROJECT, "template_id", "type", "enabled", "deleted"]
    list_select_related = ["project"]
    search_fields = ["name", "description"]
    exact_search = ["id"]
    actions = ["send_test", "disable"]

    def has_run_permission(self, request):
        return request.user.has_perm("notifications.change_hogfunction")

    @admin.action(description="Send a test event", permissions=["run"])
    def send_test(self, request, queryset):
        for function in queryset.select_related("integration"):
            event = sample_event(function, timezone.now())
            result = invoke(function, {"event": event}, is_mock=False)
            level = messages.SUCCESS if result.status == "success" else messages.WARNING
            said = "; ".join(result.errors) or result.logs[-1]["message"]
            self.message_user(request, f"{function.name}: {said}", level)

    @admin.action(description="Disable", permissions=["run"])
    def disable(self, request, queryset):
        functions = queryset.filter(enabled=True)
        for function in functions:
            destinations.change(function, {"enabled": False}, None, request.user)
        messages.success(request, f"{len(functions)} disabled.")


class OutboundAdmin(RecordAdmin):
    """What was sent or is to be, with what went wrong."""

    actions = ["requeue"]

    def has_run_permission(self, request):
        return request.user.has_perm(f"notifications.change_{self.opts.model_name}")

    @display(description="error")
    def reason(self, row):
        return row.error[:120]

    @admin.action(description="Send again what failed", permissions=["run"])
    def requeue(self, request, queryset):
        count = queryset.requeue(timezone.now())
        messages.success(request, f"{count} will be sent again.")


@admin.register(Delivery)
class DeliveryAdmin(OutboundAdmin):
    list_display = [
        *("id", "function", "project", "state", "attempts", "reason"),
        *("created_at", "next_attempt_at", "finished_at"),
    ]
    list_filter = ["state", BY_PROJECT, "created_at"]
    list_select_related = ["function", "project"]
    exact_search = ["id", "event_uuid", "function__id"]
    search_help_text = "The whole id of a delivery, an event or a destination"
    exclude = ["payload"]
    readonly_fields = ["content"]

    @display(description="event and person")
    def content(self, delivery):
        return prettify_json(orjson.loads(delivery.payload), None)


@admin.register(Email)
class EmailAdmin(OutboundAdmin):
    list_display = ["subject", "recipient", "state", "attempts", "reason", "created_at"]
    list_filter = ["state", "created_at"]
    exact_search = ["recipient", "key"]
    search_help_text = "The whole address or key"
