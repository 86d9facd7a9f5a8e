"""What all admin pages share. Registers nothing itself."""

from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, Q
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.admin import TabularInline as UnfoldTabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.paginator import InfinitePaginator

BY_PROJECT = ("project", AutocompleteSelectFilter)


class ModelAdmin(UnfoldModelAdmin):
    """A table that people edit."""

    list_per_page = 50
    show_full_result_count = False
    warn_unsaved_form = True
    exact_search = ()
    """Fields the search box compares whole, beside `search_fields`, for tables that are too large
    for `icontains`. A term that is no value of a field is not looked up there."""

    def get_search_fields(self, request):
        return [*self.exact_search, *self.search_fields]

    def get_search_results(self, request, queryset, search_term):
        if not self.exact_search:
            return super().get_search_results(request, queryset, search_term)
        if not (term := search_term.strip()):
            return queryset, False
        matches = Q()
        for lookup in self.exact_search:
            try:
                matches |= Q(**{lookup: field_of(self.model, lookup).to_python(term)})
            except ValidationError:
                continue
        for lookup in self.search_fields:
            matches |= Q(**{f"{lookup}__icontains": term})
        return (queryset.filter(matches) if matches else queryset.none()), True


class RecordAdmin(ModelAdmin):
    """A table that the server alone writes, and that may be large: to look at, not to edit."""

    paginator = InfinitePaginator  # no count of millions of rows to show fifty

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class RecordInline(UnfoldTabularInline):
    """Rows of a `RecordAdmin` on the page of what they belong to."""

    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = True
    per_page = 20
    ordering = ["id"]

    def has_change_permission(self, request, obj=None):
        return False


def field_of(model, lookup: str):
    """The field that a lookup such as `distinct_id_rows__distinct_id` ends at."""
    *relations, name = lookup.split("__")
    for relation in relations:
        model = model._meta.get_field(relation).related_model
    field = model._meta.get_field(name)
    return field.target_field if isinstance(field, ForeignKey) else field
