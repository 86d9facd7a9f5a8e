"""The error-tracking stage of ingestion, in two halves.

`process` comes before the transaction and works on the events alone; `link` runs inside of it and
leads each exception to its issue:

    exceptions = process(events)
    with transaction.atomic():
        changes = link(exceptions)
"""

from collections.abc import Iterable, Sequence

from error_tracking.alerting import tell_destinations
from error_tracking.exceptions.entries import BrokenList
from error_tracking.exceptions.fingerprinting import Fingerprint
from error_tracking.exceptions.reading import ReadException, read
from error_tracking.linking import (
    IssueChange,
    Linkable,
    link_to_issues,
    settle_fingerprints,
)
from error_tracking.mailing import mail_assigned_by_rules, mail_subscribers
from error_tracking.models import Issue
from error_tracking.rate_limiting import drop_excess
from error_tracking.rule_evaluation import load_rules
from error_tracking.stack_frames import record_frames
from error_tracking.symbolication.releases import attach_releases
from error_tracking.symbolication.symbol_sets import symbolicate
from error_tracking.triage import (
    apply_grouping,
    apply_suppression,
    assign_and_rate,
    is_exempt,
)
from posthog_clone.captured import CapturedEvent

EVENT = "$exception"


def process(events: Iterable[CapturedEvent]) -> list[Linkable]:
    """Read the `$exception` events among these and put what was read into their properties.

    An event whose exception list is broken keeps a note of it, and goes on without an issue.
    """
    exceptions = [found for event in events if (found := read_event(event))]
    used = symbolicate((event.project_id, exception.entries) for event, exception in exceptions)
    attach_releases(exceptions, used)
    for event, exception in exceptions:
        event.properties.update(exception.stored_properties())
    return [
        Linkable(event, exception, fingerprints_of(exception)) for event, exception in exceptions
    ]


def read_event(event: CapturedEvent) -> tuple[CapturedEvent, ReadException] | None:
    if event.event != EVENT:
        return None
    try:
        return event, read(event.properties)
    except BrokenList as error:
        event.properties["$cymbal_errors"] = [str(error)]
        return None


def fingerprints_of(exception: ReadException) -> list[Fingerprint]:
    """Candidates, best first: the client's own fingerprint leaves no choice."""
    if exception.client_fingerprint:
        return [exception.client_fingerprint]
    return exception.automatic_fingerprints()


def link(exceptions: Sequence[Linkable]) -> list[IssueChange]:
    """Give each event its issue, opening, making or reopening it as need be, in this order.

    Events that rules, suppressed issues or limits keep out are dropped. To be called in the
    transaction that stores the events; returns the issues that were created or reopened.
    """
    exceptions = kept(exceptions)
    rules = load_rules(exception.event.project_id for exception in exceptions)
    apply_grouping(exceptions, rules)
    targets = settle_fingerprints(exceptions)
    apply_suppression(exceptions, rules)
    exceptions = kept(exceptions)
    changes = link_to_issues(exceptions, targets)
    assigned = assign_and_rate(changes, exceptions, rules)
    tell(changes, assigned)
    drop_excess(kept(exceptions), lambda exception: is_exempt(exception, rules))
    record_frames(kept(exceptions))
    return changes


def tell(changes: Sequence[IssueChange], assigned: Iterable[Issue]) -> None:
    """Imports of old events tell nothing."""
    changes = [change for change in changes if not change.event.historical]
    if not changes:
        return
    fresh = {change.issue_id for change in changes}
    tell_destinations(changes)
    mail_subscribers(changes)
    mail_assigned_by_rules(issue for issue in assigned if issue.id in fresh)


def kept(exceptions: Iterable[Linkable]) -> list[Linkable]:
    return [exception for exception in exceptions if not exception.event.dropped]
