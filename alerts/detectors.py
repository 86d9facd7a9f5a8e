"""Finding the odd points of a series: each is held against a window of those before it.

A score is a share from 0 to 1 of how odd a point is, by what the window itself holds.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import ValidationError

from alerts.configuration import is_number, refuse_unknown

RANGES = {"threshold": (0, 1), "window": (5, 1000), "multiplier": (0.5, 10)}
PREPROCESSING = {"diffs_n": (0, 1), "smooth_n": (0, 30), "lags_n": (0, 0)}
KEYS = {
    "zscore": {"threshold", "window"},
    "mad": {"threshold", "window"},
    "iqr": {"threshold", "window", "multiplier"},
}
UNSERVED = {
    *("threshold", "ecod", "copod", "isolation_forest", "knn", "hbos"),
    *("lof", "ocsvm", "pca", "ensemble"),
}
DEFAULT_THRESHOLD, DEFAULT_WINDOW, DEFAULT_MULTIPLIER = 0.95, 30, 1.5


@dataclass(frozen=True)
class Detector:
    type: str
    threshold: float = DEFAULT_THRESHOLD
    window: int = DEFAULT_WINDOW
    multiplier: float = DEFAULT_MULTIPLIER
    smooth: int = 0
    """Each point is the mean of so many, if of more than one."""
    is_difference: bool = False
    """Whether it is the steps from point to point that are looked at."""

    @property
    def before(self) -> int:
        """How many points have no score since too few come before them."""
        return self.window + int(self.is_difference)

    def scores(self, data: Sequence[float]) -> list[float | None]:
        """A score for each point; None where too few come before it."""
        values = smoothed(data, self.smooth)
        if self.is_difference:
            values = [newer - older for older, newer in zip(values, values[1:], strict=False)]
        score = SCORES[self.type]
        found = [
            score(self, values[index - self.window : index], values[index])
            for index in range(self.window, len(values))
        ]
        return [None] * (len(data) - len(found)) + found

    def is_odd(self, score: float | None) -> bool:
        return score is not None and score > self.threshold


def smoothed(data: Sequence[float], over: int) -> list[float]:
    if over <= 1:
        return list(data)
    return [statistics.fmean(data[max(0, n - over + 1) : n + 1]) for n in range(len(data))]


def read_detector(config: Any) -> Detector:
    """Raises ValidationError."""
    if not isinstance(config, dict) or not isinstance(kind := config.get("type"), str):
        raise ValidationError("A detector must be an object with a type: zscore, mad or iqr.")
    if kind in UNSERVED:
        raise ValidationError(
            f"The detector {kind} is not served here: use {', '.join(KEYS)}, or an alert with a "
            "threshold."
        )
    if kind not in KEYS:
        raise ValidationError(f"There is no detector {kind[:100]!r}: use {', '.join(KEYS)}.")
    refuse_unknown(config, {"type", "preprocessing", *KEYS[kind]}, f"the detector {kind}")
    given = {name: read(config, name, RANGES[name]) for name in KEYS[kind]}
    given = {name: value for name, value in given.items() if value is not None}
    prepared = config.get("preprocessing")
    prepared = {} if prepared is None else prepared
    if not isinstance(prepared, dict):
        raise ValidationError("preprocessing must be an object.")
    refuse_unknown(prepared, set(PREPROCESSING), "preprocessing")
    steps = {name: read(prepared, name, PREPROCESSING[name]) or 0 for name in PREPROCESSING}
    return Detector(
        type=kind, smooth=steps["smooth_n"], is_difference=bool(steps["diffs_n"]), **given
    )


def read(config: dict, name: str, bounds: tuple[float, float]) -> Any:
    value = config.get(name)
    if value is None:
        return None
    is_whole = name == "window" or name.endswith("_n")
    if not is_number(value) or (is_whole and not isinstance(value, int)):
        raise ValidationError(f"{name} must be a {'whole ' if is_whole else ''}number.")
    low, high = bounds
    if not low <= value <= high:
        raise ValidationError(f"{name} must be between {low} and {high}.")
    return value


def zscore(detector: Detector, window: Sequence[float], value: float) -> float:
    mean = statistics.fmean(window)
    spread = statistics.pstdev(window, mean)
    return within([abs(item - mean) for item in window], abs(value - mean), spread)


def mad(detector: Detector, window: Sequence[float], value: float) -> float:
    median = statistics.median(window)
    distances = [abs(item - median) for item in window]
    return within(distances, abs(value - median), statistics.median(distances))


def within(distances: Sequence[float], distance: float, spread: float) -> float:
    """Where the distance lies between the window's least and greatest.

    Within a window that never changes, whatever differs is as odd as can be.
    """
    least, greatest = min(distances), max(distances)
    if not spread or greatest == least:
        return 1.0 if distance > greatest else 0.0
    return min(1.0, max(0.0, (distance - least) / (greatest - least)))


def iqr(detector: Detector, window: Sequence[float], value: float) -> float:
    """How far beyond Tukey's fences, by how far the window's own points are."""
    first, _, third = statistics.quantiles(window, n=4, method="inclusive")
    spread = third - first
    if not spread:
        return 0.0 if first <= value <= third else 1.0
    low, high = first - detector.multiplier * spread, third + detector.multiplier * spread

    def beyond(item: float) -> float:
        return max(low - item, item - high, 0.0) / spread

    own = [beyond(item) for item in window]
    mean, distance = statistics.fmean(own), beyond(value)
    deviation = statistics.pstdev(own, mean)
    if not deviation:
        return 1.0 if distance > mean else 0.0
    return max(0.0, math.erf((distance - mean) / deviation / math.sqrt(2)))


SCORES: dict[str, Callable[[Detector, Sequence[float], float], float]] = {
    "zscore": zscore,
    "mad": mad,
    "iqr": iqr,
}
