"""Which alerts a list shows, and which checks one alert."""

from dataclasses import dataclass
from datetime import datetime

import django_filters
from django import forms
from django.db.models import QuerySet

from alerts.models import Alert, AlertCheck
from posthog_clone.api.times import parse_bound
from projects.models import Project

MAX_SEARCH = 200
DEFAULT_CHECKS, MAX_CHECKS = 5, 500


MAX_ID = 2**63 - 1


class InsightNumberFilter(django_filters.NumberFilter):
    field_class = forms.IntegerField

    def __init__(self, **options):
        super().__init__(field_name="insight_id", min_value=0, max_value=MAX_ID, **options)


class AlertFilter(django_filters.FilterSet):
    insight = InsightNumberFilter(label="The insight's number.")
    insight_id = InsightNumberFilter(label="The same.")
    created_by = django_filters.UUIDFilter(field_name="created_by__uuid", label="A user's uuid.")
    search = django_filters.CharFilter(
        field_name="name", lookup_expr="icontains", max_length=MAX_SEARCH, label="Part of the name."
    )

    class Meta:
        model = Alert
        fields = []


@dataclass(frozen=True)
class ChecksWanted:
    """The page of checks that a request asks for; a limit that makes no sense is the default."""

    limit: int
    offset: int
    date_from: datetime | None
    date_to: datetime | None

    @classmethod
    def read(cls, parameters, project: Project, now: datetime) -> "ChecksWanted":
        """Raises ValidationError for times that are none."""
        bounds = {
            name: parse_bound(parameters[name], project.tz, now, attr=name)
            for name in ("checks_date_from", "checks_date_to")
            if parameters.get(name)
        }
        limit = number(parameters.get("checks_limit"), MAX_CHECKS if bounds else DEFAULT_CHECKS)
        return cls(
            limit=min(max(limit, 1), MAX_CHECKS),
            offset=max(number(parameters.get("checks_offset"), 0), 0),
            date_from=bounds.get("checks_date_from"),
            date_to=bounds.get("checks_date_to"),
        )

    def of(self, alert: Alert) -> tuple[list[AlertCheck], int]:
        """The page, newest first, and how many there are in all."""
        checks: QuerySet[AlertCheck] = alert.checks.order_by("-created_at", "-id")
        if self.date_from:
            checks = checks.filter(created_at__gte=self.date_from)
        if self.date_to:
            checks = checks.filter(created_at__lte=self.date_to)
        return list(checks[self.offset : self.offset + self.limit]), checks.count()


def number(text: str | None, default: int) -> int:
    try:
        found = int(text)
    except (TypeError, ValueError):
        return default
    return found if abs(found) < 2**31 else default
