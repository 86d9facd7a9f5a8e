from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from error_tracking.browsing import MAX_SKIPPED, page_of
from error_tracking.forms import IssueForms
from error_tracking.models import (
    ErrorTrackingSettings,
    ExternalReference,
    Fingerprint,
    Issue,
    RateLimitBucket,
    Release,
    Rule,
    SpikeDetectionConfig,
    SpikeEvent,
    StackFrame,
    SymbolSet,
)
from posthog_clone.admin import BY_PROJECT, ModelAdmin, RecordAdmin

SHOWN_WITH = ["project", "assigned_user", "assigned_role"]


@admin.register(Issue)
class IssueAdmin(RecordAdmin):
    """A page to work from: what it changes goes the way of the API, with activity log and mails."""

    list_display = ["name", "status", "severity", "project", "assigned_to", "created_at"]
    list_filter = [BY_PROJECT, "status", "severity"]
    list_select_related = SHOWN_WITH
    exact_search = ["id", "fingerprints__fingerprint"]
    search_fields = ["name"]
    search_help_text = "Words of the name, or a whole id or fingerprint"

    @admin.display(description="assignee")
    def assigned_to(self, issue):
        return issue.assigned_user or issue.assigned_role

    def has_change_permission(self, request, obj=None):
        return ModelAdmin.has_change_permission(self, request, obj)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """Stands in for the form of columns."""
        issue = self.get_object(request, unquote(object_id))
        if issue is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        issue = Issue.objects.with_fingerprints().select_related(*SHOWN_WITH).get(pk=issue.pk)
        may_change = self.has_change_permission(request, issue)
        if not may_change and not self.has_view_permission(request, issue):
            raise PermissionDenied
        forms = IssueForms(issue, request.POST if request.method == "POST" else None)
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            if done := forms.apply(by=request.user):
                self.message_user(request, done)
                return HttpResponseRedirect(request.path)
        context = {
            **self.admin_site.each_context(request),
            "title": issue.name or "Issue",
            "opts": self.opts,
            "forms": forms,
            "may_change": may_change,
            **page_of(issue, timezone.now(), skipped(request.GET.get("skip", ""))),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "error_tracking/issue.html", context)


def skipped(text: str) -> int:
    """How many events the page passes over."""
    return min(int(text), MAX_SKIPPED) if text.isascii() and text.isdecimal() else 0


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


@admin.register(Rule)
class RuleAdmin(RecordAdmin):
    """To look at: the API checks filters, and clears why a rule was passed over."""

    list_display = ["kind", "project", "order_key", "description", "is_passed_over", "updated_at"]
    list_filter = [BY_PROJECT, "kind"]
    list_select_related = ["project"]
    exact_search = ["id"]
    search_fields = ["description"]
    search_help_text = "Words of the description, or a whole id"

    @admin.display(boolean=True)
    def is_passed_over(self, rule):
        return rule.disabled_data is not None


@admin.register(Release)
class ReleaseAdmin(RecordAdmin):
    list_display = ["version", "app", "hash_id", "project", "created_at"]
    list_filter = [BY_PROJECT]
    list_select_related = ["project"]
    exact_search = ["id", "hash_id"]
    search_fields = ["version"]
    search_help_text = "Part of the version, or a whole id or hash"


@admin.register(SymbolSet)
class SymbolSetAdmin(RecordAdmin):
    list_display = ["ref", "project", "release", "has_file", "failure_reason", "last_used"]
    list_filter = [BY_PROJECT, "last_used"]
    list_select_related = ["project", "release"]
    exact_search = ["id", "ref"]
    search_help_text = "The whole id, chunk id or script URL"
    fields = [
        *("project", "ref", "release", "has_file", "content_hash", "failure_reason"),
        *("created_at", "last_used"),
    ]
    readonly_fields = ["has_file"]

    @admin.display(boolean=True)
    def has_file(self, symbol_set):
        return symbol_set.has_uploaded_file


@admin.register(SpikeEvent)
class SpikeEventAdmin(RecordAdmin):
    list_display = [
        *("detected_at", "issue", "project"),
        *("current_bucket_value", "computed_baseline"),
    ]
    list_filter = [BY_PROJECT]
    list_select_related = ["issue", "project"]
    exact_search = ["issue"]
    search_help_text = "The issue's id"


@admin.register(ExternalReference)
class ExternalReferenceAdmin(RecordAdmin):
    """Tickets of issues at other services."""

    list_display = ["external_url", "issue", "integration", "project", "created_at"]
    list_filter = [BY_PROJECT]
    list_select_related = ["issue", "integration", "project"]
    exact_search = ["id", "issue"]
    search_fields = ["external_url"]
    search_help_text = "Part of the address, or the issue's whole id"


@admin.register(RateLimitBucket)
class RateLimitBucketAdmin(RecordAdmin):
    """How many exceptions were taken lately, where a project limits them."""

    list_display = ["project", "subject", "started_at", "taken"]
    list_filter = [BY_PROJECT]
    list_select_related = ["project"]
    search_fields = ["subject"]
    search_help_text = "Part of an issue's id"


class PerProjectAdmin(ModelAdmin):
    list_filter = [BY_PROJECT]
    list_select_related = ["project"]
    search_fields = ["project__name"]
    autocomplete_fields = ["project"]

    def get_readonly_fields(self, request, obj=None):
        return ["project"] if obj else []


@admin.register(ErrorTrackingSettings)
class ErrorTrackingSettingsAdmin(PerProjectAdmin):
    list_display = ["project", "project_rate_limit_value", "per_issue_rate_limit_value"]


@admin.register(SpikeDetectionConfig)
class SpikeDetectionConfigAdmin(PerProjectAdmin):
    list_display = ["project", "threshold", "multiplier", "snooze_duration_minutes"]
