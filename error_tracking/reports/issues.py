"""A project's issues in the order of what happened."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID

import orjson
from django.db.models import F, Q, QuerySet

from error_tracking.models import Issue
from error_tracking.reports.scope import MAX_GROUPS, Scope, moment, person_column
from error_tracking.reports.volumes import Bucket, Buckets, buckets_of
from projects.models import Role, User

SESSIONS = "uniqExactIf($session_id, $session_id != '')"
KEYS = {
    "occurrences": "count()",
    "sessions": SESSIONS,
    "first_seen": "min(timestamp)",
    "last_seen": "max(timestamp)",
}
LOOKED_AT = 200
MAX_FEW = 1000
"""Up to so many issues can be asked for by their ids."""
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
    volume: list[Bucket] = field(default_factory=list)


@dataclass(slots=True)
class Reported:
    """An issue with what happened to it in the scope."""

    issue: Issue
    numbers: Numbers


def report_issues(
    scope: Scope, choice: Choice, limit: int, offset: int, resolution: int
) -> tuple[list[Reported], bool]:
    """A page of issues that happened in the scope, and whether there are more.

    Which ones and in which order is asked first, since that looks at all exceptions; what else
    there is to tell, only of the page.
    """
    wanted = list(islice(chosen(scope, choice, offset + limit + 1), offset + limit + 1))
    ids = wanted[offset : offset + limit]
    if not ids:
        return [], False
    of_page = scope.of(ids)
    numbers = numbers_of(of_page, buckets_of(of_page, resolution) if resolution else None)
    add_origins(scope, numbers.values())
    issues = Issue.objects.of_ids(scope.project, ids).shown().in_bulk()
    reported = [Reported(issues[id], numbers[id]) for id in ids if id in issues and id in numbers]
    return reported, len(wanted) > offset + limit


def chosen(scope: Scope, choice: Choice, wanted: int) -> Iterator[UUID]:
    """The issues of choice, in order, of which about so many are wanted."""
    if choice.order_by == "first_seen":
        yield from by_first_seen(scope, choice, wanted)
        return
    seen: set[UUID] = set()
    for found in by_numbers(scope, choice, wanted):
        fresh = [id for id in of_choice(scope, choice, found) if id not in seen]
        yield from fresh
        seen.update(fresh)


def by_numbers(scope: Scope, choice: Choice, wanted: int) -> Iterator[list[UUID]]:
    """Ids of issues, chosen or not, some at a time: most of the time, the first are enough. When
    not, and few are chosen, these alone are asked for."""
    size = min(wanted * 2, MAX_GROUPS)
    found = ranked(scope, choice, size)
    yield found
    if len(found) < size:
        return
    few = list(choice.of(issues_of(scope)).values_list("id", flat=True)[: MAX_FEW + 1])
    if len(few) <= MAX_FEW:
        yield ranked(scope.of(few), choice, MAX_FEW)
        return
    start = size
    while len(found) == size and start < MAX_GROUPS:
        size = min(size * 10, MAX_GROUPS)
        found = ranked(scope, choice, size, start)
        yield found
        start += size


def of_choice(scope: Scope, choice: Choice, found: list[UUID]) -> Iterator[UUID]:
    for start in range(0, len(found), LOOKED_AT):
        some = found[start : start + LOOKED_AT]
        issues = choice.of(Issue.objects.of_ids(scope.project, some))
        ids = set(issues.values_list("id", flat=True))
        yield from (id for id in some if id in ids)


def by_first_seen(scope: Scope, choice: Choice, wanted: int) -> Iterator[UUID]:
    """In the order of when issues were seen first of all, not only in the scope: the database knows
    that, and the store which of them happened."""
    seen = F("seen")
    order = seen.desc(nulls_last=True) if choice.descending else seen.asc(nulls_last=True)
    tie = "-id" if choice.descending else "id"
    ids = (
        choice.of(issues_of(scope))
        .with_first_seen()
        .order_by(order, tie)
        .values_list("id", flat=True)
    )
    size = min(wanted * 2, MAX_FEW)
    first = list(ids[:size])
    happened = set(ranked(scope.of(first), choice, size))
    yield from (id for id in first if id in happened)
    if len(first) == size:
        happened = set(ranked(scope, choice))
        yield from (id for id in ids[size:] if id in happened)


def issues_of(scope: Scope) -> QuerySet[Issue]:
    if scope.issue_ids is None:
        return Issue.objects.filter(project=scope.project)
    return Issue.objects.of_ids(scope.project, scope.issue_ids)


def ranked(scope: Scope, choice: Choice, limit: int = MAX_GROUPS, offset: int = 0) -> list[UUID]:
    """The issues that happened in the scope, by their numbers."""
    key = users_of(scope) if choice.order_by == "users" else KEYS[choice.order_by]
    direction = "DESC" if choice.descending else "ASC"
    result = scope.run(
        f"""
        SELECT toString({scope.issue}) AS issue
        FROM events
        WHERE {scope.where}
        GROUP BY {scope.issue}
        ORDER BY {key} {direction}, issue {direction}
        LIMIT {int(limit)} OFFSET {int(offset)}
        """
    )
    return [UUID(issue) for (issue,) in result.rows]


def numbers_of(scope: Scope, buckets: Buckets | None = None) -> dict[UUID, Numbers]:
    volume = buckets.volume if buckets else "NULL"
    result = scope.run(
        f"""
        SELECT toString({scope.issue}) AS issue, count() AS occurrences, {users_of(scope)} AS users,
            {SESSIONS} AS sessions, min(timestamp) AS first_seen, max(timestamp) AS last_seen,
            {volume} AS volume
        FROM events
        WHERE {scope.where}
        GROUP BY {scope.issue}
        """
    )
    return {
        UUID(issue): Numbers(
            issue_id=UUID(issue),
            occurrences=occurrences,
            users=users,
            sessions=sessions,
            first_seen=moment(first_seen),
            last_seen=moment(last_seen),
            volume=buckets.filled(volume) if buckets else [],
        )
        for issue, occurrences, users, sessions, first_seen, last_seen, volume in result.rows
    }


def users_of(scope: Scope) -> str:
    return f"uniqExact({person_column(scope.project)})"


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
        WHERE {scope.where} AND timestamp IN {{times}}
        GROUP BY {scope.issue}
        """,
        times=[numbers.last_seen for numbers in found],
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
