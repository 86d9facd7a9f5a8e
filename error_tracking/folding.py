"""Folding moves into the events: an event that a merge or a split has moved gets its issue for
good, and the override that led there until then goes away.

Readers join the overrides with the events, so few of them is what keeps queries quick. Rewriting a
column is dear to ClickHouse, so it happens long after the move and for many fingerprints at once.
"""

from datetime import datetime, timedelta

import clickhouse
from clickhouse.models import OutboxBlock
from error_tracking.merging import OVERRIDES
from error_tracking.models import Fingerprint

AGE = timedelta(hours=1)
"""Longer than a worker that has read the former issue takes to store its events."""
MAX_FOLDED = 1000
WAIT = {"mutations_sync": 2}


def fold_moves(now: datetime) -> int:
    """Fold the oldest moves of one project; returns how many fingerprints that were.

    Any number of processes may call it. One that is killed in the middle loses nothing: the same is
    done again an hour later, and readers see no difference.
    """
    rows = claim(now)
    if not rows:
        return 0
    fold(rows)
    # Those that moved again meanwhile have another time, and keep it.
    Fingerprint.objects.filter(id__in=[row.id for row in rows], moved_at=now).update(moved_at=None)
    return len(rows)


def claim(now: datetime) -> list[Fingerprint]:
    """Some of a project's fingerprints that moved long enough ago, put off for every other caller.

    Events may still wait in the outbox with the issue they had before the move: those that moved
    since the oldest of them was written have to wait too.
    """
    oldest = OutboxBlock.objects.order_by("id").values_list("created_at", flat=True).first()
    moved = Fingerprint.objects.filter(moved_at__lt=min(now, oldest or now) - AGE)
    first = moved.order_by("moved_at", "id").first()
    if first is None:
        return []
    of_project = moved.filter(project=first.project_id).order_by("moved_at", "id")
    return [
        row
        for row in of_project[:MAX_FOLDED]
        if Fingerprint.objects.filter(id=row.id, moved_at=row.moved_at).update(moved_at=now)
    ]


def fold(rows: list[Fingerprint]) -> None:
    """Rewrite the events of these fingerprints, all of one project, and drop their overrides."""
    params = {
        "project_id": rows[0].project_id,
        "fingerprints": [row.fingerprint for row in rows],
        "issues": [str(row.issue_id) for row in rows],
        "versions": [row.version for row in rows],
    }
    where = "team_id = {project_id:Int64} AND fingerprint IN {fingerprints:Array(String)}"
    issue = (
        "toUUIDOrZero(transform("
        "fingerprint, {fingerprints:Array(String)}, {issues:Array(String)}, ''))"
    )
    (waiting,) = clickhouse.rows(
        f"SELECT count() FROM events WHERE {where} AND issue_id != {issue}", **params
    )
    if waiting[0]:
        clickhouse.command(
            f"ALTER TABLE events UPDATE issue_id = {issue} WHERE {where} AND issue_id != {issue}",
            query_settings=WAIT,
            **params,
        )
    clickhouse.command(
        f"ALTER TABLE {OVERRIDES} DELETE WHERE {where} AND version <="
        " transform(fingerprint, {fingerprints:Array(String)}, {versions:Array(Int64)}, -1)",
        query_settings=WAIT,
        **params,
    )
