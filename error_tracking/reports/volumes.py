"""How often issues happened, over time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from error_tracking.reports.scope import Scope


@dataclass(frozen=True, slots=True)
class Bucket:
    start: datetime
    count: int


def volumes(
    scope: Scope, issue_ids: Collection[UUID], resolution: int, since: datetime | None
) -> dict[UUID, list[Bucket]]:
    """The scope's time in so many buckets, for each of the issues.

    `since` is where a scope without a start begins.
    """
    if not resolution or not issue_ids:
        return {}
    start, end = scope.bounds()
    start = start or since or end
    width = max((end - start) / resolution, timedelta(milliseconds=1))
    counts = {id: [0] * resolution for id in issue_ids}
    result = scope.run(
        f"""
        SELECT toString({scope.issue}) AS issue,
            least(intDiv(toUnixTimestamp64Milli(timestamp) - {{start_ms}}, {{width_ms}}), {{last}})
                AS bucket,
            count() AS times
        FROM events
        WHERE {scope.where} AND toString({scope.issue}) IN {{shown}} AND timestamp >= {{start}}
        GROUP BY {scope.issue}, bucket
        """,
        shown=[str(id) for id in issue_ids],
        start=start,
        start_ms=int(start.timestamp() * 1000),
        width_ms=max(int(width / timedelta(milliseconds=1)), 1),
        last=resolution - 1,
    )
    for issue, bucket, times in result.rows:
        counts[UUID(issue)][max(int(bucket), 0)] += times
    return {
        id: [Bucket(start + number * width, count) for number, count in enumerate(times)]
        for id, times in counts.items()
    }
