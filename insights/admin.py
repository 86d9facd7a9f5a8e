from datetime import UTC
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html
from rest_framework.exceptions import ValidationError
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from insights.exports import files
from insights.exports.asking import start
from insights.models import CachedResult, Export, Insight, QueryRun
from posthog_clone.admin import BY_PROJECT, ModelAdmin, RecordAdmin
from posthog_clone.api.times import parse_bound
from projects.models import Project


@admin.register(Insight)
class InsightAdmin(RecordAdmin):
    """To look at: the API makes and changes insights, and keeps their alerts in step."""

    list_display = ["title", "short_id", "saved", "deleted", "project", "last_modified_at"]
    list_filter = [BY_PROJECT, "saved", "favorited", "deleted"]
    list_select_related = ["project"]
    search_fields = ["name", "derived_name", "description"]
    exact_search = ["id", "short_id"]


@admin.register(CachedResult)
class CachedResultAdmin(RecordAdmin):
    list_display = ["key", "project", "last_refresh", "stale_at", "expires_at"]
    list_filter = [BY_PROJECT]
    list_select_related = ["project"]
    exact_search = ["key"]
    search_help_text = "The whole cache_key of an answer"
    exclude = ["answer"]


@admin.register(QueryRun)
class QueryRunAdmin(RecordAdmin):
    list_display = [
        *("query_id", "project", "state", "created_by"),
        *("started_at", "picked_up_at", "ended_at"),
    ]
    list_filter = ["state", BY_PROJECT]
    list_select_related = ["project", "created_by"]
    exact_search = ["query_id"]
    search_help_text = "The whole id of a query"
    exclude = ["answer"]


class NewExportForm(forms.ModelForm):
    """Events or persons of a project as a file."""

    rows_of = forms.ChoiceField(
        choices=[("events", "Events"), ("persons", "Persons")], widget=UnfoldAdminSelectWidget
    )
    event = forms.CharField(
        required=False, widget=UnfoldAdminTextInputWidget, help_text="Only events of this name."
    )
    after = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Only events after this time: ISO 8601, or relative such as -7d.",
    )
    before = forms.CharField(required=False, widget=UnfoldAdminTextInputWidget)

    class Meta:
        model = Export
        fields = ["project", "export_format"]

    def clean(self):
        fields = super().clean()
        project = fields.get("project")
        if project and not Project.objects.visible_to(self.user).filter(id=project.id).exists():
            self.add_error("project", "An export has the rights of who starts it: join first.")
        for name in ("after", "before"):
            try:
                if text := fields.get(name):
                    parse_bound(text, UTC, timezone.now())
            except ValidationError as error:
                self.add_error(name, str(error.detail[0]))
        if fields.get("rows_of") == "persons" and any(map(fields.get, self.OF_EVENTS)):
            self.add_error("rows_of", "Only events are narrowed by name and time.")
        return fields

    OF_EVENTS = ("event", "after", "before")

    def path(self) -> str:
        fields = self.cleaned_data
        query = urlencode({name: fields[name] for name in self.OF_EVENTS if fields.get(name)})
        path = f"/api/projects/{fields['project'].id}/{fields['rows_of']}/"
        return f"{path}?{query}" if query else path


@admin.register(Export)
class ExportAdmin(ModelAdmin):
    """Exports are started here or by the API, and the server writes them."""

    form = NewExportForm
    list_display = [
        *("filename", "shown_status", "progress", "project", "created_by", "created_at"),
        *("expires_after", "exception"),
    ]
    list_filter = [BY_PROJECT, "export_format", "created_at"]
    list_select_related = ["project", "created_by"]
    search_fields = ["filename"]
    autocomplete_fields = ["project"]
    raw_id_fields = ["insight", "created_by"]

    def get_form(self, request, obj=None, **options):
        if obj:
            return super().get_form(request, obj, **{**options, "form": forms.ModelForm})
        return type("Form", (super().get_form(request, **options),), {"user": request.user})

    def get_fields(self, request, obj=None):
        if obj is None:
            return ["project", "rows_of", "event", "after", "before", "export_format"]
        return [
            *("filename", "shown_status", "progress", "download", "project", "created_by"),
            *("created_at", "finished_at", "expires_after", "exception", "insight"),
            *("export_context", "attempts", "size"),
        ]

    def get_readonly_fields(self, request, obj=None):
        return ["shown_status", "progress", "download"] if obj else []

    def has_change_permission(self, request, obj=None):
        return False

    def save_model(self, request, obj, form, change):
        context = {"path": form.path()}
        started = start(obj.project, request.user, obj.export_format, context=context)
        obj.pk = started.pk
        obj.refresh_from_db()

    @display(
        description="status",
        label={"success": "success", "fail": "danger", "running": "info", "waiting": "warning"},
    )
    def shown_status(self, export):
        return export.status

    @display(description="rows")
    def progress(self, export):
        return f"{export.rows:,}" + (f" of {export.total_rows:,}" if export.total_rows else "")

    @display(description="file")
    def download(self, export):
        if not export.has_content:
            return "None yet."
        return format_html('<a href="{}">{}</a>', files.path(export), export.filename)
