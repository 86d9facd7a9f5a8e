"""What the analytics store knows of exceptions.

An event keeps the issue it came in with; where its fingerprint was moved since, by a merge or a
split, the override says where it belongs.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import clickhouse

ISSUE_OF_EVENT = "if(empty(moved.fingerprint), e.issue_id, moved.issue_id)"
MOVED = """
    LEFT JOIN (
        SELECT team_id, fingerprint, issue_id FROM issue_fingerprint_overrides FINAL
    ) AS moved ON moved.team_id = e.team_id AND moved.fingerprint = e.fingerprint
"""


@dataclass(frozen=True, slots=True)
class Burst:
    """How often an issue happened lately, and before."""

    project_id: int
    issue_id: UUID
    current: int
    before: int


def bursts(since: datetime, bucket_start: datetime, until: datetime, at_least: int) -> list[Burst]:
    """Issues of all projects with at least so many exceptions in the bucket that ends `until`."""
    rows = clickhouse.rows(
        f"""
        SELECT e.team_id AS project_id, {ISSUE_OF_EVENT} AS issue,
            countIf(e.timestamp >= {{bucket_start:DateTime64(6, 'UTC')}}) AS current,
            countIf(e.timestamp < {{bucket_start:DateTime64(6, 'UTC')}}) AS before
        FROM events AS e {MOVED}
        WHERE e.event = '$exception' AND e.issue_id IS NOT NULL
            AND e.timestamp >= {{since:DateTime64(6, 'UTC')}}
            AND e.timestamp < {{until:DateTime64(6, 'UTC')}}
        GROUP BY project_id, issue
        HAVING current >= {{at_least:UInt64}}
        ORDER BY current DESC, issue
        """,
        since=since,
        bucket_start=bucket_start,
        until=until,
        at_least=at_least,
    )
    return [Burst(*row) for row in rows]
