"""Rules at work: which of a project's rules an exception matches.

A rule that can't be evaluated, such as one with an invalid regular expression, is disabled with the
reason and the exception at hand, and passed over: nothing that people enter stops ingestion.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson
from django.utils import timezone

from error_tracking.models import Rule
from hogql.filters.model import parse_properties
from hogql.filters.predicate import Predicate
from posthog_clone.captured import CapturedEvent

logger = logging.getLogger(__name__)

LARGE_PROPERTIES = {"$exception_list", "$exception_fingerprint_record", "$exception_steps"}
"""Left out of what is kept of an event with a disabled rule."""


@dataclass
class LiveRule:
    rule: Rule
    is_broken: bool = False

    @cached_property
    def predicate(self) -> Predicate:
        group = parse_properties(self.rule.filters)
        return Predicate(group, now=timezone.now(), zone=self.rule.project.tz, strict=True)

    def matches(self, event: CapturedEvent) -> bool:
        if self.is_broken:
            return False
        try:
            return self.predicate.matches(event.properties, event.person_properties)
        except Exception as error:  # whatever it is, it is this rule's and not the event's
            self.disable(error, event)
            return False

    def disable(self, error: Exception, event: CapturedEvent) -> None:
        logger.warning("%s is disabled: %s", self.rule, error)
        self.is_broken = True
        Rule.objects.filter(id=self.rule.id, updated_at=self.rule.updated_at).update(
            disabled_data={
                "message": str(error) or type(error).__name__,
                "issue": {"id": str(event.issue_id)} if event.issue_id else {},
                "properties": shown(event.properties),
            }
        )


def shown(properties: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in properties.items() if key not in LARGE_PROPERTIES}
    return orjson.loads(orjson.dumps(kept))


@dataclass
class Rules:
    """The live rules of the projects of a batch, in the order in which they are tried."""

    by_kind: dict[tuple[int, str], list[LiveRule]] = field(default_factory=dict)

    def matching(self, kind: Rule.Kind, event: CapturedEvent) -> Iterator[Rule]:
        for live in self.by_kind.get((event.project_id, kind), ()):
            if live.matches(event):
                yield live.rule

    def first(self, kind: Rule.Kind, event: CapturedEvent) -> Rule | None:
        return next(self.matching(kind, event), None)


def load_rules(project_ids: Iterable[int]) -> Rules:
    rows = (
        Rule.objects.filter(project__in=set(project_ids), disabled_data__isnull=True)
        .select_related("project")
        .order_by("order_key", "created_at", "id")
    )
    rules = Rules()
    for row in rows:
        rules.by_kind.setdefault((row.project_id, row.kind), []).append(LiveRule(row))
    return rules
