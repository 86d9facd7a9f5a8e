from django.contrib import admin

from events.models import Action, EventDefinition, EventProperty, PropertyDefinition
from posthog_clone.admin import BY_PROJECT, RecordAdmin


@admin.register(EventDefinition)
class EventDefinitionAdmin(RecordAdmin):
    list_display = ["name", "project", "last_seen_at", "verified", "hidden"]
    list_filter = [BY_PROJECT, "verified", "hidden"]
    list_select_related = ["project"]
    search_fields = ["name"]


@admin.register(PropertyDefinition)
class PropertyDefinitionAdmin(RecordAdmin):
    list_display = ["name", "type", "property_type", "project", "verified", "hidden"]
    list_filter = [BY_PROJECT, "type", "property_type", "verified", "hidden"]
    list_select_related = ["project"]
    search_fields = ["name"]


@admin.register(EventProperty)
class EventPropertyAdmin(RecordAdmin):
    list_display = ["event", "property", "project"]
    list_filter = [BY_PROJECT]
    list_select_related = ["project"]
    exact_search = ["event", "property"]
    search_help_text = "The whole name of an event or a property"


@admin.register(Action)
class ActionAdmin(RecordAdmin):
    """To look at: the API makes and changes actions."""

    list_display = ["name", "project", "created_by", "created_at", "deleted"]
    list_filter = [BY_PROJECT, "deleted"]
    list_select_related = ["project", "created_by"]
    search_fields = ["name", "description"]
