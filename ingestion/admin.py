import orjson
from django.contrib import admin, messages
from django.utils.html import format_html
from unfold.contrib.filters.admin import SingleNumericFilter
from unfold.decorators import display
from unfold.utils import prettify_json

from ingestion import dead_letters
from ingestion.models import DeadLetter, Lane, QueuedBatch
from posthog_clone.admin import ModelAdmin, RecordAdmin

admin.site.index_template = "ingestion/dashboard.html"


@admin.register(Lane)
class LaneAdmin(RecordAdmin):
    list_display = ["id"]
    exact_search = ["id"]


@admin.register(QueuedBatch)
class QueuedBatchAdmin(RecordAdmin):
    """Accepted and not digested yet: normally next to nothing."""

    list_display = ["id", "project_id", "lane", "events", "size", "received_at"]
    list_filter = [("project_id", SingleNumericFilter), "lane"]
    exact_search = ["project_id"]
    search_help_text = "A project's id"
    ordering = ["id"]
    exclude = ["payload"]


@admin.register(DeadLetter)
class DeadLetterAdmin(RecordAdmin):
    """What could not be digested: read why, mend it, send it round again or delete it."""

    list_display = ["id", "stage", "project_id", "reason", "received_at", "created_at"]
    list_filter = ["stage", ("project_id", SingleNumericFilter), "created_at"]
    search_fields = ["error"]
    search_help_text = "Words of the error"
    fields = ["stage", "project_id", "received_at", "created_at", "whole_error", "content"]
    readonly_fields = ["whole_error", "content"]
    actions = ["requeue"]

    def has_delete_permission(self, request, obj=None):
        return ModelAdmin.has_delete_permission(self, request, obj)

    @display(description="error")
    def reason(self, letter):
        return letter.error.strip().rsplit("\n", 1)[-1][:120]

    @display(description="error")
    def whole_error(self, letter):
        return format_html('<pre style="white-space: pre-wrap">{}</pre>', letter.error)

    @display(description="event or row")
    def content(self, letter):
        try:
            value = orjson.loads(letter.payload)
        except (orjson.JSONDecodeError, TypeError):
            value = letter.payload
        return prettify_json(value, None)

    @admin.action(description="Put back into the queue", permissions=["delete"])
    def requeue(self, request, queryset):
        done = refused = 0
        for letter in queryset:
            try:
                dead_letters.requeue(letter)
                done += 1
            except ValueError:
                refused += 1
        if done:
            messages.success(request, f"{done} put back into the queue.")
        if refused:
            messages.warning(
                request, f"{refused} left here: rows refused by ClickHouse can't be digested again."
            )
