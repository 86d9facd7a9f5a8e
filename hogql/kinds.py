"""The kinds of query a project can be asked, wherever they are answered.

The query endpoint, stored insights, alerts and exports all come through `answer`. Who answers a
kind is named in settings.QUERY_KINDS, since a kind may stand on any app, also on those above its
caller.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.exceptions import ValidationError

from projects.models import Project

WRAPPERS = {"InsightVizNode", "DataTableNode", "DataVisualizationNode"}
MAX_WRAPPERS = 5
# PostHog's other kinds, which nothing here answers.
UNSUPPORTED = frozenset(
    """
    ActionsNode ActorsPropertyTaxonomyQuery CalendarHeatmapQuery DataWarehouseNode
    DocumentSimilarityQuery ErrorTrackingBreakdownsQuery ErrorTrackingIssueCorrelationQuery
    ErrorTrackingSimilarIssuesQuery EventsNode ExperimentExposureQuery ExperimentFunnelsQuery
    ExperimentQuery ExperimentTrendsQuery FunnelCorrelationActorsQuery FunnelCorrelationQuery
    FunnelsActorsQuery GroupsQuery HogQLASTQuery HogQLAutocomplete HogQuery InsightActorsQuery
    InsightActorsQueryOptions LifecycleQuery MarketingAnalyticsAggregatedQuery
    MarketingAnalyticsTableQuery PathsQuery PersonsNode RecordingsQuery
    RevenueAnalyticsGrossRevenueQuery RevenueAnalyticsMRRQuery RevenueAnalyticsMetricsQuery
    RevenueAnalyticsOverviewQuery RevenueAnalyticsTopCustomersQuery
    RevenueExampleDataWarehouseTablesQuery RevenueExampleEventsQuery SavedInsightNode
    SessionAttributionExplorerQuery SessionsQuery SessionsTimelineQuery StickinessActorsQuery
    StickinessQuery SuggestedQuestionsQuery TraceQuery TracesQuery UsageMetricsQuery
    VectorSearchQuery WebAnalyticsExternalSummaryQuery WebExternalClicksTableQuery WebGoalsQuery
    WebOverviewQuery WebPageURLSearchQuery WebStatsTableQuery WebTrendsQuery
    WebVitalsPathBreakdownQuery WebVitalsQuery
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Run:
    """What a query is run for, beside what it says."""

    now: datetime
    """What relative times go back from."""
    query_id: str | None = None
    """For hogql.execution.cancel."""
    seconds: int | None = None
    """How long ClickHouse may take; QUERY_MAX_SECONDS unless given."""
    max_rows: int | None = None
    """How many rows an export may have; None for the usual limits."""


Answer = Callable[[Project, Mapping[str, Any], Run], dict[str, Any]]


def answer(project: Project, query: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """What the query, wrapped or not, gives: `results` and whatever else its kind answers with.

    Raises ValidationError for what can't be asked, and hogql.failures' for what can't be run.
    """
    source = unwrapped(query)
    return answer_of(source["kind"])(project, source, run)


def check(project: Project, query: Mapping[str, Any]) -> None:
    """Raise ValidationError unless the query could be asked, as far as can be told beforehand.

    The module of a kind's answer may have a `check(project, query)` beside it.
    """
    source = unwrapped(query)
    checks = check_of(source["kind"])
    if checks:
        checks(project, source)


def unwrapped(query: Mapping[str, Any]) -> Mapping[str, Any]:
    """The query itself, without what tells a client how to show it. Raises ValidationError."""
    for _ in range(MAX_WRAPPERS):
        kind = query.get("kind") if isinstance(query, Mapping) else None
        if not isinstance(kind, str) or kind not in WRAPPERS:
            break
        query = query.get("source")
    if not isinstance(query, Mapping) or not isinstance(query.get("kind"), str):
        raise ValidationError({"query": "A query is an object with a kind."}, code="parse_error")
    kind = query["kind"]
    if kind in settings.QUERY_KINDS:
        return query
    if kind in UNSUPPORTED:
        raise ValidationError({"query": f"Unsupported query kind: {kind}"})
    known = ", ".join(sorted({*settings.QUERY_KINDS, *WRAPPERS}))
    raise ValidationError(
        {
            "query": "1 validation error for QueryRequest: there is no query kind "
            f"{kind[:100]!r}. There are {known}."
        },
        code="parse_error",
    )


def answer_of(kind: str) -> Answer:
    return import_string(settings.QUERY_KINDS[kind])


def check_of(kind: str) -> Callable[[Project, Mapping[str, Any]], None] | None:
    module, _, _ = settings.QUERY_KINDS[kind].rpartition(".")
    return getattr(import_module(module), "check", None)
