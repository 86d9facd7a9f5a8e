"""What is compared with the bounds, and what people are told."""

import math

import pytest

from alerts.comparing import LARGEST, CannotCompare, Comparison, Evaluation, evaluate
from alerts.questions import question_of
from tests.factories import TREND


@pytest.fixture(autouse=True)
def _served(answers):
    """Trends and HogQL are kinds."""


def comparison(
    kind="absolute_value", *, query=None, type="absolute", ongoing=None, index=0, **bounds
):
    return Comparison(
        question_of(query or TREND),
        kind,
        {"type": type, "bounds": bounds},
        {"type": "TrendsAlertConfig", "series_index": index, "check_ongoing_interval": ongoing},
    )


def row(*data, label="signed up", **more):
    return {"label": label, "data": list(data), **more}


@pytest.mark.parametrize(
    ("kind", "type", "ongoing", "expected"),
    [
        ("absolute_value", "absolute", False, 30),
        ("absolute_value", "absolute", True, 45),
        ("relative_increase", "absolute", False, 10),
        ("relative_increase", "absolute", True, 15),
        ("relative_increase", "percentage", False, 0.5),
        ("relative_increase", "percentage", True, 0.5),
        ("relative_decrease", "absolute", False, -10),
        ("relative_decrease", "absolute", True, -10),
        ("relative_decrease", "percentage", False, -0.5),
        ("relative_decrease", "percentage", True, -0.5),
    ],
)
def test_the_last_point_still_runs(kind, type, ongoing, expected):
    wanted = comparison(kind, type=type, ongoing=ongoing, upper=1e6)
    assert evaluate(wanted, [row(7, 20, 30, 45)]).value == expected


@pytest.mark.parametrize("kind", ["relative_increase", "relative_decrease"])
@pytest.mark.parametrize(("older", "newer", "expected"), [(0, 0, 0), (0, 5, math.inf)])
def test_shares_of_nothing(kind, older, newer, expected):
    wanted = comparison(kind, type="percentage", upper=1)
    evaluation = evaluate(wanted, [row(older, newer, 0)])
    assert evaluation.value == expected
    assert evaluation.is_breach == (expected > 1)


def test_infinity_is_stored_as_the_largest_number():
    assert Evaluation(math.inf).stored_value == LARGEST
    assert Evaluation(-math.inf).stored_value == -LARGEST
    assert Evaluation(math.nan).stored_value is None
    assert Evaluation(None).stored_value is None


@pytest.mark.parametrize(
    ("value", "bounds", "is_breach"),
    [
        (5, {"lower": 5, "upper": 5}, False),
        (4.999, {"lower": 5}, True),
        (5.001, {"upper": 5}, True),
        (-1, {"upper": 5}, False),
        (9, {"lower": 5, "upper": None}, False),
        (0, {"lower": 0, "upper": 0}, False),
    ],
)
def test_equal_to_a_bound_is_within(value, bounds, is_breach):
    evaluation = evaluate(comparison(**bounds), [row(value, 0)])
    assert (evaluation.value, evaluation.is_breach) == (value, is_breach)


@pytest.mark.parametrize("bounds", [{}, {"lower": None, "upper": None}])
def test_without_bounds_it_is_zero_and_never_a_breach(bounds):
    assert evaluate(comparison(**bounds), [row(5, 5, 5)]) == Evaluation(0.0)


def test_no_result_is_zero():
    assert evaluate(comparison(upper=5), []) == Evaluation(0.0)
    assert evaluate(comparison(lower=1), []).is_breach
    assert evaluate(comparison(lower=1), None).is_breach


def test_a_single_number():
    query = {**TREND, "trendsFilter": {"display": "BoldNumber"}}
    evaluation = evaluate(
        comparison(query=query, upper=5), [row(label="signed up", aggregated_value=6, count=0)]
    )
    assert evaluation.value == 6
    assert evaluation.breaches == [
        "The insight value (signed up) for current interval (6) is more than upper threshold (5.0)"
    ]


def test_the_series_of_the_index():
    query = {**TREND, "series": TREND["series"] * 2}
    rows = [row(1, 1), row(9, 9)]
    assert evaluate(comparison(query=query, index=1, upper=5), rows).value == 9
    assert evaluate(comparison(query=query, index=0, upper=5), rows).value == 1
    with pytest.raises(CannotCompare):
        evaluate(comparison(query=query, index=1, upper=5), rows[:1])


def test_of_a_breakdown_every_value_counts_and_the_first_breach_is_told():
    query = {**TREND, "breakdownFilter": {"breakdown": "$browser", "breakdown_type": "event"}}
    rows = [row(1, 0, label="Safari"), row(8, 0, label="Firefox"), row(9, 0, label="Chrome")]

    evaluation = evaluate(comparison(query=query, index=0, upper=5), rows)

    assert evaluation.value == 8
    [told] = evaluation.breaches
    assert "(Firefox)" in told
    assert evaluate(comparison(query=query, upper=50), rows) == Evaluation(None)


def test_a_comparison_with_another_time_does_not_count():
    rows = [
        {**row(1, 1), "compare_label": "previous"},
        {**row(9, 9), "compare_label": "current"},
    ]
    assert evaluate(comparison(upper=5), rows).value == 9


def test_points_that_are_no_numbers_are_zero():
    assert evaluate(comparison(lower=1), [row(None, None)]).value == 0
    assert evaluate(comparison(lower=1), [row(None)]).value == 0
    assert evaluate(comparison(lower=1), [{"label": None, "data": None}]).value == 0


@pytest.mark.parametrize(
    ("kind", "type", "ongoing", "bounds", "interval", "expected"),
    [
        (
            *("absolute_value", "absolute", False, {"lower": 100}, "day"),
            "The insight value (signed up) for previous day (30) is less than lower threshold "
            "(100.0)",
        ),
        (
            *("absolute_value", "absolute", True, {"upper": 1}, "hour"),
            "The insight value (signed up) for current hour (45) is more than upper threshold "
            "(1.0)",
        ),
        (
            *("relative_increase", "percentage", False, {"upper": 0.2}, "week"),
            "The insight value (signed up) for previous week (50.00%) increased more than upper "
            "threshold (20.00%)",
        ),
        (
            *("relative_decrease", "percentage", True, {"lower": -0.1}, "month"),
            "The insight value (signed up) for previous month (-50.00%) decreased less than lower "
            "threshold (-10.00%)",
        ),
    ],
)
def test_what_is_told(kind, type, ongoing, bounds, interval, expected):
    query = {**TREND, "interval": interval}
    wanted = comparison(kind, type=type, ongoing=ongoing, query=query, **bounds)
    assert evaluate(wanted, [row(7, 20, 30, 45)]).breaches == [expected]


class TestHogQL:
    QUERY = {"kind": "HogQLQuery", "query": "SELECT 1"}

    @pytest.mark.parametrize("number", [7, 7.5, 0, -3])
    def test_one_row_with_one_number(self, number):
        evaluation = evaluate(comparison(query=self.QUERY, upper=1), [[number]])
        assert (evaluation.value, evaluation.is_breach) == (number, number > 1)

    def test_null_is_zero(self):
        assert evaluate(comparison(query=self.QUERY, lower=1), [[None]]).is_breach

    @pytest.mark.parametrize(
        ("results", "said"),
        [
            ([], "0 rows"),
            (None, "0 rows"),
            ([[1], [2]], "2 rows"),
            ([[1, 2]], "2 columns"),
            ([["many"]], "no number"),
            ([[True]], "no number"),
            ([[float("nan")]], "no number"),
        ],
    )
    def test_anything_else_is_said_clearly(self, results, said):
        with pytest.raises(CannotCompare, match=said):
            evaluate(comparison(query=self.QUERY, upper=1), results)


class TestQuestions:
    @pytest.mark.parametrize(
        ("interval", "date_from"),
        [
            (None, "-2d"),
            ("hour", "-2h"),
            ("day", "-2d"),
            ("week", "-2w"),
            ("month", "-2m"),
            ("minute", "-2M"),
        ],
    )
    def test_only_what_is_needed_is_asked_for(self, interval, date_from):
        query = {
            **TREND,
            "interval": interval,
            "dateRange": {"date_from": "-90d", "date_to": "2020-01-01"},
            "compareFilter": {"compare": True},
        }
        asked = question_of(query).since(2)
        assert asked["dateRange"] == {"date_from": date_from}
        assert "compareFilter" not in asked
        assert query["dateRange"]["date_from"] == "-90d"

    @pytest.mark.parametrize("display", ["BoldNumber", "ActionsLineGraphCumulative"])
    def test_totals_keep_their_range(self, display):
        query = {**TREND, "trendsFilter": {"display": display}, "dateRange": {"date_from": "-90d"}}
        assert question_of(query).since(2)["dateRange"] == {"date_from": "-90d"}

    def test_smoothing_needs_more_points(self):
        query = {**TREND, "trendsFilter": {"smoothingIntervals": 7}}
        assert question_of(query).since(3)["dateRange"] == {"date_from": "-9d"}

    @pytest.mark.parametrize(
        ("trend", "expected"),
        [
            ({}, 2),
            ({"formula": "A+B"}, 1),
            ({"formulas": ["A", "B", "A+B"]}, 3),
            ({"formulaNodes": [{"formula": "A"}], "formulas": ["A", "B"]}, 1),
        ],
    )
    def test_formulas_take_the_place_of_series(self, trend, expected):
        query = {**TREND, "series": TREND["series"] * 2, "trendsFilter": trend}
        assert question_of(query).results == expected

    def test_wrapped(self):
        assert question_of({"kind": "InsightVizNode", "source": TREND}).query == TREND
