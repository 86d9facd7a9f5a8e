"""The releases in which an issue happened."""

from dataclasses import dataclass
from datetime import datetime

import orjson

from error_tracking.reports.scope import RELEASES, Scope, moment

MAX_RELEASES = 20


@dataclass(slots=True)
class SeenRelease:
    project: str
    version: str
    count: int
    last_seen: datetime


def releases_of(scope: Scope) -> list[SeenRelease]:
    """With how often they were seen in the scope, those seen last first."""
    result = scope.run(
        f"""
        SELECT {RELEASES} AS releases, count() AS times, max(timestamp) AS last_seen
        FROM events
        WHERE {scope.where} AND notEmpty(ifNull(releases, ''))
        GROUP BY releases
        ORDER BY last_seen DESC, releases
        LIMIT {MAX_RELEASES}
        """
    )
    found: dict[tuple[str, str], SeenRelease] = {}
    for text, count, last_seen in result.rows:
        for project, version in releases_in(text):
            seen = found.setdefault(
                (project, version), SeenRelease(project, version, 0, moment(last_seen))
            )
            seen.count += count
    return list(found.values())


def releases_in(text: str) -> list[tuple[str, str]]:
    """Projects and versions of an event's `$exception_releases`, as sent or made."""
    try:
        releases = orjson.loads(text)
    except orjson.JSONDecodeError:
        return []
    values = releases.values() if isinstance(releases, dict) else []
    return [
        (str(each.get("project") or ""), str(each.get("version") or ""))
        for each in values
        if isinstance(each, dict)
    ]
