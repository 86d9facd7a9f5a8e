"""Detectors: what they find odd, and what they can't be told."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from alerts.detectors import KEYS, Detector, read_detector

FLAT = [5.0] * 40
WAVE = [10 + math.sin(n) * 3 for n in range(60)]


@pytest.mark.parametrize("kind", KEYS)
class TestAll:
    def test_the_first_window_has_no_scores(self, kind):
        scores = Detector(kind, window=10).scores(WAVE)
        assert scores[:10] == [None] * 10
        assert all(0 <= score <= 1 for score in scores[10:])
        assert len(scores) == len(WAVE)

    def test_an_outlier_is_as_odd_as_can_be(self, kind):
        detector = Detector(kind, window=30)
        scores = detector.scores([*WAVE, 1000.0])
        assert detector.is_odd(scores[-1])

    def test_within_a_flat_window_whatever_differs_is_odd(self, kind):
        assert Detector(kind, window=30).scores([*FLAT, 5.0, 5.1])[-2:] == [0.0, 1.0]

    def test_too_few_points_have_no_scores(self, kind):
        assert Detector(kind, window=30).scores(WAVE[:20]) == [None] * 20
        assert Detector(kind, window=30).scores([]) == []

    def test_differences_look_at_steps(self, kind):
        rising = [float(n) for n in range(50)]
        detector = Detector(kind, window=20, is_difference=True)
        scores = detector.scores([*rising, 60.0])
        assert scores[:21] == [None] * 21
        assert set(scores[21:-1]) == {0.0}
        assert scores[-1] == 1.0

    def test_smoothing_takes_the_edge_off(self, kind):
        data = [*WAVE, 14.0]
        rough = Detector(kind, window=30).scores(data)[-1]
        smooth = Detector(kind, window=30, smooth=10).scores(data)[-1]
        assert smooth <= rough


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(list(KEYS)),
    st.lists(st.floats(-1e9, 1e9), max_size=40),
    st.integers(5, 20),
    st.booleans(),
    st.integers(0, 5),
)
def test_scores_are_shares_whatever_the_data(kind, data, window, is_difference, smooth):
    detector = Detector(kind, window=window, is_difference=is_difference, smooth=smooth)
    scores = detector.scores(data)
    assert len(scores) == len(data)
    assert all(score is None or 0 <= score <= 1 for score in scores)
    assert scores[: detector.before] == [None] * min(detector.before, len(data))


def test_zscore_is_where_the_distance_lies_between_those_of_the_window():
    window = [0.0, 10.0, 4.0, 6.0, 5.0]  # distances from the mean: 5, 5, 1, 1, 0
    assert Detector("zscore", window=5).scores([*window, 8.0])[-1] == pytest.approx(3 / 5)


def test_a_config_is_read():
    config = {"type": "iqr", "multiplier": 3, "window": 5, "preprocessing": {"diffs_n": 1}}
    detector = read_detector(config)
    assert (detector.multiplier, detector.window, detector.is_difference) == (3, 5, True)
    assert read_detector({"type": "zscore", "threshold": None}).threshold == 0.95


@pytest.mark.parametrize(
    "config",
    [
        None,
        [],
        {},
        {"type": 5},
        {"type": "psychic"},
        {"type": "knn"},
        {"type": "ensemble", "operator": "and", "detectors": []},
        {"type": "zscore", "multiplier": 2},
        {"type": "zscore", "window": 4},
        {"type": "zscore", "window": 1001},
        {"type": "zscore", "window": 10.5},
        {"type": "zscore", "window": "10"},
        {"type": "mad", "threshold": 1.1},
        {"type": "mad", "threshold": -0.1},
        {"type": "iqr", "multiplier": 0.4},
        {"type": "iqr", "multiplier": 11},
        {"type": "zscore", "preprocessing": []},
        {"type": "zscore", "preprocessing": {"diffs_n": 2}},
        {"type": "zscore", "preprocessing": {"smooth_n": 31}},
        {"type": "zscore", "preprocessing": {"lags_n": 2}},
        {"type": "zscore", "preprocessing": {"more": 2}},
    ],
)
def test_configs_that_are_refused(config):
    with pytest.raises(ValidationError):
        read_detector(config)
