"""Merging issues, and splitting them: fingerprints move, and with them all their events."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from rest_framework.exceptions import NotFound

from clickhouse import outbox
from error_tracking.models import ExternalReference, Fingerprint, Issue, SpikeEvent

OVERRIDES = "issue_fingerprint_overrides"
UNTITLED = "Untitled issue"


@dataclass(frozen=True, slots=True)
class SplitOff:
    """A fingerprint that becomes an issue of its own."""

    fingerprint: str
    name: str | None = None
    description: str | None = None


@transaction.atomic
def merge_issues(into: Issue, ids: Iterable[UUID]) -> bool:
    """Fold the issues `ids` into `into`: it takes over their fingerprints, and they disappear.

    False when they name no other issue. Raises NotFound, and merges nothing, when one of them is
    gone.
    """
    others = set(ids) - {into.id}
    if not others:
        return False
    # In one order, so that two merges of the same issues wait for each other and don't deadlock.
    wanted = Issue.objects.of_ids(into.project_id, {*others, into.id})
    locked = set(wanted.order_by("id").select_for_update().values_list("id", flat=True))
    if locked != {*others, into.id}:
        raise NotFound
    move(Fingerprint.objects.filter(issue__in=others), into.id)
    SpikeEvent.objects.filter(issue__in=others).update(issue=into)
    ExternalReference.objects.filter(issue__in=others).update(issue=into)
    Issue.objects.filter(id__in=others).delete()
    return True


@transaction.atomic
def split_issue(issue: Issue, parts: Iterable[SplitOff]) -> list[UUID]:
    """Make an issue of each of these fingerprints and return the new ids, in the same order.

    Fingerprints that the issue doesn't have are passed over.
    """
    wanted = {part.fingerprint: part for part in parts}
    rows = Fingerprint.objects.filter(issue=issue, fingerprint__in=wanted).order_by("id")
    own = {row.fingerprint: row.id for row in rows.select_for_update()}
    issues = {
        fingerprint: Issue(
            project_id=issue.project_id,
            name=part.name or UNTITLED,
            description=part.description,
        )
        for fingerprint, part in wanted.items()
        if fingerprint in own
    }
    Issue.objects.bulk_create(issues.values())
    for fingerprint, new in issues.items():
        move(Fingerprint.objects.filter(id=own[fingerprint]), new.id)
    return [new.id for new in issues.values()]


def move(fingerprints: QuerySet[Fingerprint], issue_id: UUID) -> None:
    """Lead fingerprints to another issue, and let ClickHouse know where their events are now."""
    rows = list(
        fingerprints.order_by("id")
        .select_for_update()
        .values_list("project_id", "fingerprint", "version")
    )
    fingerprints.update(issue=issue_id, version=F("version") + 1, moved_at=timezone.now())
    outbox.enqueue(
        OVERRIDES,
        [
            {
                "team_id": project_id,
                "fingerprint": fingerprint,
                "issue_id": str(issue_id),
                "version": version + 1,
            }
            for project_id, fingerprint, version in rows
        ],
    )
