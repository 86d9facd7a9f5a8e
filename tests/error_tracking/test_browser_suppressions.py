"""Which suppression rules browsers are told, so that they send nothing to drop."""

import pytest

from error_tracking.rules import browser_suppressions
from tests.factories import RuleFactory

LEAF = {"key": "$exception_types", "type": "event", "operator": "exact", "value": ["A"]}


def group(*leaves, type="AND"):
    return {"type": type, "values": list(leaves)}


@pytest.mark.parametrize(
    ("filters", "is_told"),
    [
        (group(LEAF), True),
        (group(LEAF, {**LEAF, "key": "$exception_values", "operator": "icontains"}), True),
        (group({**LEAF, "operator": "is_not", "value": "A"}, type="OR"), True),
        (group({"key": "$exception_types", "value": "A"}), True),
        (group(), False),
        (group(group(LEAF)), False),
        (group(LEAF, {**LEAF, "key": "$lib"}), False),
        (group({**LEAF, "operator": "regex"}), False),
        (group({**LEAF, "type": "person"}), False),
        (group({**LEAF, "value": [1]}), False),
        (group({**LEAF, "value": None}), False),
    ],
)
def test_browsers_are_told_what_they_can_apply(project, filters, is_told):
    RuleFactory(project=project, kind="suppression", filters=filters)
    assert browser_suppressions(project.id) == ([filters] if is_told else [])


def test_rules_that_are_not_told(project):
    RuleFactory(project=project, kind="suppression", sampling_rate=0.5)
    RuleFactory(project=project, kind="suppression", disabled_data={"message": "bad"})
    RuleFactory(project=project, kind="grouping")
    RuleFactory(kind="suppression")
    assert browser_suppressions(project.id) == []


def test_they_are_told_in_order(project):
    late = RuleFactory(project=project, kind="suppression", order_key=2, filters=group(LEAF))
    early = RuleFactory(
        project=project, kind="suppression", order_key=1, filters=group(LEAF, type="OR")
    )
    assert browser_suppressions(project.id) == [early.filters, late.filters]
