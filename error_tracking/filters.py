from django.db.models import F, Q
from django_filters import rest_framework as filters

from error_tracking.models import Fingerprint, SymbolSet


class FingerprintFilter(filters.FilterSet):
    issue_id = filters.UUIDFilter()

    class Meta:
        model = Fingerprint
        fields = ["issue_id"]


class SymbolSetFilter(filters.FilterSet):
    ORDERS = ["created_at", "-created_at", "ref", "-ref", "last_used", "-last_used"]
    STATUSES = [("all", "All"), ("valid", "With a file"), ("invalid", "Without a file")]

    ref = filters.CharFilter()
    status = filters.ChoiceFilter(choices=STATUSES, method="filter_status")
    order_by = filters.ChoiceFilter(choices=[(order, order) for order in ORDERS], method="order")
    search = filters.CharFilter(method="filter_search")

    class Meta:
        model = SymbolSet
        fields = ["ref"]

    def filter_status(self, queryset, name, value):
        if value == "all":
            return queryset
        return queryset.filter(storage_ptr__isnull=value == "invalid")

    def order(self, queryset, name, value):
        """Those never used come last in either direction."""
        field = F(value.removeprefix("-"))
        ordering = (
            field.desc(nulls_last=True) if value.startswith("-") else field.asc(nulls_last=True)
        )
        return queryset.order_by(ordering, "-id")

    def filter_search(self, queryset, name, value):
        found = Q(ref__icontains=value)
        for field in ("version", "app", "metadata__git__commit_id"):
            found |= Q(**{f"release__{field}__icontains": value})
        return queryset.filter(found)
