"""A filter means the same in ClickHouse, in the database and in memory."""

import json
from datetime import UTC, datetime
from itertools import count

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import clickhouse
from hogql.execution import run
from hogql.filters import versions
from hogql.filters.conditions import Conditions
from hogql.filters.model import PropertyFilter, PropertyGroup
from hogql.filters.predicate import Predicate
from hogql.filters.queryset import properties_q
from persons.models import Person
from projects.models import Project

NOW = datetime(2026, 6, 15, 12, 30, tzinfo=UTC)
KEYS = ["a", "b.c", "d e", "$exception_types"]
TEXTS = st.one_of(
    st.sampled_from(
        [
            *(
                "",
                "a",
                "A",
                "ab",
                "aB",
                "a.b",
                "é",
                "É",
                "x%y",
                "x_y",
                "a\\b",
                "a'b",
                "a\nb",
                "[1]",
            ),
            *(
                "true",
                "false",
                "null",
                "0",
                "1",
                "1.0",
                "10",
                "-2",
                "1e3",
                ".5",
                "5.",
                "inf",
                "nan",
            ),
            *(" 1", "1_0", "0x1", "2026-06-15", "2026-06-15T12:30:00Z", "2026-06-15 12:30:00"),
            *("2026-06-14T23:00:00-05:00", "2026-02-30", "2026-06", "1781526600", "1781526600.5"),
        ]
    ),
    st.text(alphabet="aAb1. -%_\\é", max_size=4),
    st.sampled_from(["1.2.3", "1.2", "v1.2.4-rc.1", "1.9.0", "1.10.0", "0.2.9", "2.0", "1.2.3.4"]),
    st.from_regex(r"v?[0-9]{1,7}(\.[0-9]{1,2}){0,3}([-+.][a-z.\n]{0,3})?", fullmatch=True),
)
NUMBERS = st.one_of(
    st.sampled_from([0, 1, 10, -2, 1.5, 2.0, 0.1, 1000000, 1781526600]),
    st.integers(-(10**12), 10**12),
    st.integers(-(10**6), 10**6).map(lambda number: number / 1000),
)
SCALARS = st.one_of(TEXTS, NUMBERS, st.booleans())
VALUES = st.one_of(
    st.none(), SCALARS, st.lists(TEXTS, max_size=3), st.lists(st.integers(0, 9), max_size=3)
)
DOCUMENTS = st.dictionaries(st.sampled_from(KEYS[:3]), VALUES, max_size=3).flatmap(
    lambda properties: st.one_of(st.none(), st.lists(TEXTS, max_size=3), TEXTS).map(
        lambda types: properties if types is None else {**properties, "$exception_types": types}
    )
)
PATTERNS = st.one_of(
    st.sampled_from(
        [
            *("a", "^a", "a$", "^$", "a.b", r"a\.b", "[ab]", "[^a]", r"\d", r"\D", r"^\w+$", r"\s"),
            *(
                "(?i)A",
                "a|1",
                "(a)+b?",
                "a{1,2}",
                r"\bab",
                "(?P<x>a)",
                "(?:a)b",
                "é",
                "(",
                "*",
                "[a",
            ),
            *(
                r"^[\d.]+$",
                "[[:digit:]]",
                r"\x61",
                "a*?b",
                r"\\",
                "[a-]",
                "(?s)a.b",
                r"\-",
                "]",
                "{",
            ),
        ]
    ),
    st.text(alphabet="ab1.^$|()*+?[]-", max_size=5),
)
LISTED = {
    "exact": SCALARS | st.none(),
    "is_not": SCALARS | st.none(),
    **dict.fromkeys(
        (
            *("icontains", "not_icontains", "starts_with", "not_starts_with"),
            *("ends_with", "not_ends_with"),
        ),
        SCALARS,
    ),
    "regex": PATTERNS,
    "not_regex": PATTERNS,
    **dict.fromkeys(("gt", "gte", "lt", "lte"), SCALARS),
    **dict.fromkeys(
        ("is_date_exact", "is_date_before", "is_date_after"),
        TEXTS | st.sampled_from(["-1d", "-6h", "dStart", "all", 1781526600]),
    ),
}
VERSIONS = ["1.2.3", "1.2", "1", "v1.2.3", "0.2.3", "0.0.3", "1.2.3-beta.1", "1.10.0", "2.0.0+x"]
WILDCARDS = ["*", "1.*", "1.2.*", "0.x"]
RANGES = st.tuples(NUMBERS, NUMBERS).map(sorted).map(tuple)


@st.composite
def leaves(draw):
    operator = draw(
        st.sampled_from(
            [*LISTED, *versions.RANGES, "between", "not_between", "is_set", "is_not_set"]
        )
    )
    if operator in versions.RANGES:
        asked = st.sampled_from(WILDCARDS if operator == "semver_wildcard" else VERSIONS)
        values = tuple(
            versions.range_of("a", operator, version)
            for version in draw(st.lists(asked, max_size=2))
        )
    elif operator in LISTED:
        values = tuple(draw(st.lists(LISTED[operator], max_size=3)))
    else:
        values = draw(RANGES) if operator.endswith("between") else ()
    return PropertyFilter(draw(st.sampled_from(KEYS)), "person", operator, values)


GROUPS = st.recursive(
    leaves(),
    lambda inner: st.builds(
        PropertyGroup, st.sampled_from(["AND", "OR"]), st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=4,
).map(lambda part: part if isinstance(part, PropertyGroup) else PropertyGroup("AND", (part,)))


def on_events(group: PropertyGroup) -> PropertyGroup:
    """The same filters, on events."""
    parts = (
        on_events(part)
        if isinstance(part, PropertyGroup)
        else PropertyFilter(part.key, "event", part.operator, part.values)
        for part in group.values
    )
    return PropertyGroup(group.type, tuple(parts))


def in_memory(group, documents, *, of_person):
    predicate = Predicate(group, now=NOW)
    return [
        predicate.matches({}, document) if of_person else predicate.matches(document)
        for document in documents
    ]


def in_database(group, persons):
    q = properties_q(group, now=NOW, zone=UTC, cohort=None)
    with transaction.atomic():
        found = set(Person.objects.filter(q).values_list("uuid", flat=True))
        left = set(Person.objects.exclude(q).values_list("uuid", flat=True))
    assert found | left == {person.uuid for person in persons}
    assert not found & left
    return [person.uuid in found for person in persons]


def in_clickhouse(group, table, ids, project, types):
    condition = Conditions(now=NOW, zone=UTC, table=table).of_group(group)
    id = "id" if table == "persons" else "uuid"

    def rows(query):
        return run(query, project, values={"x": condition}, property_types=types).rows

    found = {row[0] for row in rows(f"select {id} from {table} where {{x}}")}
    as_value = {row[0] for row in rows(f"select {id}, not {{x}} from {table}") if row[1] == 0}
    assert found == as_value
    return [str(id) in found for id in ids]


@pytest.fixture
def fill(analytics, project):
    """Puts documents into all stores; returns their persons and the project they are in there."""
    numbers = count(project.id + 1000)

    def fill(documents):
        Person.objects.all().delete()
        persons = Person.objects.bulk_create(
            Person(project=project, properties=document) for document in documents
        )
        fresh = Project(id=next(numbers))
        rows = [
            {
                "team_id": fresh.id,
                "properties": json.dumps(document),
                "id": str(person.uuid),
                "uuid": str(person.uuid),
            }
            for document, person in zip(documents, persons, strict=True)
        ]
        for table in ("persons", "events"):
            clickhouse.insert(table, b"\n".join(json.dumps(row).encode() for row in rows))
        return persons, fresh

    return fill


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(DOCUMENTS, min_size=1, max_size=5), GROUPS, st.sampled_from([None, "String"]))
def test_filter_means_the_same_everywhere(fill, documents, group, known):
    persons, project = fill(documents)
    ids = [person.uuid for person in persons]

    def types(names):
        scopes = ("event", "person")
        return {(scope, name, None): known for scope in scopes for name in names if known}

    expected = in_memory(group, documents, of_person=True)
    assert in_database(group, persons) == expected
    assert in_clickhouse(group, "persons", ids, project, types) == expected

    of_events = on_events(group)
    expected = in_memory(of_events, documents, of_person=False)
    assert in_clickhouse(of_events, "events", ids, project, types) == expected
