import time
from datetime import UTC, datetime

import pytest
from rest_framework.exceptions import ValidationError

from hogql.filters.model import PropertyFilter, PropertyGroup, parse_properties
from hogql.filters.postgresql_regex import Untranslatable, translated
from hogql.filters.predicate import InvalidPattern, Predicate
from hogql.filters.rules import parse_rule_filters

NOW = datetime(2026, 6, 15, 12, 30, tzinfo=UTC)


def leaf(key, *values, operator="exact", type="event", **options):
    return PropertyFilter(key, type, operator, values, **options)


@pytest.mark.parametrize(
    ("data", "group"),
    [
        (None, PropertyGroup()),
        ({}, PropertyGroup()),
        ([], PropertyGroup()),
        ([{"key": "a", "value": "x"}], PropertyGroup("AND", (leaf("a", "x"),))),
        ([{"key": "a", "value": ["x", 1]}], PropertyGroup("AND", (leaf("a", "x", 1),))),
        ({"key": "a", "value": "x"}, PropertyGroup("AND", (leaf("a", "x"),))),
        ([1, "x", None, {"value": 2}, {"key": ""}], PropertyGroup()),
        (
            {"a": "x", "b__gt": 5, "c__d": True},
            PropertyGroup("AND", (leaf("a", "x"), leaf("b", 5, operator="gt"), leaf("c__d", True))),
        ),
        (
            {"type": "OR", "values": [{"key": "a", "value": 1}, {"type": "AND", "values": []}]},
            PropertyGroup("OR", (leaf("a", 1), PropertyGroup())),
        ),
        (
            [{"key": "a", "type": "person", "operator": "min", "value": "5", "label": "x"}],
            PropertyGroup("AND", (leaf("a", "5", operator="gte", type="person"),)),
        ),
        (
            [{"key": "a", "operator": "between", "value": ["1", 2]}],
            PropertyGroup("AND", (leaf("a", 1.0, 2.0, operator="between"),)),
        ),
        (
            [{"key": "a", "operator": "is_set", "value": "is_set"}],
            PropertyGroup("AND", (leaf("a", operator="is_set"),)),
        ),
        (
            [{"key": "a", "type": "group", "group_type_index": 2, "value": "x"}],
            PropertyGroup("AND", (leaf("a", "x", type="group", group_type_index=2),)),
        ),
        (
            [{"key": "id", "type": "cohort", "value": "7", "operator": "not_in"}],
            PropertyGroup("AND", (leaf("id", 7, operator="is_not", type="cohort"),)),
        ),
        (
            [{"key": "id", "type": "static-cohort", "value": [7, 8], "negation": True}],
            PropertyGroup("AND", (leaf("id", 7, 8, operator="is_not", type="cohort"),)),
        ),
    ],
)
def test_every_form_is_read(data, group):
    assert parse_properties(data) == group


@pytest.mark.parametrize(
    "data",
    [
        "text",
        5,
        {"type": "AND", "values": "x"},
        [{"key": "a", "operator": "is_cleaned_path_exact", "value": "1"}],
        [{"key": "a", "operator": ["gt"], "value": "1"}],
        [{"key": "a", "operator": {"x": 1}, "value": "1"}],
        [{"key": "a", "type": "recording", "value": "1"}],
        [{"key": "a", "type": ["event"], "value": "1"}],
        [{"key": "a", "operator": "between", "value": 5}],
        [{"key": "a", "operator": "between", "value": [5]}],
        [{"key": "a", "operator": "between", "value": [5, 4]}],
        [{"key": "a", "operator": "not_between", "value": ["x", "y"]}],
        [{"key": "a", "type": "group", "value": "x"}],
        [{"key": "a", "type": "group", "group_type_index": 5, "value": "x"}],
        [{"key": "a", "type": "group", "group_type_index": True, "value": "x"}],
        [{"key": "id", "type": "cohort", "value": "seven"}],
        [{"key": "id", "type": "cohort", "value": True}],
        [{"key": "id", "type": "cohort"}],
        [{"key": "a", "value": 1}] * 1001,
    ],
)
def test_what_cant_be_followed_is_refused(data):
    with pytest.raises(ValidationError):
        parse_properties(data)


def test_too_deep_groups_are_refused():
    data = {"key": "a", "value": 1}
    for _ in range(200):
        data = {"type": "AND", "values": [data]}
    with pytest.raises(ValidationError, match="nested too deeply"):
        parse_properties(data)
    with pytest.raises(ValidationError, match="Invalid filters payload"):
        parse_rule_filters(data)


def test_types_can_be_narrowed():
    with pytest.raises(ValidationError, match="use one of event, person"):
        parse_properties([{"key": "a", "type": "group", "value": 1}], types={"event", "person"})


def holds(operator, value, *stored, key="a"):
    data = [{"key": key, "operator": operator, "value": value}]
    predicate = Predicate(parse_properties(data), now=NOW)
    return predicate.matches({key: stored[0]} if stored else {})


@pytest.mark.parametrize(
    ("operator", "value", "stored"),
    [
        ("exact", "1", 1),
        ("exact", 1.0, "1"),
        ("exact", True, "true"),
        ("exact", ["x", "y"], "y"),
        ("exact", None, None),
        ("exact", [], "anything"),
        ("is_not", "x", None),
        ("is_not", ["x", "y"], "z"),
        ("in", ["x"], "x"),
        ("not_in", ["x"], "y"),
        ("icontains", "100%", "a 100% B"),
        ("icontains_multi", ["zz", "É"], "é"),
        ("not_icontains", "x", None),
        ("starts_with", "AB", "abc"),
        ("not_ends_with", "c", "ab"),
        ("regex", r"^\d+$", 15),
        ("not_regex", "x", None),
        ("gt", "9", "10"),
        ("lte", 10, 10.0),
        ("min", 10, "10"),
        ("between", [1, 2], "2"),
        ("not_between", [1, 2], 2.5),
        ("is_set", None, ""),
        ("is_not_set", None, None),
        ("is_date_exact", "2026-06-14", "2026-06-14T23:59:59Z"),
        ("is_date_exact", "2026-06-15T12:30:00Z", "2026-06-15 12:30:00"),
        ("is_date_before", "-1d", "2026-06-14T12:29:59Z"),
        ("is_date_after", "2026-06-14", 1781526600),
    ],
)
def test_operator_holds(operator, value, stored):
    assert holds(operator, value, stored)


@pytest.mark.parametrize(
    ("operator", "value", "stored"),
    [
        ("exact", "a", "A"),
        ("exact", "", None),
        ("is_not", ["x", "y"], "y"),
        ("icontains", "x", None),
        ("not_icontains", ["x", "y"], "ayb"),
        ("regex", "(", "("),
        ("not_regex", "(", "x"),
        ("gt", "a", "b"),
        ("gt", 5, True),
        ("gt", 5, "inf"),
        ("gt", 5, None),
        ("not_between", [1, 2], None),
        ("is_not_set", None, ""),
        ("is_date_after", "-1d", "yesterday"),
        ("is_date_before", "2026-03-01", "2026-02-30"),
        ("is_date_before", "soon", "2026-02-03"),
    ],
)
def test_operator_does_not_hold(operator, value, stored):
    assert not holds(operator, value, stored)


@pytest.mark.parametrize(
    ("operator", "value", "stored", "expected"),
    [
        ("exact", "X", ["X", "Y"], True),
        ("is_not", "X", ["X", "Y"], True),
        ("is_not", "X", ["X"], False),
        ("is_not", "X", [], False),
        ("is_set", None, [], False),
        ("regex", "^Y", ["X", "Y"], True),
        ("exact", "X", "X", True),
        ("is_not", "X", None, True),
    ],
)
def test_filters_on_exceptions_are_on_their_items(operator, value, stored, expected):
    assert holds(operator, value, stored, key="$exception_types") is expected


def test_groups_without_values_are_true():
    empty = {"type": "OR", "values": []}
    false = {"key": "a", "value": "never"}
    for data, expected in [
        (empty, True),
        ({"type": "OR", "values": [false, empty]}, True),
        ({"type": "AND", "values": [false, empty]}, False),
    ]:
        assert Predicate(parse_properties(data), now=NOW).matches({}) is expected


def test_strict_predicate_tells_of_an_unreadable_pattern():
    group = parse_properties([{"key": "a", "operator": "regex", "value": "("}])
    with pytest.raises(InvalidPattern):
        Predicate(group, now=NOW, strict=True)


def test_regular_expressions_take_linear_time():
    started = time.monotonic()
    assert not holds("regex", "(a*)*(a|aa)+$b", "a" * 100_000)
    assert time.monotonic() - started < 120


RULE = {"key": "$exception_types", "type": "event", "operator": "exact", "value": ["E"]}


def test_rules_are_read():
    group = {"type": "AND", "values": [{"type": "OR", "values": [RULE]}]}
    assert parse_rule_filters(group)
    assert not parse_rule_filters({"type": "AND", "values": [{"type": "OR", "values": []}]})


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"type": "AND"},
        {"values": []},
        {"type": "XOR", "values": []},
        {"type": ["AND"], "values": []},
        {"type": "AND", "values": {}},
        {"type": "AND", "values": [], "extra": 1},
        {"type": "AND", "values": ["x"]},
        {"type": "AND", "values": [{**RULE, "extra": 1}]},
        {"type": "AND", "values": [{**RULE, "key": 5}]},
        {"type": "AND", "values": [{**RULE, "key": ""}]},
        {"type": "AND", "values": [{**RULE, "type": "cohort"}]},
        {"type": "AND", "values": [{**RULE, "type": ["event"]}]},
        {"type": "AND", "values": [{**RULE, "operator": "is_cleaned_path_exact"}]},
        {"type": "AND", "values": [{**RULE, "operator": ["exact"]}]},
        {"type": "AND", "values": [{**RULE, "value": {"a": 1}}]},
        {"type": "AND", "values": [{**RULE, "value": [[1]]}]},
        {"type": "AND", "values": [{**RULE, "operator": "between", "value": [2, 1]}]},
        {"type": "AND", "values": [RULE] * 1001},
    ],
)
def test_rules_of_another_shape_are_refused(data):
    with pytest.raises(ValidationError, match=r"Invalid filters payload\."):
        parse_rule_filters(data)


@pytest.mark.parametrize("data", [None, [], "x", 5, [RULE]])
def test_rules_that_are_no_object_are_refused(data):
    with pytest.raises(ValidationError, match="Filters must be an object"):
        parse_rule_filters(data)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"^a\b$", r"(?:(?:^)a(?:\y)(?:$))"),
        (r"(?i)\d+", r"(?i)(?:[0-9]+)"),
        (r"(?P<n>[\w.-])", r"(?:([0-9A-Za-z_\.\-]))"),
        (r"[^\s[:alpha:]]", r"(?:[^\t\n\f\r A-Za-z])"),
        (r"a{2,}b{x}]", r"(?:a{2,}b\{x\}\])"),
        (r"\x41\x{2e}", r"(?:A\.)"),
    ],
)
def test_pattern_becomes_postgresqls(pattern, expected):
    assert translated(pattern) == expected


@pytest.mark.parametrize("pattern", [r"\pL", r"a(?i)b", r"(?i:a)", r"[\D]", r"a{300}", r"\Qa\E"])
def test_what_postgresql_lacks_is_named(pattern):
    with pytest.raises(Untranslatable):
        translated(pattern)


@pytest.mark.parametrize(
    ("operator", "value", "holds"),
    [
        ("semver_eq", "1.2.3", {"1.2.3", "v1.2.3", "1.2.3-beta", "1.2.3+5"}),
        ("semver_eq", "1.2", {"1.2", "1.2.0"}),
        ("semver_neq", "1.2.3", {"1.2", "1.2.0", "1.10.0", "0.2.5", "2", "x", "", None}),
        ("semver_gt", "1.2.3", {"1.10.0", "2"}),
        ("semver_gte", "1.10.0", {"1.10.0", "2"}),
        ("semver_lt", "1.2", {"0.2.5"}),
        ("semver_lte", "1.2", {"0.2.5", "1.2", "1.2.0"}),
        ("semver_tilde", "1.2.1", {"1.2.3", "v1.2.3", "1.2.3-beta", "1.2.3+5"}),
        ("semver_tilde", "2", {"2"}),
        ("semver_caret", "1.2.3", {"1.2.3", "v1.2.3", "1.2.3-beta", "1.2.3+5", "1.10.0"}),
        ("semver_caret", "0.2.4", {"0.2.5"}),
        ("semver_caret", "0.0.4", set()),
        ("semver_wildcard", "1.10.*", {"1.10.0"}),
        ("semver_wildcard", "0.x", {"0.2.5"}),
        ("semver_eq", ["2.0.0", "0.2.5"], {"2", "0.2.5"}),
    ],
)
def test_versions_are_compared_number_by_number(operator, value, holds):
    texts = ["1.2.3", "v1.2.3", "1.2.3-beta", "1.2.3+5", "1.2", "1.2.0", "1.10.0", "0.2.5", "2"]
    predicate = Predicate(
        parse_properties([{"key": "v", "operator": operator, "value": value}]), now=NOW
    )
    assert {text for text in [*texts, "x", "", None] if predicate.matches({"v": text})} == holds


@pytest.mark.parametrize("value", ["x", "", None, "1.2.3.", "1.*", "1234567.0", [], {}, ["1", "x"]])
def test_what_is_no_version_is_refused(value):
    data = [{"key": "v", "operator": "semver_gt", "value": value}]
    if value == []:
        assert Predicate(parse_properties(data), now=NOW).matches({})
        return
    with pytest.raises(ValidationError, match="semver_gt of the filter on 'v' needs a version"):
        parse_properties(data)
