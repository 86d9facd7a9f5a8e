"""Who is in a cohort: as HogQL, and as a condition on persons in the database."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, F, Func, Q
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from hogql import ast
from hogql.errors import QueryError
from hogql.execution import run
from hogql.filters.conditions import TRUE, Conditions
from hogql.filters.model import parse_properties
from hogql.filters.queryset import Cohort as CohortCondition
from hogql.knowledge import action_condition
from hogql.parser import parse_select
from persons.cohorts.filters import COUNTING, PERFORMED_MULTIPLE, is_id, since, without_negation
from persons.models import Cohort, CohortPerson, Person
from projects.models import Project

MAX_MEMBERS = 5_000_000
MAX_ASKED = 20
ID = ast.Field(["id"])


def find(project: Project, cohort: int | str) -> Cohort | None:
    """The project's cohort of that id or, for a text, that name; the newest of several."""
    cohorts = Cohort.objects.live().filter(project_id=project.id).order_by("-id")
    if isinstance(cohort, str):
        return cohorts.filter(name=cohort).first()
    return cohorts.filter(id=cohort).first() if is_id(cohort) else None


def members(project: Project, cohort: int | str) -> ast.Expr:
    """The ids of the persons in the cohort: settings.HOGQL_COHORTS."""
    found = find(project, cohort)
    if found is None:
        raise QueryError(f"Cohort {cohort!r} does not exist in this project.")
    return select_members(found, project, timezone.now())


def select_members(cohort: Cohort, project: Project, now: datetime) -> ast.SelectQuery:
    if cohort.is_static:
        return select_listed(cohort)
    return replace(parse_select("SELECT id FROM persons"), where=condition(cohort, project, now))


def select_listed(cohort: Cohort) -> ast.SelectQuery:
    return parse_select(f"SELECT person_id FROM static_cohort_people WHERE cohort_id = {cohort.id}")


def condition(cohort: Cohort, project: Project, now: datetime) -> ast.Expr:
    """Which rows of `persons` are in it."""
    if cohort.is_static:
        return ast.Compare("in", ID, select_listed(cohort))
    return Membership(project, now).of_group(cohort.filters["properties"])


class Membership:
    """Writes the filters of cohorts as conditions on rows of `persons`."""

    def __init__(self, project: Project, now: datetime):
        self.project = project
        self.now = now
        self.persons = Conditions(now=now, zone=project.tz, table="persons")
        self.events = Conditions(now=now, zone=project.tz)

    def of_group(self, group: Mapping) -> ast.Expr:
        parts = [
            self.of_group(part) if "values" in part else self.of_leaf(part)
            for part in group["values"]
        ]
        if not parts:
            return TRUE
        if len(parts) == 1:
            return parts[0]
        return ast.Or(parts) if group["type"] == "OR" else ast.And(parts)

    def of_leaf(self, leaf: Mapping) -> ast.Expr:
        if leaf["type"] == "behavioral":
            test = ast.Compare("in", ID, self.select_performing(leaf))
        elif leaf["type"] == "cohort":
            test = ast.Compare("in cohort", ID, ast.Constant(int(leaf["value"])))
        else:
            test = self.persons.of_group(parse_properties([without_negation(leaf)]))
        return ast.Not(test) if leaf.get("negation") else test

    def select_performing(self, leaf: Mapping) -> ast.SelectQuery:
        """Persons whose events are what the filter says, as often as it says."""
        parts = [self.subject(leaf)]
        if moment := since(leaf, self.project, self.now):
            parts.append(ast.Compare(">=", ast.Field(["timestamp"]), ast.Constant(moment)))
        if group := parse_properties(leaf.get("event_filters")):
            parts.append(self.events.of_group(group))
        having = ""
        if leaf["value"] == PERFORMED_MULTIPLE:
            having = f"HAVING count() {COUNTING[leaf['operator']]} {int(leaf['operator_value'])}"
        tree = parse_select(f"SELECT person_id FROM events GROUP BY person_id {having}")
        return replace(tree, where=ast.And(parts))

    def subject(self, leaf: Mapping) -> ast.Expr:
        if leaf["event_type"] == "actions":
            return action_condition(self.project, leaf["key"], now=self.now)
        return ast.Compare("==", ast.Field(["event"]), ast.Constant(leaf["key"]))


def count_members(cohort: Cohort, project: Project, now: datetime) -> int:
    tree = replace(
        parse_select("SELECT count() FROM persons"), where=condition(cohort, project, now)
    )
    return run(tree, project, now=now).rows[0][0]


def page_of_members(
    cohort: Cohort, project: Project, limit: int, offset: int
) -> tuple[list[UUID], bool]:
    """Their uuids, the newest person first, and whether there are more."""
    now = timezone.now()
    tree = parse_select(
        f"SELECT id FROM persons ORDER BY created_at DESC, id DESC LIMIT {limit} OFFSET {offset}"
    )
    found = run(
        replace(tree, where=condition(cohort, project, now)), project, max_limit=limit, now=now
    )
    return [UUID(uuid) for (uuid,) in found.rows], found.has_more


def cohorts_of(person: Person, project: Project) -> list[Cohort]:
    """The live cohorts that the person is in, by name."""
    cohorts = list(Cohort.objects.live().filter(project=project).order_by("name", "id"))
    listed = CohortPerson.objects.filter(person=person, cohort__in=cohorts)
    found = set(listed.values_list("cohort_id", flat=True))
    found.update(satisfied(person, project, [each for each in cohorts if not each.is_static]))
    return [cohort for cohort in cohorts if cohort.id in found]


def satisfied(person: Person, project: Project, cohorts: list[Cohort]) -> Iterator[int]:
    """Of these cohorts, the ids of those whose conditions the person satisfies."""
    now = timezone.now()
    for start in range(0, len(cohorts), MAX_ASKED):
        some = cohorts[start : start + MAX_ASKED]
        tree = replace(
            parse_select("SELECT 1 FROM persons"),
            select=[
                ast.Call("if", [condition(each, project, now), ast.Constant(1), ast.Constant(0)])
                for each in some
            ],
            where=ast.Compare("==", ID, ast.Constant(person.uuid)),
        )
        for row in run(tree, project, now=now).rows:
            yield from (each.id for each, is_in in zip(some, row, strict=True) if is_in)


# In the database


def cohort_condition(project: Project) -> CohortCondition:
    """For hogql.filters.queryset, and the persons list."""

    def q(cohort_id: int) -> Q:
        cohort = find(project, cohort_id)
        if cohort is None:
            raise ValidationError(f"There is no cohort {cohort_id} in this project.")
        if cohort.is_static:
            return Q(id__in=CohortPerson.objects.filter(cohort=cohort).values("person_id"))
        found = run(
            select_members(cohort, project, timezone.now()),
            project,
            default_limit=MAX_MEMBERS,
            max_limit=MAX_MEMBERS,
        )
        return Q(HasUUID([uuid for (uuid,) in found.rows]))

    return q


class HasUUID(Func):
    """Whether the person's uuid is one of these, any number of them."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, uuids: list[str]):
        super().__init__(F("uuid"))
        self.uuids = uuids

    def as_sqlite(self, compiler, connection, **extra) -> tuple[str, list[Any]]:
        column, params = compiler.compile(self.source_expressions[0])
        listed = json.dumps([uuid.replace("-", "") for uuid in self.uuids])
        return f"{column} IN (SELECT value FROM json_each(%s))", [*params, listed]

    def as_postgresql(self, compiler, connection, **extra) -> tuple[str, list[Any]]:
        column, params = compiler.compile(self.source_expressions[0])
        return f"{column} = ANY(%s::uuid[])", [*params, self.uuids]

    @property
    def identity(self):
        return (*super().identity, tuple(self.uuids))
