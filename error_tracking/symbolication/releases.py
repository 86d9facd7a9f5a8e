"""The releases that an exception came from: named by the client, or known by its symbol sets."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from error_tracking.exceptions.reading import ReadException
from error_tracking.models import Release, SymbolSet
from posthog_clone.captured import CapturedEvent

GIT_FIELDS = ("commit_id", "branch", "repo_name", "remote_url")


def attach_releases(
    exceptions: Sequence[tuple[CapturedEvent, ReadException]],
    symbol_sets: dict[tuple[int, str], SymbolSet],
) -> None:
    """Put `$exception_releases` on the events whose releases are known."""
    named = find_named(event for event, _ in exceptions)
    for event, exception in exceptions:
        found = {}
        if release := named.get((event.project_id, release_id(event))):
            found[release.hash_id] = release_info(release)
        if symbol_sets:
            refs = {
                ref
                for entry in exception.entries
                for frame in entry.frames
                for ref in frame.symbol_set_refs
            }
            for ref in sorted(refs):
                row = symbol_sets.get((event.project_id, ref))
                if row and row.release:
                    found[row.release.hash_id] = release_info(row.release)
        if found:
            event.properties["$exception_releases"] = found


def find_named(events: Iterable[CapturedEvent]) -> dict[tuple[int, UUID], Release]:
    """The releases that events name themselves, in `$release_id`."""
    wanted = {(event.project_id, id) for event in events if (id := release_id(event))}
    if not wanted:
        return {}
    rows = Release.objects.filter(
        project__in={project_id for project_id, _ in wanted}, id__in={id for _, id in wanted}
    )
    return {(row.project_id, row.id): row for row in rows}


def release_id(event: CapturedEvent) -> UUID | None:
    value = event.properties.get("$release_id")
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def release_info(release: Release) -> dict[str, Any]:
    info = {
        "version": release.version,
        "project": release.app,
        "timestamp": release.created_at.isoformat(),
        "metadata": release.metadata,
    }
    git = release.metadata.get("git") if isinstance(release.metadata, dict) else None
    if isinstance(git, dict):
        info |= {field: git[field] for field in GIT_FIELDS if git.get(field) is not None}
    return info
