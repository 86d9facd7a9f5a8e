from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifications.matching import InvalidFilters, check, check_actions, matchers
from notifications.models import HogFunction
from projects.models import Project
from tests.factories import ActionFactory, ProjectFactory

pytestmark = pytest.mark.django_db
PROPERTIES = {
    "text": "Hello World",
    "one": 1,
    "float": 2.0,
    "digits": "10",
    "true": True,
    "null": None,
    "list": ["a", 1],
    "when": "2024-03-10T12:00:00Z",
    "unix": 1710072000,
}
HIT = [
    ("text", "exact", "Hello World"),
    ("text", "exact", ["x", "Hello World"]),
    ("one", "exact", "1"),
    ("one", "exact", 1),
    ("float", "exact", "2"),
    ("true", "exact", "true"),
    ("list", "exact", '["a",1]'),
    ("text", "is_not", "hello world"),
    ("missing", "is_not", "x"),
    ("missing", "is_not", ["x", "y"]),
    ("text", "in", ["Hello World"]),
    ("text", "not_in", ["x"]),
    ("text", "icontains", "WORLD"),
    ("text", "icontains", ["x", "hello"]),
    ("text", "icontains_multi", ["x", "hello"]),
    ("text", "not_icontains", "100%"),
    ("missing", "not_icontains", "x"),
    ("text", "regex", "^Hel+o"),
    ("text", "regex", ["^x", "World$"]),
    ("text", "not_regex", "^hello"),
    ("text", "starts_with", "hello"),
    ("text", "not_starts_with", "world"),
    ("text", "ends_with", "WORLD"),
    ("missing", "not_ends_with", "x"),
    ("digits", "gt", 9),
    ("digits", "gte", "10"),
    ("one", "lt", "1.5"),
    ("one", "lte", 1),
    ("one", "min", 1),
    ("one", "max", 1),
    ("one", "between", [1, 2]),
    ("one", "not_between", [2, 3]),
    ("one", "is_set", "is_set"),
    ("null", "is_not_set", "is_not_set"),
    ("missing", "is_not_set", None),
    ("when", "is_date_exact", "2024-03-10"),
    ("when", "is_date_exact", "2024-03-10T12:00:00Z"),
    ("unix", "is_date_before", "2024-03-11"),
    ("when", "is_date_after", "2024-03-09"),
    ("when", "is_date_before", "-7d"),
    ("text", "regex", []),
    ("missing", "gt", []),
]
MISS = [
    ("text", "exact", "hello world"),
    ("null", "exact", "null"),
    ("missing", "exact", "x"),
    ("one", "is_not", ["1", "2"]),
    ("text", "icontains", "x"),
    ("missing", "icontains", "x"),
    ("text", "not_icontains", ["x", "hello"]),
    ("text", "regex", "^World"),
    ("text", "not_regex", ["x", "Hello"]),
    ("text", "gt", 1),
    ("true", "gte", 0),
    ("missing", "lt", 5),
    ("one", "between", [2, 3]),
    ("one", "not_between", [1, 3]),
    ("text", "not_between", [1, 3]),
    ("null", "is_set", None),
    ("when", "is_date_exact", "2024-03-11"),
    ("when", "is_date_after", "2024-03-11"),
    ("when", "is_date_before", "2024-03-10"),
    ("text", "is_date_before", "2024-03-10"),
    ("when", "is_date_before", "whenever"),
]


@dataclass
class Subject:
    event: dict[str, Any]
    person: dict[str, Any] | None
    project: Project


def matches(filters, subject):
    function = HogFunction(project=subject.project, filters=filters)
    [(_, matcher)] = matchers(subject.project, [function], datetime.now(UTC))
    return matcher.wants(subject.event, subject.person)


@pytest.fixture
def subject(db):
    event = {"event": "clicked", "properties": PROPERTIES}
    return Subject(event, {"properties": {"email": "ada@x.org"}}, ProjectFactory())


def filter_of(key, operator, value, **more):
    return {"key": key, "operator": operator, "value": value, **more}


@pytest.mark.parametrize(
    ("case", "expected"), [*((case, True) for case in HIT), *((case, False) for case in MISS)]
)
def test_operators(subject, case, expected):
    filters = {"properties": [filter_of(*case)]}

    check(filters)
    assert matches(filters, subject) is expected


def test_events_are_one_of_and_properties_all_of(subject):
    one, other = filter_of("one", "exact", 1), filter_of("one", "exact", 2)

    for filters, expected in [
        ({}, True),
        ({"events": []}, True),
        ({"events": [{"id": "clicked"}]}, True),
        ({"events": [{"id": None}]}, True),
        ({"events": [{"id": "seen"}]}, False),
        ({"events": [{"id": "seen"}, {"id": "clicked", "properties": [one]}]}, True),
        ({"events": [{"id": "clicked", "properties": [one, other]}]}, False),
        ({"events": [{"id": "clicked"}], "properties": [other]}, False),
        ({"properties": [one, other]}, False),
        ({"properties": {"type": "OR", "values": [one, other]}}, True),
        ({"properties": {"type": "OR", "values": []}}, True),
        (
            {"properties": [{"type": "OR", "values": [other, {"type": "AND", "values": [one]}]}]},
            True,
        ),
    ]:
        check(filters)
        assert matches(filters, subject) is expected, filters


def test_persons_are_looked_at_too(subject):
    email = filter_of("email", "icontains", "@x.org", type="person")

    assert matches({"properties": [email]}, subject)
    nobody = Subject(subject.event, None, subject.project)
    assert not matches({"properties": [email]}, nobody)
    assert matches({"properties": [{**email, "operator": "is_not_set"}]}, nobody)


def test_test_accounts_are_filtered_when_asked(subject):
    subject.project.settings["test_account_filters"] = [
        filter_of("email", "not_icontains", "@x.org", type="person")
    ]

    assert matches({}, subject)
    assert not matches({"filter_test_accounts": True}, subject)


def test_days_are_the_project_s_own(subject):
    subject.project.timezone = "Pacific/Auckland"  # 13 hours ahead
    late = filter_of("when", "is_date_exact", "2024-03-11")

    assert matches({"properties": [late]}, subject)


def test_relative_days(subject):
    subject.event["properties"]["when"] = (datetime.now(UTC) - timedelta(days=2)).isoformat()

    assert matches({"properties": [filter_of("when", "is_date_after", "-3d")]}, subject)
    assert not matches({"properties": [filter_of("when", "is_date_after", "-1d")]}, subject)


def test_a_hard_pattern_takes_no_time(subject):
    subject.event["properties"]["text"] = "a" * 50_000

    assert not matches({"properties": [filter_of("text", "regex", "(a+)+$b")]}, subject)


def test_odd_events_do_no_harm(subject):
    filters = {"events": [{"id": "x"}], "properties": [filter_of("a", "exact", "b")]}

    for event in ({}, {"event": 5, "properties": []}, {"event": "x", "properties": "y"}):
        assert not matches(filters, Subject(event, None, subject.project))


@pytest.mark.parametrize("operator", ["between", "not_between"])
@pytest.mark.parametrize("value", [None, 1, [1], [2, 1], ["a", "b"], [1, 2, 3], "12"])
def test_ranges_are_two_numbers(operator, value):
    with pytest.raises(InvalidFilters):
        check({"properties": [filter_of("a", operator, value)]})


@pytest.mark.parametrize(
    "item",
    [
        5,
        {"value": "no key"},
        {"key": "", "value": 1},
        {"key": "a", "type": "cohort", "value": 1},
        {"key": "a", "operator": "x"},
        {"key": "a", "operator": "regex", "value": "("},
        {"type": "XOR", "values": []},
    ],
)
@pytest.mark.parametrize("place", ["properties", "event", "group"])
def test_what_could_never_match_is_refused(item, place):
    filters = {
        "properties": {"properties": [item]},
        "event": {"events": [{"id": "a", "properties": [item]}]},
        "group": {"properties": {"type": "OR", "values": [{"type": "AND", "values": [item]}]}},
    }
    with pytest.raises(InvalidFilters):
        check(filters[place])


def test_test_account_filters_that_nobody_checked_are_passed_over(subject):
    subject.project.settings["test_account_filters"] = [
        {"key": "id", "type": "cohort", "value": 1},
        {"key": "a", "operator": "x"},
        5,
        filter_of("one", "exact", 1),
    ]
    assert matches({"filter_test_accounts": True}, subject)


CLICK = {
    "event": "$autocapture",
    "properties": {"$current_url": "https://x.org/Buy?a=1%", "plan": "pro"},
    "elements_chain": r'a.buy:href="/cart"text="Buy \"now\"";div:attr_id="shop"text="Shop"',
}


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({}, True),
        ({"event": "$autocapture"}, True),
        ({"event": "clicked"}, False),
        ({"properties": [filter_of("plan", "exact", "pro")]}, True),
        ({"properties": [filter_of("email", "icontains", "@x", type="person")]}, True),
        ({"event": "$autocapture", "properties": [filter_of("plan", "exact", "free")]}, False),
        ({"url": "/Buy?a=1%"}, True),
        ({"url": "/buy"}, False),
        ({"url": "https://x.org/Buy?a=1%", "url_matching": "exact"}, True),
        ({"url": "/Buy", "url_matching": "exact"}, False),
        ({"url": "x.org/B.y", "url_matching": "regex"}, True),
        ({"text": 'Buy "now"'}, True),
        ({"text": "buy"}, False),
        ({"text": "BUY", "text_matching": "contains"}, True),
        ({"text": "^Sho", "text_matching": "regex"}, True),
        ({"href": "/cart"}, True),
        ({"href": "/car"}, False),
        ({"tag_name": "div"}, True),
        ({"tag_name": "p"}, False),
        ({"selector": "#shop > a.buy"}, True),
        ({"selector": "p a"}, False),
        ({"event": "$pageview", "text": "Shop"}, False),
    ],
)
def test_actions(subject, step, expected):
    action = ActionFactory(project=subject.project, steps=[step])
    filters = {"actions": [{"id": str(action.id), "type": "actions"}]}
    subject.event = CLICK

    check(filters)
    check_actions(filters, subject.project)
    assert matches(filters, subject) is expected


def test_events_and_actions_are_one_of(subject):
    steps = [{"event": "seen"}, {"event": "clicked"}]
    action = ActionFactory(project=subject.project, steps=steps)
    named, seen = [{"id": action.id}], [{"id": "seen"}]

    assert matches({"events": seen, "actions": named}, subject)
    assert matches({"actions": named}, subject)
    two = filter_of("one", "exact", 2)
    assert not matches({"actions": [{"id": action.id, "properties": [two]}]}, subject)
    assert not matches({"actions": named, "properties": [two]}, subject)
    action.steps = [{"event": "seen"}]
    action.save()
    assert not matches({"actions": named}, subject)
    action.steps, action.deleted = steps, True
    action.save()
    assert not matches({"actions": named}, subject)
    assert matches({"events": [{"id": "clicked"}], "actions": named}, subject)


def test_actions_that_could_never_match_are_refused(subject):
    cohorts = [{"properties": [{"key": "id", "type": "cohort", "value": 1}]}]
    gone = ActionFactory(project=subject.project, deleted=True)
    of_cohort = ActionFactory(project=subject.project, steps=cohorts)
    for id in (gone.id, ActionFactory().id, of_cohort.id, 10**12):
        with pytest.raises(InvalidFilters):
            check_actions({"actions": [{"id": id}]}, subject.project)
    for filters in ({"actions": 5}, {"actions": [5]}, {"actions": [{"id": "x"}]}, {"event": [1]}):
        with pytest.raises(InvalidFilters):
            check(filters)
    check({"bytecode": ["_H"], "data_warehouse": []})
