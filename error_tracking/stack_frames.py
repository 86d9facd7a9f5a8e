"""Records of stack frames: each frame once, with the source lines that events don't carry."""

from collections.abc import Iterable

from django.db import transaction

from error_tracking.exceptions.frames import Frame
from error_tracking.linking import Linkable
from error_tracking.models import StackFrame, SymbolSet

MAX_REMEMBERED = 50_000
MAX_FRAMES_PER_EVENT = 1000
"""The deepest stacks are one function calling itself; a million frames would be an attack."""
BATCH_SIZE = 1000

Key = tuple[int, str, bool]
"""Project, raw id and whether it is resolved: a frame is recorded anew when it gets its map."""


class Recorded:
    """Frames that this process has recorded lately and need not be written again."""

    def __init__(self):
        self.keys: dict[Key, None] = {}

    def unknown(self, frames: dict[Key, Frame]) -> dict[Key, Frame]:
        return {key: frame for key, frame in frames.items() if key not in self.keys}

    def remember(self, keys: Iterable[Key]) -> None:
        self.keys |= dict.fromkeys(keys)
        while len(self.keys) > MAX_REMEMBERED:  # the oldest goes first
            self.keys.pop(next(iter(self.keys)), None)


recorded = Recorded()


def record_frames(exceptions: Iterable[Linkable]) -> None:
    """Record the frames of these exceptions that are not recorded yet."""
    frames: dict[Key, Frame] = {}
    for exception in exceptions:
        project_id = exception.event.project_id
        for frame in event_frames(exception):
            frames[project_id, frame.raw_id, frame.contents["resolved"]] = frame
    frames = recorded.unknown(frames)
    if not frames:
        return
    StackFrame.objects.bulk_create(
        [record(project_id, frames[key]) for key in sorted(frames) for project_id in key[:1]],
        ignore_conflicts=True,
        batch_size=BATCH_SIZE,
    )
    transaction.on_commit(lambda: recorded.remember(frames))


def event_frames(exception: Linkable) -> list[Frame]:
    frames = [
        frame
        for entry in exception.exception.entries
        for frame in entry.frames
        if frame.is_recorded
    ]
    return frames[-MAX_FRAMES_PER_EVENT:]


def with_releases(frames: Iterable[StackFrame]) -> list[StackFrame]:
    """The frames, each with the `release` of the symbol set that resolves it, or None."""
    frames = list(frames)
    refs = {frame.symbol_set_ref for frame in frames if frame.symbol_set_ref}
    releases = {}
    if refs:
        sets = SymbolSet.objects.filter(project=frames[0].project_id, ref__in=refs)
        releases = {found.ref: found.release for found in sets.select_related("release")}
    for frame in frames:
        frame.release = releases.get(frame.symbol_set_ref)
    return frames


def record(project_id: int, frame: Frame) -> StackFrame:
    contents = {key: value for key, value in frame.contents.items() if key != "code_variables"}
    ref = frame.symbol_set_refs[0] if frame.symbol_set_refs else None
    return StackFrame(
        project_id=project_id,
        raw_id=frame.raw_id,
        contents=contents,
        resolved=contents["resolved"],
        context=frame.context,
        symbol_set_ref=ref if ref and len(ref) <= SymbolSet.MAX_REF else None,
    )
