"""Insights that ask for a cohort."""

from collections.abc import Iterator
from typing import Any

from hogql.filters.model import COHORTS
from insights.models import Insight
from projects.models import Project

BREAKDOWNS = ("breakdown", "property")


def use_of_cohort(project: Project, cohort_id: int) -> str | None:
    """Where a cohort is used by a stored insight: one of settings.COHORT_USES."""
    insights = Insight.objects.live().filter(project=project).order_by("id")
    for insight in insights.only("short_id", "name", "query").iterator():
        if cohort_id in cohorts_in(insight.query):
            return f"by insight {insight.name or insight.short_id!r} ({insight.short_id})"
    return None


def cohorts_in(query: Any) -> Iterator[int]:
    """The ids of cohorts that filters and breakdowns of a query name, however deep."""
    waiting = [query]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            yield from cohorts_named(part)
            waiting += part.values()


def cohorts_named(part: dict) -> Iterator[int]:
    values = []
    if isinstance(part.get("type"), str) and part["type"] in COHORTS:
        values = [part.get("value"), *map(part.get, BREAKDOWNS)]
    elif part.get("breakdown_type") == "cohort":
        values = [part.get("breakdown")]
    for value in values:
        for item in value if isinstance(value, list) else [value]:
            text = str(item)
            if text.isascii() and text.isdecimal():
                yield int(text)
