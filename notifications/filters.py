"""The query parameters of the lists."""

from typing import Any

import django_filters
import orjson
from django.db.models import Q
from rest_framework.exceptions import ValidationError

from notifications.models import HogFunction
from posthog_clone.api.parsers import read_json


class TextInFilter(django_filters.BaseInFilter, django_filters.CharFilter):
    """Texts with commas between, each checked as one."""


class HogFunctionFilter(django_filters.FilterSet):
    type = django_filters.CharFilter()
    types = TextInFilter(field_name="type")
    search = django_filters.CharFilter(method="filter_search")
    filters = django_filters.CharFilter(
        method="filter_filters", help_text="JSON that the destination's filters must contain."
    )
    filter_groups = django_filters.CharFilter(
        method="filter_filter_groups", help_text="A JSON list of such; one is enough."
    )

    class Meta:
        model = HogFunction
        fields = ["type", "types", "enabled", "search", "filters", "filter_groups"]

    def filter_search(self, queryset, name, value):
        return queryset.filter(Q(name__icontains=value) | Q(description__icontains=value))

    def filter_filters(self, queryset, name, value):
        return containing(queryset, [json_of(name, value, dict)])

    def filter_filter_groups(self, queryset, name, value):
        groups = json_of(name, value, list)
        if not all(isinstance(group, dict) for group in groups):
            raise ValidationError({name: "Must be a list of objects."})
        return containing(queryset, groups)


def json_of(name: str, text: str, kind: type) -> Any:
    try:
        value = read_json(text)
    except orjson.JSONDecodeError as error:
        raise ValidationError({name: f"Value must be valid JSON: {error}"}) from error
    if not isinstance(value, kind):
        raise ValidationError({name: f"Must be a JSON {'object' if kind is dict else 'list'}."})
    return value


def containing(queryset, wanted: list[dict]):
    """Compared here: SQLite can't, and a project has few destinations."""
    rows = queryset.values_list("id", "filters")
    ids = [id for id, filters in rows if any(contains(filters, each) for each in wanted)]
    return queryset.filter(id__in=ids)


def contains(value: Any, wanted: Any) -> bool:
    """As PostgreSQL's @> has it: objects by their keys, lists by their items in any order."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            key in value and contains(value[key], item) for key, item in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(value, list) and all(
            any(contains(have, item) for have in value) for item in wanted
        )
    return type(value) is type(wanted) and value == wanted
