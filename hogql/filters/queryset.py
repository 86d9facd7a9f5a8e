"""Property filters on a JSON column of the database: persons'.

SQLite asks the predicate for each row; PostgreSQL gets SQL of its own, which says the same.
"""

import json
from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func, Q
from rest_framework.exceptions import ValidationError

from hogql.filters.model import (
    COHORTS,
    PRESENCE,
    PropertyFilter,
    PropertyGroup,
)
from hogql.filters.postgresql import condition
from hogql.filters.predicate import Predicate

SQLITE_FUNCTION = "property_filter_matches"
ALL = ~Q(pk__in=[])
Cohort = Callable[[int], Q]
"""A cohort's id → a condition on persons that is true or false for each, such as `Q(id__in=…)`.
Raises ValidationError when there is no such cohort."""


def properties_q(
    group: PropertyGroup,
    *,
    now: datetime,
    zone: tzinfo,
    cohort: Cohort,
    column: str = "properties",
) -> Q:
    """The filters as a condition for `.filter()` on persons. Filters on events are refused."""
    conditions = []
    for part in group.values:
        if isinstance(part, PropertyGroup):
            conditions.append(properties_q(part, now=now, zone=zone, cohort=cohort, column=column))
        else:
            conditions.append(filter_q(part, now, zone, cohort, column))
    return Q(*conditions, _connector=group.type) if conditions else ALL


def filter_q(leaf: PropertyFilter, now: datetime, zone: tzinfo, cohort: Cohort, column: str) -> Q:
    if leaf.type in COHORTS:
        if not leaf.values:
            return ALL
        found = Q(*(cohort(value) for value in leaf.values), _connector=Q.OR)
        return ~found if leaf.is_negative else found
    if leaf.type != "person":
        raise ValidationError(f"Persons can't be filtered by a property of type {leaf.type}.")
    if not leaf.values and leaf.operator not in PRESENCE:
        return ALL
    return Q(PropertyMatches(column, leaf, now, zone))


class PropertyMatches(Func):
    """Whether a JSON column satisfies a filter."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, column: str, leaf: PropertyFilter, now: datetime, zone: tzinfo):
        super().__init__(F(column))
        self.leaf = leaf
        self.now = now
        self.zone = zone

    def as_sqlite(self, compiler, connection, **extra):
        column, params = compiler.compile(self.source_expressions[0])
        leaf, zone = self.leaf, str(self.zone)
        spec = [leaf.key, leaf.operator, leaf.values, self.now.isoformat(), zone]
        return f"{SQLITE_FUNCTION}({column}, %s)", [*params, json.dumps(spec, default=str)]

    def as_postgresql(self, compiler, connection, **extra):
        column, params = compiler.compile(self.source_expressions[0])
        if params:
            raise TypeError("Properties are filtered where they are stored, as a column.")
        return condition(self.leaf, column, self.now, self.zone)

    @property
    def identity(self):
        return (*super().identity, self.leaf, self.now, str(self.zone))


def register_function(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """On each new connection to SQLite."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(SQLITE_FUNCTION, 2, matches, deterministic=True)


def matches(properties: str | None, spec: str) -> bool:
    return predicate(spec).matches({}, orjson.loads(properties or "{}"))


@lru_cache(maxsize=256)
def predicate(spec: str) -> Predicate:
    key, operator, values, now, zone = json.loads(spec)
    leaf = PropertyFilter(key, "person", operator, tuple(values))
    group = PropertyGroup("AND", (leaf,))
    return Predicate(group, now=datetime.fromisoformat(now), zone=ZoneInfo(zone))
