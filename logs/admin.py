from django.contrib import admin

from logs.models import LogsExport, LogsView
from posthog_clone.admin import BY_PROJECT, ModelAdmin, RecordAdmin


@admin.register(LogsView)
class LogsViewAdmin(ModelAdmin):
    list_display = ["name", "short_id", "pinned", "project", "created_by", "updated_at"]
    list_filter = [BY_PROJECT, "pinned"]
    list_select_related = ["project", "created_by"]
    search_fields = ["name", "short_id"]
    autocomplete_fields = ["project", "created_by"]
    readonly_fields = ["short_id", "filters", "created_at", "updated_at"]


@admin.register(LogsExport)
class LogsExportAdmin(RecordAdmin):
    list_display = ["filename", "export_format", "project", "created_by", "created_at"]
    list_filter = [BY_PROJECT, "export_format"]
    list_select_related = ["project", "created_by"]
    search_fields = ["filename"]
