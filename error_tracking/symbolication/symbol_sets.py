"""The symbol sets that a batch of exceptions needs: found by one query, read once, kept a while."""

import logging
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from error_tracking import symbol_files
from error_tracking.exceptions.entries import Entry
from error_tracking.exceptions.frames import Frame
from error_tracking.models import SymbolSet
from error_tracking.symbol_data import BadSymbolData
from error_tracking.symbolication.fetching import Ref, fetch
from error_tracking.symbolication.maps import SymbolMap, read_map
from error_tracking.symbolication.resolving import resolved

logger = logging.getLogger(__name__)

MAX_KEPT_BYTES = 64 * 1024 * 1024
"""Of files. What is read from them takes about as much again."""
USE_IS_NOTED_EVERY = timedelta(hours=1)
MAX_LOOKED_UP = 5000


class Maps:
    """Maps by the key of their file, the ones used last within `MAX_KEPT_BYTES`.

    A key's file never changes, so what was read stays right; the symbol set gets another key.
    """

    def __init__(self):
        self.kept: OrderedDict[str, tuple[SymbolMap | str, int]] = OrderedDict()
        self.size = 0

    def load(self, key: str) -> SymbolMap | str:
        """The map, or the reason why it can't be used."""
        if key in self.kept:
            self.kept.move_to_end(key)
            return self.kept[key][0]
        with symbol_files.storage().open(key) as file:
            data = file.read()
        try:
            found: SymbolMap | str = read_map(data)
        except BadSymbolData as error:
            logger.warning("Symbol set file %s can't be used: %s", key, error)
            found = f"Invalid source map: {error}"
        self.keep(key, found, len(data))
        return found

    def keep(self, key: str, found: SymbolMap | str, size: int) -> None:
        self.kept[key] = (found, size)
        self.size += size
        while self.size > MAX_KEPT_BYTES and len(self.kept) > 1:
            _, (_, freed) = self.kept.popitem(last=False)
            self.size -= freed


maps = Maps()


def symbolicate(exceptions: Iterable[tuple[int, list[Entry]]]) -> dict[Ref, SymbolSet]:
    """Resolve the frames, by project, that have a map; returns the symbol sets that were used."""
    exceptions = list(exceptions)
    frames = [(project_id, f) for project_id, entries in exceptions for f in frames_of(entries)]
    found = find_symbol_sets({ref for each in frames for ref in refs_of(*each)})
    if settings.FETCH_SOURCE_MAPS:
        missing = {
            ref
            for each in frames
            if found.keys().isdisjoint(refs_of(*each))
            for ref in refs_of(*each)
        }
        found |= find_symbol_sets(fetch(missing, timezone.now()))
    if not found:
        return {}
    used: dict[Ref, SymbolSet] = {}
    for project_id, entries in exceptions:
        for entry in entries:
            entry.frames = [
                one
                for frame in entry.frames
                for one in resolve_frame(project_id, frame, found, used)
            ]
    note_use(used.values(), timezone.now())
    return used


def frames_of(entries: Iterable[Entry]) -> Iterator[Frame]:
    return (frame for entry in entries for frame in entry.frames)


def refs_of(project_id: int, frame: Frame) -> list[Ref]:
    return [(project_id, ref) for ref in frame.symbol_set_refs]


def find_symbol_sets(refs: set[Ref]) -> dict[Ref, SymbolSet]:
    """Those of the refs whose upload is finished."""
    wanted = sorted(ref for ref in refs if len(ref[1]) <= SymbolSet.MAX_REF)
    found = {}
    for start in range(0, len(wanted), MAX_LOOKED_UP):
        condition = Q()
        for project_id, group in groupby(wanted[start : start + MAX_LOOKED_UP], itemgetter(0)):
            condition |= Q(project=project_id, ref__in=[ref for _, ref in group])
        rows = SymbolSet.objects.filter(condition, content_hash__isnull=False)
        found |= {(row.project_id, row.ref): row for row in rows.select_related("release")}
    return found


def resolve_frame(
    project_id: int, frame: Frame, found: dict[Ref, SymbolSet], used: dict[Ref, SymbolSet]
) -> Iterable[Frame]:
    for ref in frame.symbol_set_refs:
        row = found.get((project_id, ref))
        if row is None:
            continue
        try:
            frames = resolved(frame, row.storage_ptr, maps.load)
        except FileNotFoundError:
            logger.warning("The file of symbol set %s is missing.", row.id)
            continue
        used[project_id, ref] = row
        variables = frame.contents.get("code_variables")
        return with_variables(frames, variables) if variables is not None else frames
    return [frame]


def with_variables(frames: Iterable[Frame], variables) -> list[Frame]:
    return [
        frame._replace(contents={**frame.contents, "code_variables": variables}) for frame in frames
    ]


def note_use(rows: Iterable[SymbolSet], now: datetime) -> None:
    """Keep `last_used` right to the hour, without a write for every batch."""
    due = now - USE_IS_NOTED_EVERY
    stale = [row.id for row in rows if row.last_used is None or row.last_used < due]
    if stale:
        SymbolSet.objects.filter(Q(last_used=None) | Q(last_used__lt=due), id__in=stale).update(
            last_used=now
        )
