from django.contrib import admin

from app_metrics.models import ExportRun
from posthog_clone.admin import BY_PROJECT, RecordAdmin


@admin.register(ExportRun)
class ExportRunAdmin(RecordAdmin):
    list_display = ["job_id", "status", "project", "created_by", "created_at", "finished_at"]
    list_filter = [BY_PROJECT, "status"]
    list_select_related = ["project", "created_by"]
    exact_search = ["job_id"]
    search_help_text = "The whole job id"
