"""A project's issues in the order of what happened."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson
from django.db.models import Q, QuerySet

from error_tracking.models import Issue
from error_tracking.reports.scope import MAX_GROUPS, Scope, moment, person_column
from error_tracking.reports.volumes import Bucket, volumes
from projects.models import Role, User

SESSIONS = "uniqExactIf($session_id, $session_id != '')"
LOOKED_AT = 200
ALL = "all"


@dataclass(frozen=True)
class Choice:
    """Which issues, and in which order."""

    status: str = Issue.Status.ACTIVE
    assignee: Mapping[str, User | Role] = field(default_factory=dict)
    """The column of who has it, and that user or role; empty for all."""
    conditions: Q = field(default_factory=Q)
    """What else is asked of the issues themselves."""
    order_by: str = "occurrences"
    descending: bool = True

    def of(self, issues: QuerySet[Issue]) -> QuerySet[Issue]:
        if self.status != ALL:
            issues = issues.filter(status=self.status)
        return issues.filter(self.conditions, **self.assignee)


@dataclass(slots=True)
class Numbers:
    issue_id: UUID
    occurrences: int
    users: int
    sessions: int
    first_seen: datetime
    last_seen: datetime
    library: str | None = None
    source: str | None = None
    """Of the last exception; `add_origins` adds them."""


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
    for numbers in chosen(scope, choice, offset + limit + 1):
        wanted.append(numbers)
        if len(wanted) > offset + limit:
            break
    page = wanted[offset : offset + limit]
    add_origins(scope, page)
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


def chosen(scope: Scope, choice: Choice, wanted: int) -> Iterator[Numbers]:
    """The numbers of the issues of choice, in order, of which about so many are wanted."""
    for found in in_order(scope, choice, wanted):
        yield from of_choice(scope, choice, found)


def in_order(scope: Scope, choice: Choice, wanted: int) -> Iterator[list[Numbers]]:
    """The numbers of all issues, some at a time: most of the time, the first are enough."""
    if choice.order_by == "first_seen":
        yield by_first_seen(scope, numbers_of(scope, choice), choice.descending)
        return
    start, size = 0, max(wanted * 2, LOOKED_AT)
    while start < MAX_GROUPS:
        found = numbers_of(scope, choice, size, start)
        yield found
        if len(found) < size:
            return
        start, size = start + size, min(size * 10, MAX_GROUPS)


def of_choice(scope: Scope, choice: Choice, found: list[Numbers]) -> Iterator[Numbers]:
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


def numbers_of(
    scope: Scope, choice: Choice | None = None, limit: int = MAX_GROUPS, offset: int = 0
) -> list[Numbers]:
    order = choice.order_by if choice else "occurrences"
    direction = "ASC" if choice and not choice.descending else "DESC"
    users = f"uniqExact({person_column(scope.project)})"
    result = scope.run(
        f"""
        SELECT toString({scope.issue}) AS issue, count() AS occurrences, {users} AS users,
            {SESSIONS} AS sessions, min(timestamp) AS first_seen, max(timestamp) AS last_seen
        FROM events
        WHERE {scope.where}
        GROUP BY {scope.issue}
        ORDER BY {order} {direction}, issue {direction}
        LIMIT {int(limit)} OFFSET {int(offset)}
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
        )
        for issue, occurrences, users, sessions, first_seen, last_seen in result.rows
    ]


def add_origins(scope: Scope, found: Collection[Numbers]) -> None:
    """Add library and source of the last exception of each: looked up by its time, which leads the
    store's key, since reading properties of all exceptions takes longer than counting them."""
    if not found:
        return
    result = scope.run(
        f"""
        SELECT toString({scope.issue}) AS issue, argMax(properties.$lib, timestamp) AS library,
            argMax(properties.$exception_sources, timestamp) AS sources
        FROM events
        WHERE {scope.where} AND timestamp IN {{times}} AND toString({scope.issue}) IN {{shown}}
        GROUP BY {scope.issue}
        """,
        times=[numbers.last_seen for numbers in found],
        shown=[str(numbers.issue_id) for numbers in found],
    )
    origins = {UUID(issue): (library, sources) for issue, library, sources in result.rows}
    for numbers in found:
        numbers.library, sources = origins.get(numbers.issue_id, (None, None))
        numbers.source = last_source(sources)


def last_source(text: str | None) -> str | None:
    """The file of the last of an exception's own frames, of the JSON of their sources."""
    try:
        sources = orjson.loads(text or "null")
    except orjson.JSONDecodeError:
        return None
    last = sources[-1] if isinstance(sources, list) and sources else None
    return last if isinstance(last, str) else None
