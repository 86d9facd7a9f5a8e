from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse

from logs.browsing import browse
from logs.models import LogLine, LogsExport, LogsView
from posthog_clone.admin import BY_PROJECT, ModelAdmin, RecordAdmin


@admin.register(LogLine)
class LogLineAdmin(RecordAdmin):
    """Lines are in ClickHouse: a page of their own stands in for the list."""

    list_display = ["timestamp", "severity_text", "service_name", "body"]
    search_fields = ["body"]

    def changelist_view(self, request, extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "Log lines",
            "opts": self.opts,
            **browse(request.GET),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "logs/lines.html", context)


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
