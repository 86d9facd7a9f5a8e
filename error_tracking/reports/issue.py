"""One issue: what happened, and where in the code."""

from dataclasses import dataclass
from typing import Any

from error_tracking.models import Issue
from error_tracking.reports.issues import Numbers, add_origins, numbers_of
from error_tracking.reports.occurrences import frames_of, report_occurrences
from error_tracking.reports.scope import Scope
from error_tracking.reports.volumes import buckets_of

FRAME_KEYS = ("source", "line", "column", "in_app")
RELEASE_KEYS = ("version", "project", "timestamp", "commit_id", "branch", "repo_name")


@dataclass(slots=True)
class IssueReport:
    """An issue and, unless nothing happened in the scope, its numbers and last exception."""

    issue: Issue
    numbers: Numbers | None = None
    top_frame: dict[str, Any] | None = None
    latest_release: dict[str, Any] | None = None


def report_issue(scope: Scope, issue: Issue, resolution: int) -> IssueReport:
    """`scope` is the issue's own."""
    found = numbers_of(scope, buckets_of(scope, resolution) if resolution else None)
    if not found:
        return IssueReport(issue)
    add_origins(scope, found.values())
    numbers = found[issue.id]
    (latest,), _ = report_occurrences(scope, 1, 0)
    return IssueReport(
        issue=issue,
        numbers=numbers,
        top_frame=top_frame(latest.properties),
        latest_release=latest_release(latest.properties),
    )


def top_frame(properties: dict[str, Any]) -> dict[str, Any] | None:
    """Of the app's own frames that nearest to where the outermost exception was raised."""
    entries = properties.get("$exception_list")
    for entry in entries if isinstance(entries, list) else []:
        for frame in reversed(frames_of(entry)):
            if frame.get("in_app"):
                name = frame.get("resolved_name") or frame.get("mangled_name")
                return {"function": name} | {
                    key: frame[key] for key in FRAME_KEYS if frame.get(key) is not None
                }
    return None


def latest_release(properties: dict[str, Any]) -> dict[str, Any] | None:
    releases = properties.get("$exception_releases")
    if not isinstance(releases, dict):
        return None
    known = [release for release in releases.values() if isinstance(release, dict)]
    latest = max(known, key=lambda release: str(release.get("timestamp")), default=None)
    return latest and {key: latest[key] for key in RELEASE_KEYS if latest.get(key) is not None}
