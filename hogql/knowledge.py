"""What queries know of a project: the types of its properties, its cohorts and its actions.

Apps above the query language keep these; settings.HOGQL_… name who is asked.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import cache, partial
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from hogql import ast
from hogql.compiler.context import Actions, Cohorts
from projects.models import Project

KnownTypes = Mapping[tuple[str, str, int | None], str]
PropertyTypes = Callable[[Collection[str]], KnownTypes]
"""Names of properties → (`event`, `person` or `group`; name; group type index, None but for groups)
→ `String`, `Numeric`, `DateTime` or `Boolean`. Asked once for a query."""

named = cache(import_string)


def property_types(project: Project) -> PropertyTypes:
    return partial(named(settings.HOGQL_PROPERTY_TYPES), project)


def cohorts(project: Project) -> Cohorts:
    return lambda cohort: named(settings.HOGQL_COHORTS)(project, cohort)


def actions(project: Project) -> Actions:
    return partial(named(settings.HOGQL_MATCHED_ACTIONS), project)


def cohort_ids(project: Project) -> Callable[[], Collection[int]]:
    return partial(named(settings.HOGQL_COHORT_IDS), project)


def group_types(project: Project) -> Callable[[], Mapping[str, int]]:
    return partial(named(settings.HOGQL_GROUP_TYPES), project)


def action_condition(project: Project, action_id: Any, *, now: datetime) -> ast.Expr:
    """Which events are the action. Raises ValidationError when there is none of that id."""
    return named(settings.HOGQL_ACTIONS)(project, action_id, now=now)
