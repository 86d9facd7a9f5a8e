"""What rules say of exceptions and their issues: what is grouped, dropped, and whose it is."""

from collections.abc import Iterable, Sequence

from error_tracking.assignees import COLUMNS as ASSIGNEE_COLUMNS
from error_tracking.exceptions.fingerprinting import Fingerprint
from error_tracking.linking import IssueChange, Linkable
from error_tracking.models import Issue, Rule
from error_tracking.rule_evaluation import Rules
from posthog_clone.captured import CapturedEvent

Kind = Rule.Kind
SHARES = 10_000


def apply_grouping(exceptions: Iterable[Linkable], rules: Rules) -> None:
    """Give exceptions that brought no fingerprint that of the first rule they match."""
    for exception in exceptions:
        if exception.exception.client_fingerprint:
            continue
        if rule := rules.first(Kind.GROUPING, exception.event):
            record = [{"type": "custom", "rule_id": str(rule.id)}]
            exception.candidates = [Fingerprint(rule.fingerprint, record)]
            exception.grouping_rule = rule


def apply_suppression(exceptions: Iterable[Linkable], rules: Rules) -> None:
    """Drop what a rule suppresses, or the share of it that the rule says."""
    for exception in exceptions:
        event = exception.event
        if any(
            is_in_share(event, rule.sampling_rate)
            for rule in rules.matching(Kind.SUPPRESSION, event)
        ):
            event.dropped = True


def is_in_share(event: CapturedEvent, rate: float) -> bool:
    """The same for the same event, however often it comes."""
    return event.uuid.int % SHARES < rate * SHARES


def assign_and_rate(
    changes: Sequence[IssueChange], exceptions: Iterable[Linkable], rules: Rules
) -> list[Issue]:
    """Give new and reopened issues that nobody has an assignee, and new ones a severity; returns
    those that were assigned."""
    if not changes or not rules.by_kind:
        return []
    by_event = {id(exception.event): exception for exception in exceptions}
    issues = Issue.objects.in_bulk({change.issue_id for change in changes})
    changed, assigned = [], []
    for change in changes:
        issue = issues[change.issue_id]
        before = (issue.assignee, issue.severity)
        if issue.assignee is None and (rule := assigning_rule(by_event[id(change.event)], rules)):
            issue.assigned_user_id = rule.assigned_user_id
            issue.assigned_role_id = rule.assigned_role_id
            assigned.append(issue)
        if change.kind is IssueChange.Kind.CREATED and (
            rule := rules.first(Kind.SEVERITY, change.event)
        ):
            issue.severity = rule.severity
        if (issue.assignee, issue.severity) != before:
            changed.append(issue)
    if changed:
        Issue.objects.bulk_update(changed, [*ASSIGNEE_COLUMNS, "severity"])
    return assigned


def assigning_rule(exception: Linkable, rules: Rules) -> Rule | None:
    """The grouping rule that brought it here, else the first assignment rule, with an assignee."""
    if exception.grouping_rule and exception.grouping_rule.assignee:
        return exception.grouping_rule
    matching = rules.matching(Kind.ASSIGNMENT, exception.event)
    return next((rule for rule in matching if rule.assignee), None)


def is_exempt(exception: Linkable, rules: Rules) -> bool:
    """Whether the exception is taken however many there are."""
    return rules.first(Kind.BYPASS, exception.event) is not None
