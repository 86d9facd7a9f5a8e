"""Rules as resources: their order, and the issues that grouping rules have made."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from error_tracking.models import Fingerprint, Rule

BROWSER_KEYS = {"$exception_types", "$exception_values"}
BROWSER_OPERATORS = {"exact", "is_not", "icontains", "not_icontains"}


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


def browser_suppressions(project_id: int) -> list[dict]:
    """Filters of the suppression rules that browsers can apply themselves, in order.

    Those that drop every match, and need nothing but types and messages for it.
    """
    rules = Rule.objects.filter(
        project=project_id,
        kind=Rule.Kind.SUPPRESSION,
        sampling_rate=1.0,
        disabled_data__isnull=True,
    ).order_by("order_key", "created_at", "id")
    filters = rules.values_list("filters", flat=True)
    return [group for group in filters if is_for_browsers(group)]


def is_for_browsers(group: dict) -> bool:
    leaves = group["values"]
    return bool(leaves) and all(
        leaf.get("key") in BROWSER_KEYS
        and leaf.get("type", "event") == "event"
        and (leaf.get("operator") or "exact") in BROWSER_OPERATORS
        and is_text(leaf.get("value"))
        for leaf in leaves
    )


def is_text(value: Any) -> bool:
    items = value if isinstance(value, list) else [value]
    return all(isinstance(item, str) for item in items)
