import ast
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from insights.breakdowns import NULL
from insights.trends.formulas import parse_formula
from tests.insights.asking import happen, trends

numbers = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False)


def value(text, *values):
    return parse_formula(text, len(values)).of(values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A+B*2", 8),
        ("(A+B)*2", 10),
        ("a-b-1", -2),
        ("A/B/2", 1 / 3),
        ("-A", -2),
        ("--A", 2),
        ("A * -B", -6),
        ("A/0", 0),
        ("A/(B-3)", 0),
        ("A × B ÷ 2 − 1", 2),
        (".5*A + 1.", 2),
        ("100", 100),
        (" ( ( A ) ) ", 2),
    ],
)
def test_values(text, expected):
    assert value(text, 2, 3) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    [
        *("A+", "+", "(A", "A)", "A B", "2A", "A2", "AB", "C", "1.2.3", "A**2", "A^2", "A%2"),
        *("__import__('os')", "A if B else 1", "A,B", "A;B", "f(A)", "A.real", "1e5", "[A]"),
        *("(" * 200 + "A" + ")" * 200, "-" * 200 + "A", "A+" * 2000 + "A", "é", "Ａ"),
    ],
)
def test_what_is_no_formula(text):
    with pytest.raises(ValidationError) as refused:
        parse_formula(text, 2)
    assert "formula" in refused.value.detail


def test_too_large_for_a_number():
    assert value("*".join(["A"] * 100), 1e300) == 0


trees = st.recursive(
    st.sampled_from(["A", "B", "C", "1", "2.5", "100"]),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(
        lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
    ),
    max_leaves=12,
)


@given(tree=trees, a=numbers, b=numbers, c=numbers)
def test_the_same_as_arithmetic(tree, a, b, c):
    expected = fold(tree, {"A": a, "B": b, "C": c})
    assert value(tree, a, b, c) == pytest.approx(
        expected if math.isfinite(expected) else 0, rel=1e-9, abs=1e-9
    )


def fold(text, names):
    """By Python's own parser, with the rule for division by 0."""

    def of(node):
        if isinstance(node, ast.Expression):
            return of(node.body)
        if isinstance(node, ast.Constant):
            return float(node.value)
        if isinstance(node, ast.Name):
            return names[node.id]
        left, right = of(node.left), of(node.right)
        if isinstance(node.op, ast.Div):
            return left / right if right else 0.0
        return {
            ast.Add: left + right,
            ast.Sub: left - right,
            ast.Mult: left * right,
        }[type(node.op)]

    return of(ast.parse(text, mode="eval"))


@pytest.mark.django_db
@pytest.mark.usefixtures("analytics")
class TestRows:
    def test_rows_of_formulas_replace_those_of_series(self, project):
        happen(project, (0, {"event": "a"}), (0, {"event": "a"}), (1, {"event": "b"}))
        (row,) = trends(
            project, "a", "b", dateRange={"date_from": "-1d"}, trendsFilter={"formula": "A+2*B"}
        )
        assert row["data"] == [2.0, 2.0]
        assert all(isinstance(number, float) for number in row["data"])
        assert (row["count"], row["label"], row["action"]) == (4.0, "Formula (A+2*B)", None)
        assert row["days"] == ["2026-06-14", "2026-06-15"]

    def test_nodes_before_formulas_before_the_formula(self, project):
        happen(project, (0, {"event": "a"}))
        shown = {"formula": "A", "formulas": ["A*2", ""], "formulaNodes": []}
        assert [row["label"] for row in trends(project, "a", trendsFilter=shown)] == [
            "Formula (A*2)"
        ]
        shown["formulaNodes"] = [{"formula": "A*3", "custom_name": "Thrice"}, {"formula": "A*4"}]
        rows = trends(project, "a", trendsFilter=shown)
        assert [(row["label"], row["count"]) for row in rows] == [
            ("Thrice", 3),
            ("Formula (A*4)", 4),
        ]

    def test_totals(self, project):
        happen(project, (0, {"event": "a"}), (0, {"event": "b"}), (0, {"event": "b"}))
        shown = {"formula": "A/B", "display": "BoldNumber"}
        (row,) = trends(project, "a", "b", trendsFilter=shown)
        assert (row["aggregated_value"], row["data"], row["count"]) == (0.5, None, 0)

    def test_values_that_only_some_series_have(self, project):
        for event, plan in (("a", "pro"), ("a", "free"), ("b", "pro"), ("b", None), ("b", None)):
            happen(project, (0, {"event": event, "properties": {"plan": plan}}))
        rows = trends(
            project,
            "a",
            "b",
            breakdownFilter={"breakdown": "plan"},
            trendsFilter={"formula": "A + 10*B"},
        )
        assert [(row["breakdown_value"], row["count"]) for row in rows] == [
            ("pro", 11),
            ("free", 1),
            (NULL, 20),
        ]

    def test_compared(self, project):
        happen(project, (0, {"event": "a"}), (8, {"event": "a"}), (8, {"event": "a"}))
        rows = trends(
            project, "a", compareFilter={"compare": True}, trendsFilter={"formula": "A*10"}
        )
        assert [(row["compare_label"], row["count"]) for row in rows] == [
            ("current", 10),
            ("previous", 20),
        ]

    def test_running_sums(self, project):
        happen(project, (1, {"event": "a"}), (0, {"event": "a"}))
        shown = {"formula": "A*2", "display": "ActionsLineGraphCumulative"}
        (row,) = trends(project, "a", dateRange={"date_from": "-2d"}, trendsFilter=shown)
        assert (row["data"], row["count"]) == ([0, 2, 4], 4)

    def test_of_a_series_that_is_not_there(self, project):
        with pytest.raises(ValidationError, match="The series are A to A"):
            trends(project, "a", trendsFilter={"formula": "B"})
