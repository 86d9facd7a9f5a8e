from django.db.models import F, Q
from django.utils import timezone
from django_filters import rest_framework as filters

from error_tracking.models import Fingerprint, SpikeEvent, SymbolSet
from posthog_clone.api.times import parse_bound


class FingerprintFilter(filters.FilterSet):
    issue_id = filters.UUIDFilter(method="filter_issue")

    class Meta:
        model = Fingerprint
        fields = ["issue_id"]

    def filter_issue(self, queryset, name, value):
        """Of the project by its issue: by both, SQLite goes through all that the project has."""
        project = self.request.parser_context["view"].project
        found = Fingerprint.objects.filter(issue=value, issue__project=project)
        return found.order_by(*queryset.query.order_by)


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


class IssueIdsFilter(filters.BaseInFilter, filters.UUIDFilter):
    """Ids, separated by commas."""


class SpikeEventFilter(filters.FilterSet):
    FIELDS = ["detected_at", "computed_baseline", "current_bucket_value"]

    issue_ids = IssueIdsFilter(field_name="issue")
    date_from = filters.CharFilter(method="filter_from")
    date_to = filters.CharFilter(method="filter_to")
    order_by = filters.ChoiceFilter(
        choices=[(order, order) for name in FIELDS for order in (name, f"-{name}")], method="order"
    )

    class Meta:
        model = SpikeEvent
        fields = []

    def filter_from(self, queryset, name, value):
        moment = self.bound(name, value)
        return queryset.filter(detected_at__gte=moment) if moment else queryset

    def filter_to(self, queryset, name, value):
        moment = self.bound(name, value)
        return queryset.filter(detected_at__lte=moment) if moment else queryset

    def bound(self, name, value):
        project = self.request.parser_context["view"].project
        return parse_bound(
            value,
            project.tz,
            timezone.now(),
            week_start_day=project.week_start_day or 0,
            attr=name,
        )

    def order(self, queryset, name, value):
        return queryset.order_by(value, "-id")
