"""Which project a token opens.

A known token is remembered for a few seconds, so that capture asks the database once, not for
every request; an unknown one is asked for every time, so that a new project works at once. What
this process itself changes about projects holds at once, too.
"""

import threading
import time
from dataclasses import dataclass

from django.db.models import QuerySet

from logs.retention import retention_days
from projects.models import Project

SECONDS = 10
MAX_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class CachedProject:
    id: int
    anonymize_ips: bool
    logs_retention_days: int


@dataclass(frozen=True, slots=True)
class Memory:
    project: CachedProject
    until: float
    changes: int


_remembered: dict[str, Memory] = {}
_changing = threading.Lock()


def resolve(token: str) -> CachedProject | None:
    """The project whose token this is, as it was at most ten seconds ago."""
    changes = Project.changes
    memory = _remembered.get(token)
    if memory and memory.changes == changes and memory.until > time.monotonic():
        return memory.project
    project = look_up(token)
    with _changing:
        _remembered.pop(token, None)
        if project:
            if len(_remembered) >= MAX_REMEMBERED:
                del _remembered[next(iter(_remembered))]
            _remembered[token] = Memory(project, time.monotonic() + SECONDS, changes)
    return project


def look_up(token: str) -> CachedProject | None:
    project = find(token, Project.objects.only("id", "settings"))
    return project and CachedProject(
        id=project.id,
        anonymize_ips=project.settings.get("anonymize_ips") is True,
        logs_retention_days=retention_days(project.settings),
    )


def find(token: str, among: QuerySet[Project] | None = None) -> Project | None:
    """The project itself, asked of the database."""
    if not token.isascii() or "\0" in token:  # PostgreSQL refuses the question
        return None
    among = Project.objects.all() if among is None else among
    return among.filter(api_token=token).first()


def forget() -> None:
    """Ask the database again for every token."""
    with _changing:
        _remembered.clear()
