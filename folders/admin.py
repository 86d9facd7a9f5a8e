from django.contrib import admin

from folders.models import PersistedFolder
from posthog_clone.admin import BY_PROJECT, ModelAdmin


@admin.register(PersistedFolder)
class PersistedFolderAdmin(ModelAdmin):
    list_display = ["type", "user", "project", "protocol", "path", "updated_at"]
    list_filter = [BY_PROJECT, "type"]
    list_select_related = ["user", "project"]
    search_fields = ["user__email", "path"]
    autocomplete_fields = ["user", "project"]
    readonly_fields = ["created_at", "updated_at"]
