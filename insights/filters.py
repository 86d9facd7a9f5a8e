"""The query parameters of the insights list."""

import django_filters
import orjson
from django.db.models import Q
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from insights.models import Insight
from insights.models.insights import InsightQuerySet
from posthog_clone.api.times import parse_bound

KINDS = {
    "TRENDS": "TrendsQuery",
    "FUNNELS": "FunnelsQuery",
    "RETENTION": "RetentionQuery",
    "PATHS": "PathsQuery",
    "LIFECYCLE": "LifecycleQuery",
    "STICKINESS": "StickinessQuery",
    "SQL": "HogQLQuery",
    "HOG": "HogQuery",
}
ORDERS = ("last_modified_at", "created_at", "updated_at", "name", "id", "order", "favorited")
MAX_USERS = 1000


class InsightFilter(django_filters.FilterSet):
    short_id = django_filters.CharFilter()
    search = django_filters.CharFilter(
        method="matching", help_text="Part of the name or the description."
    )
    saved = django_filters.BooleanFilter()
    favorited = django_filters.BooleanFilter()
    created_by = django_filters.CharFilter(
        method="by_users", help_text="Ids of users: one, or a JSON list."
    )
    user = django_filters.BooleanFilter(method="own", help_text="`true`: the caller's own.")
    insight = django_filters.ChoiceFilter(
        choices=[(name, name) for name in KINDS], method="of_kind", help_text="What it shows."
    )
    date_from = django_filters.CharFilter(
        method="since", help_text="Modified since: ISO 8601, or relative like `-7d`."
    )
    date_to = django_filters.CharFilter(method="until", help_text="Modified before.")
    order = django_filters.OrderingFilter(fields=ORDERS)

    class Meta:
        model = Insight
        fields = []

    def matching(self, insights: InsightQuerySet, name: str, value: str):
        parts = ("name", "derived_name", "description")
        matches = [Q(**{f"{part}__icontains": value}) for part in parts]
        return insights.filter(matches[0] | matches[1] | matches[2])

    def by_users(self, insights: InsightQuerySet, name: str, value: str):
        try:
            ids = orjson.loads(value)
        except orjson.JSONDecodeError:
            ids = None
        ids = ids if isinstance(ids, list) else [ids]
        if len(ids) > MAX_USERS or not all(type(id) is int and 0 <= id < 2**63 for id in ids):
            raise ValidationError({name: "Give the ids of users as a JSON list such as [1, 2]."})
        return insights.filter(created_by__in=ids)

    def own(self, insights: InsightQuerySet, name: str, value: bool):
        return insights.filter(created_by=self.request.user) if value else insights

    def of_kind(self, insights: InsightQuerySet, name: str, value: str):
        kind = KINDS[value]
        wrapped = Q(query__source__kind=kind) | Q(query__source__source__kind=kind)
        return insights.filter(Q(query__kind=kind) | wrapped)

    def since(self, insights: InsightQuerySet, name: str, value: str):
        moment = self.moment(name, value)
        return insights.filter(last_modified_at__gte=moment) if moment else insights

    def until(self, insights: InsightQuerySet, name: str, value: str):
        moment = self.moment(name, value)
        return insights.filter(last_modified_at__lt=moment) if moment else insights

    def moment(self, name: str, value: str):
        project = self.request.parser_context["view"].project
        return parse_bound(value, project.tz, timezone.now(), attr=name)
