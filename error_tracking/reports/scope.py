"""Which exceptions a report is about."""

from collections.abc import Collection, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Q, QuerySet

from error_tracking.models import Fingerprint, Issue, Release
from hogql.execution import Result, run
from persons.queries import has_overrides
from posthog_clone.api.times import parse_bound
from projects.models import Project

SEARCHED = (
    "$exception_types",
    "$exception_values",
    "$exception_sources",
    "$exception_functions",
    "$current_url",
)
SINGLE = {*SEARCHED, "$lib"}
"""Properties that are never objects: reading them is quicker for knowing."""
RELEASES = "replaceAll(properties.$exception_releases, '\\\\/', '/')"
"""As JSON, of which ClickHouse escapes the slashes: hashes are its keys, versions its values."""
OWN_ISSUE = "event_issue_id"
"""The issue that an event came in with."""
MAX_WORDS = 20
MAX_NAMED = 1000
MAX_GROUPS = 50_000


@dataclass
class Scope:
    project: Project
    now: datetime
    date_from: str | None = "-7d"
    date_to: str | None = None
    filter_test_accounts: bool = True
    properties: Collection[Mapping[str, Any]] = ()
    search: str = ""
    issue_ids: Collection[UUID] | None = None
    libraries: Collection[str] = ()
    release: str | None = None
    fingerprints: Collection[str] = ()
    user: str | None = None
    person_id: UUID | None = None
    url: str | None = None
    file_path: str | None = None
    issue: str = field(init=False)
    """What is an event's issue, in HogQL."""
    conditions: list[str] = field(init=False, default_factory=list)
    values: dict[str, Any] = field(init=False, default_factory=dict)

    def __post_init__(self):
        self.issue = issue_column(self.project)
        self.conditions += ["event = '$exception'", f"isNotNull({self.issue})", "{filters}"]
        if self.issue_ids is not None:
            self.narrow(self.issue_ids)
        if self.libraries:
            self.add("properties.$lib IN {libraries}", libraries=list(self.libraries))
        if self.release:
            self.add_release(self.release)
        if self.fingerprints:
            self.add("fingerprint IN {fingerprints}", fingerprints=list(self.fingerprints))
        if self.user:
            self.add("(distinct_id = {user} OR person.properties.email = {user})", user=self.user)
        if self.person_id:
            self.add("toString(person_id) = {person_id}", person_id=str(self.person_id))
        if self.url:
            self.add(contains("properties.$current_url", "url"), url=self.url)
        if self.file_path:
            self.add(
                contains("properties.$exception_sources", "file_path"), file_path=self.file_path
            )
        self.add_search(self.search.split()[:MAX_WORDS])

    def add(self, condition: str, **values: Any) -> None:
        self.conditions.append(condition)
        self.values.update(values)

    def add_release(self, release: str) -> None:
        """By its id, its hash, its version or its commit, each of them whole."""
        names = {release, *hashes_of(self.project, release)}
        quoted = orjson.dumps(release).decode()
        marks = [f'"version":{quoted}', f'"commit_id":{quoted}']
        marks += [f"{orjson.dumps(name).decode()}:{{" for name in sorted(names)]
        self.add(f"multiSearchAny(ifNull({RELEASES}, ''), {{release_marks}})", release_marks=marks)

    def add_search(self, words: list[str]) -> None:
        """Every word is in the event, or all of them in what its issue is called."""
        if not words:
            return
        named = Issue.objects.filter(project=self.project)
        in_event = []
        for number, word in enumerate(words):
            named = named.filter(Q(name__icontains=word) | Q(description__icontains=word))
            places = [contains(f"properties.{name}", f"word_{number}") for name in SEARCHED]
            in_event.append(f"({' OR '.join(places)})")
            self.values[f"word_{number}"] = word
        ids = list(named.values_list("id", flat=True)[:MAX_NAMED])
        self.add(f"({' AND '.join(in_event)} OR {self.issue} IN {{named}})", named=ids)

    def of(self, issue_ids: Collection[UUID]) -> "Scope":
        """The same of these issues alone."""
        narrowed = copy(self)
        narrowed.conditions, narrowed.values = [*self.conditions], {**self.values}
        narrowed.narrow(issue_ids)
        return narrowed

    def narrow(self, issue_ids: Collection[UUID]) -> None:
        """Ids stay UUIDs: the store has an index of them. What could not belong to these issues is
        left out before it is joined with where events have moved."""
        self.add(f"{self.issue} IN {{issue_ids}}", issue_ids=list(issue_ids))
        if self.issue == OWN_ISSUE:
            return
        arrived = list(
            moved_fingerprints(self.project)
            .filter(issue__in=issue_ids)
            .values_list("fingerprint", flat=True)[: MAX_NAMED + 1]
        )
        if not arrived:
            self.add(f"{OWN_ISSUE} IN {{issue_ids}}")
        elif len(arrived) <= MAX_NAMED:
            either = f"({OWN_ISSUE} IN {{issue_ids}} OR fingerprint IN {{arrived}})"
            self.add(either, arrived=arrived)

    @property
    def where(self) -> str:
        return " AND ".join(self.conditions)

    def run(self, query: str, *, limit: int = MAX_GROUPS, **values: Any) -> Result:
        """`query` is HogQL of this app's own: what users sent is bound by name."""
        return run(
            query,
            self.project,
            values={**self.values, **values},
            filters={
                "dateRange": {"date_from": self.date_from, "date_to": self.date_to},
                "properties": list(self.properties),
                "filterTestAccounts": self.filter_test_accounts,
            },
            property_types=lambda names: {
                ("event", name, None): "String" for name in SINGLE.intersection(names)
            },
            default_limit=limit,
            now=self.now,
        )

    def bounds(self) -> tuple[datetime | None, datetime]:
        """From when, None for ever, until when."""
        start = self.bound(self.date_from)
        return start, self.bound(self.date_to) or self.now

    def bound(self, text: str | None) -> datetime | None:
        if not text:
            return None
        project = self.project
        week_start_day = project.week_start_day or 0
        return parse_bound(text, project.tz, self.now, week_start_day=week_start_day)


def issue_column(project: Project) -> str:
    """Where events of the project may have moved, the one they moved to, by a join; else theirs."""
    return "issue_id" if moved_fingerprints(project).exists() else OWN_ISSUE


def moved_fingerprints(project: Project) -> QuerySet[Fingerprint]:
    return Fingerprint.objects.filter(project=project, moved_at__isnull=False)


def person_column(project: Project) -> str:
    """Likewise of persons: the join more than doubles the time of counting them."""
    return "person_id" if has_overrides(project.id) else "event_person_id"


def hashes_of(project: Project, id: str) -> list[str]:
    """The hash of the release of this id, if it is one."""
    try:
        found = Release.objects.filter(project=project, id=UUID(id))
    except ValueError:
        return []
    return list(found.values_list("hash_id", flat=True))


def contains(text: str, name: str) -> str:
    return f"positionCaseInsensitiveUTF8(ifNull({text}, ''), {{{name}}}) > 0"


def moment(text: str | None) -> datetime | None:
    """A time of a query's answer."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
