from django.contrib import admin

from notifications.models import Integration
from posthog_clone.admin import BY_PROJECT, RecordAdmin


@admin.register(Integration)
class IntegrationAdmin(RecordAdmin):
    """To look at, without the secrets: the API connects and disconnects accounts."""

    list_display = ["display_name", "kind", "project", "created_by", "created_at"]
    list_filter = [BY_PROJECT, "kind"]
    list_select_related = ["project", "created_by"]
    search_fields = ["display_name", "account"]
