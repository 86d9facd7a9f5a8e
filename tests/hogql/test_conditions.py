from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db.models import Q
from rest_framework.exceptions import ValidationError

from events.elements import chain_from_elements
from hogql import ast
from hogql.execution import run
from hogql.filters.conditions import Conditions
from hogql.filters.model import parse_properties
from hogql.filters.queryset import properties_q
from persons.models import Person, person_uuid
from projects.models import Project
from tests.factories import PersonFactory, ProjectFactory
from tests.hogql.store import NOON, add_events, add_person, insert

ME = 1


def matching(filters, *, table="events", cohorts=None, alias=None):
    """The `name` property of the rows that the filters let through."""
    conditions = Conditions(now=NOON, zone=UTC, table=table, alias=alias)
    condition = conditions.of_group(parse_properties(filters))
    rows = run(
        f"select properties.name from {table} {alias or ''} where {{x}} order by 1",
        Project(id=ME),
        values={"x": condition},
        **({"cohorts": cohorts} if cohorts else {}),
    ).rows
    return [name for (name,) in rows]


@pytest.fixture
def shop(analytics):
    add_events(
        ME,
        {
            "event": "buy",
            "distinct_id": "ada",
            "group_0": "acme",
            "properties": {"name": "first", "n": 5, "$session_id": "s"},
        },
        {
            "event": "buy",
            "distinct_id": "bob",
            "time": NOON + timedelta(minutes=5),
            "properties": {"name": "second", "n": 7, "$session_id": "s"},
        },
        {"event": "look", "distinct_id": "cyd", "properties": {"name": "third"}},
    )
    add_person(ME, "ada", properties={"plan": "pro", "name": "Ada"})
    add_person(ME, "bob", properties={"plan": "free", "name": "Bob"})
    row = {"team_id": ME, "type_index": 0, "key": "acme", "properties": '{"size": 10}'}
    insert("groups", [row | {"version": 1}])


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"key": "n", "operator": "gt", "value": 5}, ["second"]),
        ({"key": "plan", "type": "person", "value": "pro"}, ["first"]),
        (
            {"key": "plan", "type": "person", "operator": "is_not", "value": "pro"},
            ["second", "third"],
        ),
        (
            {"key": "size", "type": "group", "group_type_index": 0, "operator": "lt", "value": 11},
            ["first"],
        ),
        (
            {"key": "distinct_id", "type": "event_metadata", "value": ["ada", "cyd"]},
            ["first", "third"],
        ),
        (
            {"key": "event", "type": "event_metadata", "operator": "icontains", "value": "LOO"},
            ["third"],
        ),
        ({"key": "$group_0", "type": "event_metadata", "value": "acme"}, ["first"]),
        (
            {
                "key": "timestamp",
                "type": "event_metadata",
                "operator": "is_date_after",
                "value": "2026-06-15T12:00:00Z",
            },
            ["second"],
        ),
        (
            {"key": "$session_duration", "type": "session", "operator": "gte", "value": 300},
            ["first", "second"],
        ),
        ({"key": "event = 'look' or properties.n = 7", "type": "hogql"}, ["second", "third"]),
        ({"key": "name", "type": "feature", "value": "third"}, ["third"]),
    ],
)
def test_every_type_of_filter_is_asked_of_events(shop, filter, expected):
    assert matching([filter]) == expected
    assert matching([filter], alias="e") == expected or filter["type"] == "hogql"


def test_cohorts_are_asked_of_the_person(shop):
    members = {7: ["ada"], 8: ["bob"]}

    def cohorts(id):
        return ast.Array([ast.Constant(person_uuid(ME, name)) for name in members[id]])

    def asked(**filter):
        return matching([{"key": "id", "type": "cohort", **filter}], cohorts=cohorts)

    assert asked(value=7) == ["first"]
    assert asked(value=[7, 8], operator="in") == ["first", "second"]
    assert asked(value=7, operator="not_in") == ["second", "third"]
    assert asked(value=7, negation=True) == ["second", "third"]
    filter = {"key": "id", "type": "cohort", "value": 8}
    assert matching([filter], table="persons", cohorts=cohorts) == ["Bob"]


def test_persons_are_filtered_by_their_own_properties(shop):
    assert matching([{"key": "plan", "type": "person", "value": "pro"}], table="persons") == ["Ada"]


@pytest.mark.parametrize(
    ("filter", "table"),
    [
        ({"key": "x", "type": "session", "value": 1}, "events"),
        ({"key": "x", "type": "event_metadata", "value": 1}, "events"),
        ({"key": "x", "type": "element", "value": 1}, "events"),
        ({"key": "selector", "type": "element", "operator": "regex", "value": 1}, "events"),
        ({"key": "x", "value": 1}, "persons"),
        ({"key": "x (", "type": "hogql"}, "events"),
    ],
)
def test_what_cant_be_asked_is_refused(filter, table):
    group = parse_properties([filter])
    with pytest.raises(ValidationError):
        Conditions(now=NOON, zone=UTC, table=table).of_group(group)


ELEMENTS = {
    "button": [
        {
            "tag_name": "span",
            "$el_text": 'Say "hi"; now',
            "attr__class": "label small",
            "nth_child": 2,
        },
        {
            "tag_name": "a",
            "attr__href": "/buy?x=1",
            "attr__id": "buy",
            "attr__class": "btn primary",
        },
        {"tag_name": "div", "attr__data-test": "cart", "nth_child": 1, "nth_of_type": 3},
    ],
    "link": [
        {"tag_name": "a", "$el_text": "Home", "attr__href": "/", "attr__class": "btn"},
        {"tag_name": "nav"},
    ],
    "nothing": [],
}


@pytest.fixture
def clicks(analytics):
    add_events(
        ME,
        *(
            {"properties": {"name": name}, "elements_chain": chain_from_elements(elements)}
            for name, elements in ELEMENTS.items()
        ),
    )


@pytest.mark.parametrize(
    ("key", "operator", "value", "expected"),
    [
        ("tag_name", "exact", "span", ["button"]),
        ("tag_name", "exact", "a", ["button", "link"]),
        ("tag_name", "exact", ["nav", "div"], ["button", "link"]),
        ("tag_name", "exact", "sp", []),
        ("tag_name", "is_not", "a", ["nothing"]),
        ("text", "exact", 'Say "hi"; now', ["button"]),
        ("text", "icontains", "home", ["link"]),
        ("text", "regex", "^H", ["link"]),
        ("text", "is_not", "Home", ["button", "nothing"]),
        ("href", "exact", "/buy?x=1", ["button"]),
        ("href", "is_set", None, ["button", "link"]),
        ("href", "is_not", "/", ["button", "nothing"]),
        ("selector", "exact", "a", ["button", "link"]),
        ("selector", "exact", ".btn", ["button", "link"]),
        ("selector", "exact", ".btn.primary", ["button"]),
        ("selector", "exact", ".primary.btn", ["button"]),
        ("selector", "exact", ".bt", []),
        ("selector", "exact", "span.small", ["button"]),
        ("selector", "exact", "#buy", ["button"]),
        ("selector", "exact", "a#buy.btn", ["button"]),
        ("selector", "exact", '[data-test="cart"]', ["button"]),
        ("selector", "exact", "div[data-test='cart'] > a", ["button"]),
        ("selector", "exact", "div > a > span", ["button"]),
        ("selector", "exact", "div span", ["button"]),
        ("selector", "exact", "div > span", []),
        ("selector", "exact", "nav > .btn", ["link"]),
        ("selector", "exact", "span:nth-child(2)", ["button"]),
        ("selector", "exact", "span:nth-child(3)", []),
        ("selector", "exact", "div:nth-of-type(3):nth-child(1) a", ["button"]),
        ("selector", "exact", "* > span", ["button"]),
        ("selector", "exact", "a, span", []),
        ("selector", "exact", "a::before", []),
        ("selector", "exact", "", []),
        ("selector", "is_not", ".btn", ["nothing"]),
    ],
)
def test_elements_are_asked_for(clicks, key, operator, value, expected):
    filter = {"key": key, "type": "element", "operator": operator, "value": value}
    assert matching([filter]) == expected


@pytest.fixture
def people(project):
    for name, properties in {
        "ada": {"plan": "pro", "age": 30, "joined": "2026-06-01"},
        "bob": {"plan": "free", "age": "9"},
        "cyd": {},
    }.items():
        PersonFactory(project=project, properties={**properties, "name": name})
    PersonFactory(project=ProjectFactory(), properties={"name": "other", "plan": "pro"})
    return project


def names(people, filters, **options):
    q = properties_q(
        parse_properties(filters, default_type="person"),
        now=datetime(2026, 6, 15, tzinfo=UTC),
        zone=UTC,
        cohort=options.get("cohort"),
    )
    found = Person.objects.filter(project=people).filter(q).order_by("id")
    return [person.properties["name"] for person in found]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], ["ada", "bob", "cyd"]),
        ([{"key": "plan", "value": "pro"}], ["ada"]),
        ([{"key": "plan", "operator": "is_not", "value": "pro"}], ["bob", "cyd"]),
        ([{"key": "age", "operator": "gt", "value": 8}], ["ada", "bob"]),
        ([{"key": "age", "operator": "gt", "value": 8}, {"key": "plan", "value": "free"}], ["bob"]),
        ([{"key": "joined", "operator": "is_date_after", "value": "-30d"}], ["ada"]),
        ([{"key": "name", "operator": "regex", "value": r"^\w{2}d$"}], ["cyd"]),
        (
            {
                "type": "OR",
                "values": [{"key": "plan", "value": "pro"}, {"key": "name", "value": "cyd"}],
            },
            ["ada", "cyd"],
        ),
        (
            {"type": "OR", "values": [{"key": "plan", "value": "x"}, {"type": "OR", "values": []}]},
            ["ada", "bob", "cyd"],
        ),
        ([{"key": "plan\0", "value": "a\0b"}, {"key": "x", "value": "\ud800"}], []),
    ],
)
def test_persons_of_the_database_are_filtered(people, filters, expected, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert names(people, filters) == expected


def test_cohorts_of_the_database_are_conditions(people):
    def cohort(id):
        members = Person.objects.filter(properties__name={7: "ada", 8: "bob"}[id])
        return Q(id__in=members.values("id"))

    assert names(people, [{"key": "id", "type": "cohort", "value": 7}], cohort=cohort) == ["ada"]
    either = [{"key": "id", "type": "cohort", "value": [7, 8], "operator": "not_in"}]
    assert names(people, either, cohort=cohort) == ["cyd"]


@pytest.mark.parametrize("type", ["event", "element", "group", "session", "hogql"])
def test_persons_of_the_database_have_no_other_properties(people, type):
    filter = {"key": "a", "type": type, "value": 1, "group_type_index": 0}
    with pytest.raises(ValidationError):
        names(people, [filter])


def test_person_ids_compare_as_text_and_as_uuid(shop):
    filter = {"key": "person_id", "type": "event_metadata", "value": str(UUID(int=5))}
    assert matching([filter]) == []
