"""Which project a token opens.

A known token is remembered for a few seconds, so that capture asks the database once, not for
every request; an unknown one is asked for every time, so that a new project works at once.
"""

import threading
import time
from dataclasses import dataclass

from projects.models import Project

SECONDS = 10
MAX_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class CachedProject:
    id: int
    anonymize_ips: bool


_remembered: dict[str, tuple[float, CachedProject]] = {}
_changing = threading.Lock()


def resolve(token: str) -> CachedProject | None:
    """The project whose token this is, as it was at most ten seconds ago."""
    entry = _remembered.get(token)
    if entry and entry[0] > time.monotonic():
        return entry[1]
    project = look_up(token)
    with _changing:
        _remembered.pop(token, None)
        if project:
            if len(_remembered) >= MAX_REMEMBERED:
                del _remembered[next(iter(_remembered))]
            _remembered[token] = (time.monotonic() + SECONDS, project)
    return project


def look_up(token: str) -> CachedProject | None:
    if not token.isascii() or "\0" in token:  # PostgreSQL refuses the question
        return None
    row = Project.objects.filter(api_token=token).values_list("id", "settings").first()
    return row and CachedProject(row[0], row[1].get("anonymize_ips") is True)


def forget() -> None:
    """Ask the database again for every token."""
    with _changing:
        _remembered.clear()
