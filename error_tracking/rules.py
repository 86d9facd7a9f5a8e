"""Rules as resources: their order, and the issues that grouping rules have made."""

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import QuerySet

from error_tracking.models import Fingerprint, Rule


@transaction.atomic
def reorder_rules(rules: QuerySet[Rule], orders: Mapping[str, int]) -> None:
    """Set the order of those named by id; ids that aren't among the rules are passed over."""
    wanted = {id.lower(): order for id, order in orders.items()}
    changed = []
    for rule in rules.only("id", "order_key").select_for_update():
        order = wanted.get(str(rule.id), rule.order_key)
        if order != rule.order_key:
            rule.order_key = order
            changed.append(rule)
    Rule.objects.bulk_update(changed, ["order_key"])


def with_issues(rules: Iterable[Rule]) -> list[Rule]:
    """The grouping rules, each with the `issue` of the exceptions it has brought together."""
    rules = list(rules)
    fingerprints = Fingerprint.objects.filter(
        project__in={rule.project_id for rule in rules},
        fingerprint__in=[rule.fingerprint for rule in rules],
    )
    issues = {found.fingerprint: found.issue for found in fingerprints.select_related("issue")}
    for rule in rules:
        rule.issue = issues.get(rule.fingerprint)
    return rules
