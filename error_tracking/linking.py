"""From fingerprints to issues: found, reopened or newly made, a batch at a time.

PostHog: rust/cymbal/src/modes/processing/stages/linking/issue.rs.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from django.db.models import Q
from uuid_utils.compat import uuid7

from error_tracking.exceptions.fingerprinting import Fingerprint as FoundFingerprint
from error_tracking.exceptions.reading import ReadException
from error_tracking.models import Fingerprint, Issue, Rule
from posthog_clone.captured import CapturedEvent

MAX_LOOKED_UP = 5000
REOPENED = {Issue.Status.RESOLVED, Issue.Status.ARCHIVED, Issue.Status.PENDING_RELEASE}

Key = tuple[int, str]
"""Project and fingerprint."""


@dataclass(slots=True)
class Linkable:
    """An exception event that was read, and the fingerprints it may go by, best first."""

    event: CapturedEvent
    exception: ReadException
    candidates: list[FoundFingerprint]
    grouping_rule: Rule | None = None
    """The rule that has decided the fingerprint."""

    def keys_tried(self) -> Iterator[Key]:
        return ((self.event.project_id, candidate.value) for candidate in self.candidates)

    @property
    def key(self) -> Key:
        """Of the candidate that was settled on."""
        return self.event.project_id, self.candidates[0].value


@dataclass(slots=True)
class Target:
    """The issue that a fingerprint leads to."""

    issue_id: UUID
    status: str
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class IssueChange:
    """What a batch did to an issue, and the event that caused it."""

    class Kind(StrEnum):
        CREATED = "created"
        REOPENED = "reopened"

    kind: Kind
    issue_id: UUID
    event: CapturedEvent


def settle_fingerprints(exceptions: Sequence[Linkable]) -> dict[Key, Target]:
    """Decide which candidate each exception goes by; returns where known fingerprints lead."""
    targets = find_targets({key for exception in exceptions for key in exception.keys_tried()})
    known = set(targets)
    for exception in exceptions:
        choose(exception, known)
        mark_fingerprint(exception)
    return targets


def link_to_issues(exceptions: Sequence[Linkable], targets: dict[Key, Target]) -> list[IssueChange]:
    """Give each event the issue of its fingerprint, made or reopened as need be."""
    new: dict[Key, list[Linkable]] = {}
    for exception in exceptions:
        if exception.key not in targets:
            new.setdefault(exception.key, []).append(exception)
    created = create_issues(new, targets)
    reopened = reopen(first_by_issue(exceptions, targets))
    for exception in exceptions:
        mark_issue(exception, targets[exception.key])
    return created + reopened


def find_targets(keys: Iterable[Key]) -> dict[Key, Target]:
    """Where fingerprints lead; those that are not known yet are absent."""
    keys = sorted(keys)
    targets = {}
    for start in range(0, len(keys), MAX_LOOKED_UP):
        condition = Q()
        for project_id, group in groupby(keys[start : start + MAX_LOOKED_UP], itemgetter(0)):
            values = [fingerprint for _, fingerprint in group]
            condition |= Q(project_id=project_id, fingerprint__in=values)
        rows = Fingerprint.objects.filter(condition).values_list(
            "project_id", "fingerprint", "issue_id", "issue__status"
        )
        targets |= {
            (project_id, fingerprint): Target(issue_id, status)
            for project_id, fingerprint, issue_id, status in rows
        }
    return targets


def choose(exception: Linkable, known: set[Key]) -> None:
    """Keep the first candidate that leads somewhere, else the first: it will from now on."""
    if len(exception.candidates) > 1:
        leading = (
            candidate
            for key, candidate in zip(exception.keys_tried(), exception.candidates, strict=True)
            if key in known
        )
        exception.candidates = [next(leading, exception.candidates[0])]
    known.add(exception.key)


def create_issues(new: dict[Key, list[Linkable]], targets: dict[Key, Target]) -> list[IssueChange]:
    """Make an issue for each new fingerprint and add it to the targets.

    Another worker may make one for the same fingerprint at the same moment: whoever's fingerprint
    is in the table counts, and the other's issue is taken back.
    """
    if not new:
        return []
    issues, fingerprints = [], []
    for (project_id, value), exceptions in sorted(new.items()):
        first = exceptions[0].exception
        issue = Issue(
            id=uuid7(),
            project_id=project_id,
            name=first.issue_name,
            description=first.issue_description,
        )
        first_seen = min(exception.event.timestamp for exception in exceptions)
        issues.append(issue)
        fingerprints.append(
            Fingerprint(
                project_id=project_id, issue=issue, fingerprint=value, first_seen=first_seen
            )
        )
    Issue.objects.bulk_create(issues)
    Fingerprint.objects.bulk_create(fingerprints, ignore_conflicts=True)
    targets |= find_targets(new)
    lost = []
    for row in fingerprints:
        target = targets[row.project_id, row.fingerprint]
        target.is_new = target.issue_id == row.issue_id
        if not target.is_new:
            lost.append(row.issue_id)
    if lost:
        Issue.objects.filter(id__in=lost).delete()
    return [
        IssueChange(IssueChange.Kind.CREATED, targets[key].issue_id, exceptions[0].event)
        for key, exceptions in new.items()
        if targets[key].is_new
    ]


def first_by_issue(
    exceptions: Sequence[Linkable], targets: dict[Key, Target]
) -> dict[UUID, CapturedEvent]:
    """The first event of each issue that an exception reopens."""
    first: dict[UUID, CapturedEvent] = {}
    for exception in exceptions:
        target = targets[exception.key]
        if target.status in REOPENED:
            first.setdefault(target.issue_id, exception.event)
    return first


def reopen(closed: dict[UUID, CapturedEvent]) -> list[IssueChange]:
    """Make the issues active, each once however many workers find it closed."""
    if not closed:
        return []
    rows = Issue.objects.filter(id__in=closed, status__in=REOPENED).order_by("id")
    reopened = list(rows.select_for_update().values_list("id", flat=True))
    Issue.objects.filter(id__in=reopened).update(status=Issue.Status.ACTIVE)
    return [
        IssueChange(IssueChange.Kind.REOPENED, issue_id, closed[issue_id]) for issue_id in reopened
    ]


def mark_fingerprint(exception: Linkable) -> None:
    event, (fingerprint,) = exception.event, exception.candidates
    event.fingerprint = fingerprint.value
    event.properties["$exception_fingerprint"] = fingerprint.value
    event.properties["$exception_fingerprint_record"] = fingerprint.record
    if fingerprint.version:
        event.properties["$exception_fingerprint_version"] = fingerprint.version.value


def mark_issue(exception: Linkable, target: Target) -> None:
    """Put the issue on the event, or drop the event when its issue is suppressed."""
    event = exception.event
    event.issue_id = target.issue_id
    event.properties["$exception_issue_id"] = str(target.issue_id)
    if target.status == Issue.Status.SUPPRESSED:
        event.dropped = True
