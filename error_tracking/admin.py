from django.contrib import admin

from error_tracking.models import Fingerprint, Issue, StackFrame
from posthog_clone.admin import BY_PROJECT, RecordAdmin, RecordInline


class FingerprintInline(RecordInline):
    model = Fingerprint
    fields = ["fingerprint", "first_seen", "created_at"]


@admin.register(Issue)
class IssueAdmin(RecordAdmin):
    """To look at: the API changes issues, with their activity log and alerts."""

    list_display = ["name", "status", "severity", "project", "assigned_user", "created_at"]
    list_filter = [BY_PROJECT, "status", "severity"]
    list_select_related = ["project", "assigned_user"]
    exact_search = ["id", "fingerprints__fingerprint"]
    search_fields = ["name"]
    search_help_text = "Words of the name, or a whole id or fingerprint"
    inlines = [FingerprintInline]


@admin.register(Fingerprint)
class FingerprintAdmin(RecordAdmin):
    list_display = ["fingerprint", "issue", "project", "first_seen", "version"]
    list_filter = [BY_PROJECT]
    list_select_related = ["issue", "project"]
    exact_search = ["fingerprint", "issue"]
    search_help_text = "The whole fingerprint, or the issue's id"


@admin.register(StackFrame)
class StackFrameAdmin(RecordAdmin):
    list_display = ["raw_id", "resolved", "project", "created_at"]
    list_filter = [BY_PROJECT, "resolved"]
    list_select_related = ["project"]
    exact_search = ["raw_id"]
    search_help_text = "The whole raw id"
