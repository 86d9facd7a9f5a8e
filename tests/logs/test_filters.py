"""What each operator of a property filter means, on columns and both kinds of attributes."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

import clickhouse
from hogql.filters.model import NEGATIVE, OPERATORS, SPELLINGS
from logs.conditions import Params
from logs.filters import compile_filters

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
# Lines by their body; what they have else shows below.
LINES = {
    "int": {"status": "200"},
    "float": {"status": "200.0"},
    "text": {"status": "Not Found"},
    "empty": {"status": ""},
    "none": {},
    "percent": {"status": "100%_"},
    "date": {"status": "2026-11-20T10:00:00Z"},
    "unix": {"status": str(int(NOW.timestamp()))},
}


@pytest.fixture(scope="module")
def lines(clickhouse_schema):
    """The lines above, attribute and resource attribute alike."""
    clickhouse.command("CREATE TABLE test_lines AS logs")
    rows = [
        {
            "team_id": 1,
            "timestamp": f"{datetime.now(UTC).timestamp():.6f}",
            "body": body,
            "severity_text": "error",
            "service_name": "shop",
            "attributes": attributes,
            "resource_attributes": attributes,
            "trace_id": "0" * 32,
            "span_id": "AB" * 8,
            "retention_days": 30,
        }
        for body, attributes in LINES.items()
    ]
    clickhouse.insert("test_lines", b"\n".join(map(orjson.dumps, rows)))
    yield
    clickhouse.command("DROP TABLE test_lines")


def found(*filters, group=None):
    params = Params()
    condition = compile_filters(list(filters) if group is None else group, params, NOW, attr="f")
    sql = f"SELECT body FROM test_lines WHERE {condition} ORDER BY timestamp, body"
    return {body for (body,) in clickhouse.rows(sql, **params)}


ALL = set(LINES)


@pytest.mark.parametrize("kind", ["log_attribute", "log_resource_attribute"])
@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("exact", "200", {"int", "float"}),
        ("exact", 200, {"int", "float"}),
        ("exact", 200.0, {"int", "float"}),
        ("exact", "Not Found", {"text"}),
        ("exact", "not found", set()),
        ("exact", "", {"empty"}),
        ("exact", ["Not Found", 200], {"text", "int", "float"}),
        ("exact", [], ALL),
        ("exact", None, set()),
        ("is_not", None, ALL),
        (None, "Not Found", {"text"}),
        ("in", ["Not Found"], {"text"}),
        ("is_not", "200", ALL - {"int", "float"}),
        ("is_not", ["200", "Not Found"], ALL - {"int", "float", "text"}),
        ("not_in", ["Not Found"], ALL - {"text"}),
        ("icontains", "not f", {"text"}),
        ("icontains", "%", {"percent"}),
        ("icontains", "_", {"percent"}),
        ("icontains", "", ALL - {"none"}),
        ("icontains", ["found", "%"], {"text", "percent"}),
        ("icontains_multi", ["found", "%"], {"text", "percent"}),
        ("not_icontains", "found", ALL - {"text"}),
        ("not_icontains", ["found", "%"], ALL - {"text", "percent"}),
        ("regex", "^N.t", {"text"}),
        ("regex", "^n", set()),
        ("regex", "", ALL - {"none"}),
        ("regex", "(", set()),
        ("regex", ["(", "^N"], {"text"}),
        ("not_regex", "^N", ALL - {"text"}),
        ("not_regex", "(", set()),
        ("starts_with", "not", {"text"}),
        ("ends_with", "FOUND", {"text"}),
        ("not_starts_with", "not", ALL - {"text"}),
        ("not_ends_with", "found", ALL - {"text"}),
        ("gt", 199, {"int", "float", "unix"}),
        ("gt", "200", {"unix"}),
        ("gte", 200, {"int", "float", "unix"}),
        ("min", 200, {"int", "float", "unix"}),
        ("lt", "201", {"int", "float"}),
        ("lte", 200, {"int", "float"}),
        ("max", 199.5, set()),
        ("gt", "many", set()),
        ("between", [100, "300"], {"int", "float"}),
        ("not_between", [100, 300], {"unix"}),
        ("is_set", None, ALL - {"none"}),
        ("is_set", "is_set", ALL - {"none"}),
        ("is_not_set", None, {"none"}),
        ("is_date_before", "2026-11-21", {"date"}),
        ("is_date_after", "2026-11-20T10:00:00Z", {"unix"}),
        ("is_date_after", "-1h", {"unix"}),
        ("is_date_after", "soon", set()),
        ("is_date_exact", "2026-11-20", {"date"}),
        ("is_date_exact", "2026-11-20T10:00:00+00:00", {"date"}),
    ],
)
def test_operators_on_attributes(lines, kind, operator, value, expected):
    item = {"key": "status", "type": kind, "operator": operator, "value": value}
    dates = {"date", "unix"}
    if operator and operator.startswith("is_date"):
        assert found(item) & dates == expected
    else:
        assert found(item) == expected


@pytest.mark.parametrize(
    ("key", "operator", "value", "matches"),
    [
        ("message", "exact", "int", {"int"}),
        ("body", "icontains", "INT", {"int"}),
        ("message", "not_icontains", "t", {"none", "unix"}),
        ("message", "regex", "^(un|da)", {"unix", "date"}),
        ("severity_level", "exact", "ERROR", ALL),
        ("severity_level", "in", ["warning", "err"], ALL),
        ("severity_level", "is_not", "error", set()),
        ("level", "exact", "warn", set()),
        ("service_name", "exact", ["shop"], ALL),
        ("trace_id", "is_set", None, set()),
        ("trace_id", "is_not_set", None, ALL),
        ("span_id", "is_set", None, ALL),
        ("span_id", "exact", "abABabABabABabAB", ALL),
        ("span_id", "exact", "q6urq6urq6s=", ALL),
        ("span_id", "icontains", "abab", ALL),
        ("event_name", "is_set", None, set()),
        ("event_name", "exact", "", set()),
    ],
)
def test_columns(lines, key, operator, value, matches):
    item = {"key": key, "type": "log", "operator": operator, "value": value}
    assert found(item) == matches


def status(value, operator="exact"):
    return {"key": "status", "type": "log_attribute", "operator": operator, "value": value}


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (None, ALL),
        ({}, ALL),
        ([], ALL),
        ({"type": "AND", "values": []}, ALL),
        ({"type": "OR", "values": []}, ALL),
        ({"type": "OR", "values": [{"type": "AND", "values": []}]}, ALL),
        (status("200"), {"int", "float"}),
        ([status("200"), status("200.0")], {"int", "float"}),
        ([status("200"), status("Not Found")], set()),
        ({"type": "OR", "values": [status("200"), status("Not Found")]}, {"int", "float", "text"}),
        (
            {"type": "AND", "values": [{"type": "AND", "values": [status("Not Found")]}]},
            {"text"},
        ),
        (
            {
                "type": "AND",
                "values": [
                    {"type": "OR", "values": [status("200"), status("Not Found")]},
                    status("2", "starts_with"),
                ],
            },
            {"int", "float"},
        ),
        ([5, "x", {"value": 1}, {"key": ""}, status("Not Found")], {"text"}),
        ([{"key": "status", "value": "Not Found"}], {"text"}),
    ],
)
def test_groups(lines, group, expected):
    assert found(group=group if group is not None else []) == expected


@pytest.mark.parametrize(
    "group",
    [
        "text",
        7,
        {"type": "AND", "values": "x"},
        [{"key": "a", "type": "person", "value": 1}],
        [{"key": "nothing", "type": "log", "value": 1}],
        [status("1", "semver_gt")],
        [status("1", ["exact"])],
        [status([1], "between")],
        [status([2, 1], "between")],
        [status("x", "between")],
        [status(["a", "b"], "not_between")],
    ],
)
def test_filters_that_make_no_sense_are_refused(lines, group):
    with pytest.raises(ValidationError) as error:
        compile_filters(group, Params(), NOW, attr="filterGroup")
    assert set(error.value.detail) == {"filterGroup"}


def test_groups_too_deep_are_refused():
    group = {"type": "AND", "values": []}
    for _ in range(50):
        group = {"type": "AND", "values": [group]}
    with pytest.raises(ValidationError):
        compile_filters(group, Params(), NOW, attr="f")


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
filters = st.fixed_dictionaries(
    {
        "key": st.sampled_from(["status", "message", "trace_id", "severity_level", "\0'\\"])
        | st.text(max_size=5),
        "type": st.sampled_from(["log", "log_attribute", "log_resource_attribute"]),
        "operator": st.sampled_from(sorted(OPERATORS) + sorted(SPELLINGS)),
        "value": anything,
    }
)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(filters, max_size=2))
def test_any_filter_is_answered_or_refused(lines, items):
    """Whatever the values, ClickHouse takes the condition, and an opposite is one."""
    params = Params()
    try:
        condition = compile_filters(items, params, NOW, attr="f")
    except ValidationError:
        return
    clickhouse.rows(f"SELECT count() FROM test_lines WHERE {condition}", **params)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(NEGATIVE - {"is_not", "is_not_set", "not_regex", "semver_neq"})),
    st.text(max_size=3) | st.sampled_from(["200", "found", "%"]),
)
def test_negative_operators_find_exactly_the_others(lines, operator, value):
    positive = operator.removeprefix("not_")
    assert found(status(value, operator)) == ALL - found(status(value, positive))


def test_relative_dates_are_relative_to_now(lines):
    at = (NOW - timedelta(hours=26)).isoformat()
    assert found(status(at, "is_date_exact")) & {"date"} == {"date"}
    assert found(status("-26h", "is_date_exact")) & {"date"} == {"date"}
