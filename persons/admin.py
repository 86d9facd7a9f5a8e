from django.contrib import admin

from persons.models import (
    Cohort,
    CohortPerson,
    EventsDeletion,
    Group,
    GroupType,
    Person,
    PersonDistinctId,
)
from posthog_clone.admin import BY_PROJECT, RecordAdmin, RecordInline


class DistinctIdInline(RecordInline):
    model = PersonDistinctId
    fields = ["distinct_id", "version"]


@admin.register(Person)
class PersonAdmin(RecordAdmin):
    list_display = ["uuid", "email", "project", "is_identified", "created_at", "last_seen_at"]
    list_filter = [BY_PROJECT, "is_identified"]
    list_select_related = ["project"]
    exact_search = ["uuid", "distinct_id_rows__distinct_id", "email"]
    search_help_text = "The whole uuid, e-mail or distinct id"
    inlines = [DistinctIdInline]


@admin.register(PersonDistinctId)
class PersonDistinctIdAdmin(RecordAdmin):
    list_display = ["distinct_id", "person", "project", "version"]
    list_filter = [BY_PROJECT]
    list_select_related = ["person", "project"]
    exact_search = ["distinct_id", "person__uuid"]
    search_help_text = "The whole distinct id, or the person's uuid"


@admin.register(GroupType)
class GroupTypeAdmin(RecordAdmin):
    list_display = ["name", "index", "project", "created_at"]
    list_filter = [BY_PROJECT]
    list_select_related = ["project"]
    search_fields = ["name"]


@admin.register(Group)
class GroupAdmin(RecordAdmin):
    list_display = ["key", "type_index", "project", "created_at", "updated_at"]
    list_filter = [BY_PROJECT, "type_index"]
    list_select_related = ["project"]
    exact_search = ["key"]
    search_help_text = "The whole key"


@admin.register(Cohort)
class CohortAdmin(RecordAdmin):
    """To look at: the API makes and changes cohorts."""

    list_display = ["name", "project", "is_static", "count", "last_calculation", "deleted"]
    list_filter = [BY_PROJECT, "is_static", "deleted"]
    list_select_related = ["project"]
    search_fields = ["name", "description"]


@admin.register(CohortPerson)
class CohortPersonAdmin(RecordAdmin):
    list_display = ["person", "cohort"]
    list_select_related = ["person", "cohort"]
    exact_search = ["person__uuid", "cohort__name"]
    search_help_text = "The person's whole uuid, or the cohort's whole name"


@admin.register(EventsDeletion)
class EventsDeletionAdmin(RecordAdmin):
    list_display = ["person_uuid", "project", "created_at", "verified_at"]
    list_filter = [BY_PROJECT]
    list_select_related = ["project"]
    exact_search = ["person_uuid"]
    search_help_text = "The person's whole uuid"
