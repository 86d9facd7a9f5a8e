"""A project's issues in the order of what happened."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.db.models import QuerySet

from error_tracking.models import Issue
from error_tracking.reports.scope import Scope, moment
from error_tracking.reports.volumes import Bucket, volumes
from projects.models import User

USERS = "uniqExact(person_id)"
SESSIONS = "uniqExact(nullIf($session_id, ''))"
LOOKED_AT = 500
ALL = "all"


@dataclass(frozen=True)
class Choice:
    """Which issues, and in which order."""

    status: str = Issue.Status.ACTIVE
    assignee: User | None = None
    order_by: str = "occurrences"
    descending: bool = True

    def of(self, issues: QuerySet[Issue]) -> QuerySet[Issue]:
        if self.status != ALL:
            issues = issues.filter(status=self.status)
        if self.assignee:
            issues = issues.filter(assigned_user=self.assignee)
        return issues


@dataclass(slots=True)
class Numbers:
    issue_id: UUID
    occurrences: int
    users: int
    sessions: int
    first_seen: datetime
    last_seen: datetime
    library: str | None
    source: str | None


@dataclass(slots=True)
class Reported:
    """An issue with what happened to it in the scope."""

    issue: Issue
    numbers: Numbers
    volume: list[Bucket]


def report_issues(
    scope: Scope, choice: Choice, limit: int, offset: int, resolution: int
) -> tuple[list[Reported], bool]:
    """A page of issues that happened in the scope, and whether there are more."""
    wanted: list[Numbers] = []
    for numbers in chosen(scope, choice):
        wanted.append(numbers)
        if len(wanted) > offset + limit:
            break
    page = wanted[offset : offset + limit]
    ids = [numbers.issue_id for numbers in page]
    issues = Issue.objects.filter(project=scope.project).shown().in_bulk(ids)
    since = min((numbers.first_seen for numbers in page), default=None)
    buckets = volumes(scope, ids, resolution, since)
    reported = [
        Reported(issues[numbers.issue_id], numbers, buckets.get(numbers.issue_id, []))
        for numbers in page
        if numbers.issue_id in issues
    ]
    return reported, len(wanted) > offset + limit


def chosen(scope: Scope, choice: Choice) -> Iterator[Numbers]:
    """The numbers of the issues of choice, in order; issues are looked up some at a time."""
    found = numbers_of(scope, choice)
    if choice.order_by == "first_seen":
        found = by_first_seen(scope, found, choice.descending)
    for start in range(0, len(found), LOOKED_AT):
        some = found[start : start + LOOKED_AT]
        issues = Issue.objects.filter(
            project=scope.project, id__in=[numbers.issue_id for numbers in some]
        )
        ids = set(choice.of(issues).values_list("id", flat=True))
        yield from (numbers for numbers in some if numbers.issue_id in ids)


def by_first_seen(scope: Scope, found: list[Numbers], descending: bool) -> list[Numbers]:
    """In the order of when issues were seen first of all, not only in the scope."""
    seen: dict[UUID, datetime] = {}
    for start in range(0, len(found), LOOKED_AT):
        ids = [numbers.issue_id for numbers in found[start : start + LOOKED_AT]]
        for issue in Issue.objects.filter(project=scope.project, id__in=ids).with_fingerprints():
            if first := issue.seen_first:
                seen[issue.id] = first
    return sorted(
        found,
        key=lambda numbers: (seen.get(numbers.issue_id, numbers.first_seen), numbers.issue_id),
        reverse=descending,
    )


def numbers_of(scope: Scope, choice: Choice | None = None) -> list[Numbers]:
    order = choice.order_by if choice else "occurrences"
    direction = "ASC" if choice and not choice.descending else "DESC"
    result = scope.run(
        f"""
        SELECT toString(issue_id) AS issue, count() AS occurrences, {USERS} AS users,
            {SESSIONS} AS sessions, min(timestamp) AS first_seen, max(timestamp) AS last_seen,
            argMax(properties.$lib, timestamp) AS library,
            argMax(properties.$exception_sources, timestamp) AS sources
        FROM events
        WHERE {scope.where}
        GROUP BY issue
        ORDER BY {order} {direction}, issue {direction}
        """
    )
    return [
        Numbers(
            issue_id=UUID(issue),
            occurrences=occurrences,
            users=users,
            sessions=sessions,
            first_seen=moment(first_seen),
            last_seen=moment(last_seen),
            library=library,
            source=last_source(sources),
        )
        for (
            issue,
            occurrences,
            users,
            sessions,
            first_seen,
            last_seen,
            library,
            sources,
        ) in result.rows
    ]


def last_source(text: str | None) -> str | None:
    """The file of the last of an exception's own frames, of the JSON of their sources."""
    try:
        sources = orjson.loads(text or "null")
    except orjson.JSONDecodeError:
        return None
    last = sources[-1] if isinstance(sources, list) and sources else None
    return last if isinstance(last, str) else None
