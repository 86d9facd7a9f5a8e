"""Whether condition, threshold and settings of an alert make sense for its insight.

Checked when an alert is written, and again before each check, since the insight may have changed.
Each function raises ValidationError.
"""

import math
from typing import Any

from rest_framework.exceptions import ValidationError

from alerts.questions import HOGQL, Question, question_of

ABSOLUTE_VALUE = "absolute_value"
INCREASE, DECREASE = "relative_increase", "relative_decrease"
CONDITIONS = (ABSOLUTE_VALUE, INCREASE, DECREASE)
ABSOLUTE, PERCENTAGE = "absolute", "percentage"
TRENDS_CONFIG, HOGQL_CONFIG = "TrendsAlertConfig", "HogQLAlertConfig"
CONFIG_KEYS = {
    TRENDS_CONFIG: {"type", "series_index", "check_ongoing_interval"},
    HOGQL_CONFIG: {"type"},
}
UNSUPPORTED = (
    "Alerts are not supported for this insight: its query must be a TrendsQuery, or a HogQLQuery "
    "that gives one number."
)


def check_threshold(configuration: Any) -> None:
    """Of `{"type": …, "bounds": {"lower": …, "upper": …}}`."""
    if not isinstance(configuration, dict):
        raise ValidationError("A threshold must be an object with type and bounds.")
    refuse_unknown(configuration, {"type", "bounds"}, "a threshold")
    if configuration.get("type") not in (ABSOLUTE, PERCENTAGE):
        raise ValidationError("The type of a threshold must be absolute or percentage.")
    bounds = configuration.get("bounds")
    if bounds is None:
        return
    if not isinstance(bounds, dict):
        raise ValidationError("bounds must be an object with lower and upper.")
    refuse_unknown(bounds, {"lower", "upper"}, "bounds")
    for name, bound in bounds.items():
        if bound is not None and not is_number(bound):
            raise ValidationError(f"The {name} bound must be a number or null.")
    lower, upper = bounds.get("lower"), bounds.get("upper")
    if lower is not None and upper is not None and lower > upper:
        raise ValidationError("The lower bound must not be greater than the upper bound.")


def refuse_unknown(value: dict, known: set[str], what: str) -> None:
    if unknown := sorted(map(str, set(value) - known)):
        raise ValidationError(f"{unknown[0][:100]!r} is not a key of {what}.")


def is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond what a float holds
        return False


def default_config(question: Question | None) -> dict[str, Any]:
    if question and question.kind == HOGQL:
        return {"type": HOGQL_CONFIG}
    return {"type": TRENDS_CONFIG, "series_index": 0}


def check_configuration(query: Any, condition: Any, config: Any, threshold: Any) -> Question:
    """All of it together; returns what the insight is asked."""
    kind = check_condition(condition)
    config_kind = check_config(config)
    question = question_of(query)
    if question is None:
        raise ValidationError(UNSUPPORTED)
    if (config_kind == HOGQL_CONFIG) != (question.kind == HOGQL):
        raise ValidationError(
            f"Alert has invalid {config_kind}: its insight is a {question.kind}, which takes "
            f"{default_config(question)['type']}."
        )
    if kind != ABSOLUTE_VALUE and not question.is_over_time:
        raise ValidationError(
            f"The condition {kind} is not compatible with non time series insights: there is "
            "nothing to compare a single number with."
        )
    index = config.get("series_index", 0)
    if index >= question.results:
        raise ValidationError(
            f"series_index {index} is out of range: the query has {question.results} series."
        )
    check_threshold(threshold)
    if kind == ABSOLUTE_VALUE and threshold["type"] != ABSOLUTE:
        raise ValidationError(
            "Absolute value alerts require an absolute threshold, but a percentage threshold was "
            "configured"
        )
    check_ongoing(kind, config, threshold)
    return question


def check_condition(condition: Any) -> str:
    kind = condition.get("type") if isinstance(condition, dict) else None
    if not isinstance(kind, str) or kind not in CONDITIONS or set(condition) != {"type"}:
        raise ValidationError(
            f"Alert has invalid condition: send an object whose type is {', '.join(CONDITIONS)}."
        )
    return kind


def check_config(config: Any) -> str:
    kind = config.get("type") if isinstance(config, dict) else None
    if not isinstance(kind, str) or kind not in CONFIG_KEYS:
        raise ValidationError(
            f"Unsupported alert config type: {str(kind)[:100]}. There are {', '.join(CONFIG_KEYS)}."
        )
    invalid = f"Alert has invalid {kind}"
    if unknown := sorted(map(str, set(config) - CONFIG_KEYS[kind])):
        raise ValidationError(f"{invalid}: {unknown[0][:100]!r} is not a key of it.")
    if kind == TRENDS_CONFIG:
        index, ongoing = config.get("series_index"), config.get("check_ongoing_interval")
        if isinstance(index, bool) or not isinstance(index, int) or index < 0:
            raise ValidationError(f"{invalid}: series_index must be 0 or a greater whole number.")
        if ongoing is not None and not isinstance(ongoing, bool):
            raise ValidationError(f"{invalid}: check_ongoing_interval must be a boolean or null.")
    return kind


def check_ongoing(condition: str, config: dict, threshold: dict) -> None:
    """A running interval still grows, so it can be too much but not yet too little."""
    if not config.get("check_ongoing_interval") or condition == DECREASE:
        return
    if (threshold.get("bounds") or {}).get("upper") is None:
        raise ValidationError(
            f"check_ongoing_interval is only supported for the condition {condition} with an upper "
            "threshold."
        )
