"""The suppression rules that browsers apply themselves, so that they send less."""

from collections.abc import Mapping
from typing import Any

from error_tracking.models import Rule

KEYS = {"$exception_types", "$exception_values"}
OPERATORS = {"exact", "is_not", "icontains", "not_icontains"}


def browser_rules(project_id: int) -> list[dict[str, Any]]:
    """The filters of the project's rules that posthog-js can evaluate, and that drop all matches.

    PostHog: posthog/models/remote_config.py
    """
    rules = Rule.objects.filter(
        project_id=project_id,
        kind=Rule.Kind.SUPPRESSION,
        sampling_rate=1.0,
        disabled_data__isnull=True,
    ).order_by("order_key", "created_at", "id")
    return [filters for filters in rules.values_list("filters", flat=True) if is_simple(filters)]


def is_simple(filters: Mapping[str, Any]) -> bool:
    """Whether filters are one level of comparisons of types and messages with texts."""
    conditions = filters.get("values") or []
    return bool(conditions) and all(is_simple_condition(condition) for condition in conditions)


def is_simple_condition(condition: Mapping[str, Any]) -> bool:
    value = condition.get("value")
    texts = value if isinstance(value, list) else [value]
    return (
        condition.get("key") in KEYS
        and condition.get("operator") in OPERATORS
        and bool(texts)
        and all(isinstance(text, str) for text in texts)
    )
