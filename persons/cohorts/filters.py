"""The filters of cohorts: what may stand in them, and which cohorts they refer to."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework.exceptions import ValidationError

from hogql.filters.model import COHORTS, MAX_DEPTH, MAX_FILTERS, parse_properties
from persons.models import Cohort
from posthog_clone.api.times import parse_bound
from projects.models import Project

GROUP_KEYS = {"type", "values"}
KEYS = {
    "person": {"type", "key", "operator", "value", "negation"},
    "cohort": {"type", "key", "value", "negation"},
    "behavioral": {
        *("type", "key", "event_type", "value", "time_value", "time_interval", "negation"),
        *("explicit_datetime", "event_filters", "operator", "operator_value"),
    },
}
REQUIRED = {
    "person": ["key", "value", "operator"],
    "cohort": ["key", "value"],
    "behavioral": ["key", "event_type", "value"],
}
PERFORMED, PERFORMED_MULTIPLE = "performed_event", "performed_event_multiple"
INTERVALS = {"hour": "h", "day": "d", "week": "w", "month": "m", "year": "y"}
COUNTING = {"gte": ">=", "lte": "<=", "exact": "=="}
MAX_NUMBER = 1_000_000
LOOP = "Cohorts cannot reference other cohorts in a loop."


def check_filters(filters: Any, project: Project, cohort: Cohort | None) -> None:
    """Raises ValidationError unless `persons.cohorts.querying` understands all of the filters.

    `cohort` is the one they are for, if it exists already.
    """
    if not isinstance(filters, Mapping) or set(filters) != {"properties"}:
        raise ValidationError("Filters must be an object with the key properties, and no other.")
    checker = Checker(project, cohort)
    checker.group(filters["properties"], 0)
    checker.references()


def leaves(part: Any) -> Iterator[Mapping]:
    """The filters in a group, however deep, those on a behaviour's events included."""
    if isinstance(part, list):
        for item in part:
            yield from leaves(item)
    elif isinstance(part, Mapping):
        if isinstance(part.get("values"), list):
            yield from leaves(part["values"])
        else:
            yield part
            yield from leaves(part.get("event_filters"))


def referred_cohorts(part: Any) -> set[int]:
    """The ids of the cohorts that filters speak of."""
    return {
        int(value)
        for leaf in leaves(part)
        if leaf.get("type") in COHORTS
        for value in as_list(leaf.get("value"))
        if is_id(value)
    }


def as_list(value: Any) -> list:
    return value if isinstance(value, list) else [value]


def is_id(value: Any) -> bool:
    if isinstance(value, str):
        return value.isascii() and value.isdecimal() and len(value) < 10
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31


class Checker:
    def __init__(self, project: Project, cohort: Cohort | None):
        self.project = project
        self.cohort = cohort
        self.now = timezone.now()
        self.count = 0
        self.referred: set[int] = set()

    def group(self, data: Any, depth: int) -> None:
        if not isinstance(data, Mapping) or set(data) != GROUP_KEYS:
            raise ValidationError("A group of filters has the keys type and values, and no other.")
        if data["type"] not in ("AND", "OR"):
            raise ValidationError("The type of a group of filters is AND or OR.")
        if not isinstance(data["values"], list):
            raise ValidationError("The values of a group of filters are a list.")
        if depth > MAX_DEPTH:
            raise ValidationError("The groups of filters are nested too deeply.")
        for part in data["values"]:
            self.count += 1
            if self.count > MAX_FILTERS:
                raise ValidationError(f"There are more than {MAX_FILTERS} filters.")
            if isinstance(part, Mapping) and "values" in part:
                self.group(part, depth + 1)
            else:
                self.leaf(part)

    def leaf(self, data: Any) -> None:
        if not isinstance(data, Mapping):
            raise ValidationError("Filters must be objects.")
        kind = data.get("type")
        if not isinstance(kind, str) or kind not in KEYS:
            raise ValidationError(
                f"There is no filter of type {str(kind)[:100]!r} on cohorts: use person, cohort or "
                "behavioral."
            )
        if unknown := set(data) - KEYS[kind]:
            raise ValidationError(
                f"The {kind} filter can't have the key {str(min(unknown, key=str))[:100]!r}."
            )
        required = list(REQUIRED[kind])
        if kind == "person" and data.get("operator") in ("is_set", "is_not_set"):
            required.remove("value")
        if kind == "behavioral":
            required += self.required_of_behaviour(data)
        if missing := [key for key in required if data.get(key) is None]:
            raise ValidationError(f"Missing required keys for {kind} filter: {', '.join(missing)}")
        if not isinstance(data.get("negation", False), bool | None):
            raise ValidationError(f"The negation of the {kind} filter must be true or false.")
        checks = {
            "person": self.check_person,
            "cohort": self.check_cohort,
            "behavioral": self.check_behaviour,
        }
        checks[kind](data)

    def check_person(self, data: Mapping) -> None:
        if not isinstance(data["key"], str) or not data["key"]:
            raise ValidationError("The key of a person filter is the name of a property.")
        parse_properties([without_negation(data)], types={"person"})

    def check_cohort(self, data: Mapping) -> None:
        if data["key"] != "id":
            raise ValidationError("The key of a cohort filter is id.")
        if not is_id(data["value"]):
            raise ValidationError("Invalid Cohort ID in filter")
        self.referred.add(int(data["value"]))

    def check_behaviour(self, data: Mapping) -> None:
        if data["value"] not in (PERFORMED, PERFORMED_MULTIPLE):
            raise ValidationError(
                f"The behaviour {str(data['value'])[:100]!r} is not served: use {PERFORMED} or "
                f"{PERFORMED_MULTIPLE}."
            )
        self.check_subject(data)
        self.check_time(data)
        if data["value"] == PERFORMED_MULTIPLE:
            if data["operator"] not in COUNTING:
                raise ValidationError("The operator of a behaviour is gte, lte or exact.")
            check_number(data, "operator_value", least=0)
        group = parse_properties(data.get("event_filters"))
        self.referred |= {
            int(value) for leaf in group.leaves() if leaf.type in COHORTS for value in leaf.values
        }

    def required_of_behaviour(self, data: Mapping) -> list[str]:
        required = [] if data.get("explicit_datetime") else ["time_value", "time_interval"]
        if data.get("value") == PERFORMED_MULTIPLE:
            required += ["operator", "operator_value"]
        return required

    def check_subject(self, data: Mapping) -> None:
        if data["event_type"] not in ("events", "actions"):
            raise ValidationError("The event_type of a behaviour is events or actions.")
        if data["event_type"] == "events" and not isinstance(data["key"], str):
            raise ValidationError("The key of a behaviour is the name of an event.")
        if data["event_type"] == "actions" and not is_id(data["key"]):
            raise ValidationError("The key of a behaviour with actions is the id of an action.")

    def check_time(self, data: Mapping) -> None:
        if explicit := data.get("explicit_datetime"):
            parse_bound(explicit, self.project.tz, self.now)
            return
        check_number(data, "time_value", least=1)
        if data["time_interval"] not in INTERVALS:
            raise ValidationError(
                f"The time_interval of a behaviour is one of {', '.join(INTERVALS)}."
            )

    def references(self) -> None:
        """What the filters refer to, and what that refers to, leads nowhere back."""
        waiting, known = set(self.referred), set()
        cohorts = Cohort.objects.live().filter(project=self.project)
        while waiting:
            if self.cohort is not None and self.cohort.id in waiting:
                raise ValidationError(LOOP)
            found = dict(cohorts.filter(id__in=waiting).values_list("id", "filters"))
            if not known and waiting - found.keys():
                raise ValidationError("Invalid Cohort ID in filter")
            known |= waiting
            waiting = {id_ for filters in found.values() for id_ in in_filters(filters)} - known


def in_filters(filters: Mapping | None) -> set[int]:
    return referred_cohorts((filters or {}).get("properties"))


def without_negation(leaf: Mapping) -> dict:
    return {key: value for key, value in leaf.items() if key != "negation"}


def check_number(data: Mapping, key: str, *, least: int) -> None:
    value = data[key]
    text = str(value)
    is_number = isinstance(value, int | str) and text.isascii() and text.isdecimal()
    if not is_number or len(text) > 9 or not least <= int(text) <= MAX_NUMBER:
        raise ValidationError(
            f"The {key} of a behaviour is a whole number from {least} to {MAX_NUMBER}."
        )


def since(leaf: Mapping, project: Project, now: datetime) -> datetime | None:
    """From when on a behaviour counts."""
    text = leaf.get("explicit_datetime")
    if not text:
        text = f"-{int(leaf['time_value'])}{INTERVALS[leaf['time_interval']]}"
    return parse_bound(text, project.tz, now)
