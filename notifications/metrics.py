"""How deliveries to a destination ended, over time."""

from typing import Any

from app_metrics import queries
from app_metrics.filters import Runs, Span, span
from app_metrics.queries import Counts
from app_metrics.recording import Category
from notifications.models import HogFunction

LABELS = {"hour": "%Y-%m-%dT%H:%M", "day": "%Y-%m-%d", "week": "%Y-%m-%d"}
# Kind and name, and what counts as each.
METRICS = (
    ("success", "succeeded", lambda counts: counts.successes + counts.successes_on_retry),
    ("failure", "failed", lambda counts: counts.failures),
)


def series(function: HogFunction, wanted: dict[str, Any]) -> dict[str, Any]:
    """Only what has a value somewhere in the span."""
    over = span_of(function, wanted)
    if over is None:
        return {"labels": [], "series": []}
    found = dict(queries.counts(runs_of(function), over))
    counts = [found.get(bucket.key, Counts()) for bucket in over.buckets]
    rows = [(name, [value(each) for each in counts]) for name, value in metrics(wanted)]
    return {
        "labels": [bucket.start.strftime(LABELS[over.interval]) for bucket in over.buckets],
        "series": [{"name": name, "values": values} for name, values in rows if any(values)],
    }


def totals(function: HogFunction, wanted: dict[str, Any]) -> dict[str, int]:
    over = span_of(function, wanted)
    if over is None:
        return {}
    counts = queries.totals(runs_of(function), over)
    return {name: value(counts) for name, value in metrics(wanted) if value(counts)}


def metrics(wanted: dict[str, Any]):
    """The metrics asked for, by the names they go under in the answer."""
    for kind, name, value in METRICS:
        if is_listed(kind, wanted.get("kind")) and is_listed(name, wanted.get("name")):
            yield (kind if wanted["breakdown_by"] == "kind" else name), value


def is_listed(word: str, text: str | None) -> bool:
    return not text or word in text.split(",")


def runs_of(function: HogFunction) -> Runs:
    return Runs(function.project_id, 0, Category.WEBHOOK, str(function.id))


def span_of(function: HogFunction, wanted: dict[str, Any]) -> Span | None:
    return span(
        wanted,
        function.project,
        default_from="-7d",
        names=("after", "before"),
        interval=wanted["interval"],
    )
