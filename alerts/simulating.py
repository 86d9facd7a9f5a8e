"""What a detector would have found in an insight's past. Writes nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework.exceptions import ValidationError

from alerts.comparing import as_number
from alerts.configuration import UNSUPPORTED
from alerts.detectors import Detector
from alerts.questions import TRENDS, UNITS, Question, question_of
from hogql import kinds
from insights.models import Insight
from posthog_clone.api.times import parse_bound

WINDOWS = 3
MAX_BREAKDOWNS = 25


def simulate(
    insight: Insight,
    detector: Detector,
    *,
    series_index: int = 0,
    date_from: str | None = None,
    now: datetime,
) -> dict[str, Any]:
    """Raises ValidationError for an insight without points to look at."""
    question = question_of(insight.query)
    if question is None or question.kind != TRENDS:
        raise ValidationError({"insight": UNSUPPORTED})
    if not question.is_over_time:
        raise ValidationError(
            {"insight": "Detectors need a series: this insight is not a time series."}
        )
    if date_from is not None and parse_bound(date_from, insight.project.tz, now, attr="date_from"):
        since = date_from
    else:
        since = date_from or f"-{WINDOWS * detector.before}{UNITS[question.interval]}"
    rows = ask(question, insight, since, now)
    if question.has_breakdown:
        found = [
            {"label": str(row.get("label") or ""), **looked_at(row, detector)}
            for row in rows[:MAX_BREAKDOWNS]
        ]
        first = found[0] if found else looked_at({}, detector)
        shown = {name: value for name, value in first.items() if name != "label"}
        return {**shown, "interval": question.interval, "breakdown_results": found}
    if series_index >= max(question.results, len(rows)):
        raise ValidationError(
            {
                "series_index": f"series_index {series_index} is out of range: the query has "
                f"{question.results} series."
            }
        )
    row = rows[series_index] if series_index < len(rows) else {}
    return {**looked_at(row, detector), "interval": question.interval}


def ask(question: Question, insight: Insight, since: str, now: datetime) -> list[Mapping]:
    query = {**question.since(0), "dateRange": {"date_from": since}}
    rows = kinds.answer(insight.project, query, kinds.Run(now=now)).get("results") or []
    return [row for row in rows if row.get("compare_label") != "previous"]


def looked_at(row: Mapping[str, Any], detector: Detector) -> dict[str, Any]:
    """The row's points but the last, which is of an interval that still runs, with their scores."""
    data = [as_number(value) for value in (row.get("data") or [])[:-1]]
    dates = [str(day) for day in (row.get("days") or [])[: len(data)]]
    scores = detector.scores(data)
    odd = [index for index, score in enumerate(scores) if detector.is_odd(score)]
    return {
        "data": data,
        "dates": dates,
        "scores": scores,
        "triggered_indices": odd,
        "triggered_dates": [dates[index] for index in odd if index < len(dates)],
        "total_points": len(data),
        "anomaly_count": len(odd),
    }
