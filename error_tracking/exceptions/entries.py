"""The entries of `$exception_list`: checked, completed, in canonical order."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from uuid_utils import uuid7

from error_tracking.exceptions.frames import Frame, read_frames, read_resolved_frames
from error_tracking.exceptions.images import Image, place_frames
from error_tracking.exceptions.ordering import (
    REVERSED_FRAMES,
    REVERSED_LISTS,
    entry_order,
    frames_are_reversed,
)
from error_tracking.exceptions.values import cut_bytes, stored, text_field, text_of

DEFAULT_TYPE = "Error"
MAX_TEXT_BYTES = 10_000
MAX_ENTRIES = 1000
"""No chain of causes is longer; a list of millions of empty objects would be."""


class BrokenList(ValueError):
    """The event has no exception list that could be read; the message says what is wrong."""


@dataclass(slots=True)
class Entry:
    """One exception: the outermost comes first, its causes after it."""

    id: str
    type: str
    value: str
    frames: list[Frame] = field(default_factory=list)
    has_stack: bool = False
    mechanism: dict | None = None
    module: str | None = None
    thread_id: int | None = None

    @property
    def is_handled(self) -> bool:
        return self.mechanism is not None and self.mechanism.get("handled") is True

    def stored(self) -> dict:
        contents: dict[str, Any] = {"id": self.id, "type": self.type, "value": self.value}
        if self.mechanism is not None:
            contents["mechanism"] = self.mechanism
        if self.module is not None:
            contents["module"] = self.module
        if self.thread_id is not None:
            contents["thread_id"] = self.thread_id
        if self.has_stack:
            frames = [frame.contents for frame in self.frames]
            contents["stacktrace"] = {"type": "resolved", "frames": frames}
        return contents


def read_list(
    raw_list: Any, lib: Any, lib_version: Any, images: Sequence[Image] = ()
) -> list[Entry]:
    """The list in canonical order. Raises BrokenList for anything but a list of objects.

    `images` are the binaries that native frames lie in.
    """
    check(raw_list)
    raw_list = raw_list[:MAX_ENTRIES]
    order = entry_order(raw_list, lib, lib_version)
    entries = [read_entry(raw_list[position], lib, images) for position in order]
    if frames_are_reversed(lib, lib_version):
        for entry in entries:
            entry.frames.reverse()
    return entries


def customary_order(entries: list[Entry], lib: Any) -> list[Entry] | None:
    """The list as SDKs with an order of their own sent it; None when that is no different.

    Issues may have been grouped in that order, before their SDK or this server turned it round.
    """
    if not isinstance(lib, str):
        return None
    if lib in REVERSED_LISTS and len(entries) > 1:
        return entries[::-1]
    if lib in REVERSED_FRAMES and any(len(entry.frames) > 1 for entry in entries):
        return [replace(entry, frames=entry.frames[::-1]) for entry in entries]
    return None


def check(raw_list: Any) -> None:
    if raw_list is None:
        raise BrokenList("$exception_list is missing")
    if not isinstance(raw_list, list):
        raise BrokenList("$exception_list is not an array")
    if not raw_list:
        raise BrokenList("$exception_list is empty")
    for position, entry in enumerate(raw_list):
        if not isinstance(entry, dict):
            raise BrokenList(f"$exception_list[{position}] is not an object")


def read_entry(raw: dict, lib: Any, images: Sequence[Image] = ()) -> Entry:
    kind, value = raw.get("type"), raw.get("value")
    mechanism, thread_id = raw.get("mechanism"), raw.get("thread_id")
    module = text_field(raw, "module")
    entry = Entry(
        id=str(uuid7()),
        type=cut_bytes(text_of(kind), MAX_TEXT_BYTES) if kind not in (None, "") else DEFAULT_TYPE,
        value=cut_bytes(text_of(value), MAX_TEXT_BYTES) if value is not None else "",
        mechanism=stored(mechanism) if isinstance(mechanism, dict) else None,
        module=stored(module) if module is not None else None,
        thread_id=thread_id if is_whole(thread_id) else None,
    )
    stack = raw.get("stacktrace")
    if isinstance(stack, dict) and isinstance(stack.get("frames"), list):
        entry.has_stack = True
        if stack.get("type") == "resolved":
            entry.frames = read_resolved_frames(stack["frames"])
        else:
            entry.frames = read_frames(place_frames(stack["frames"], images), lib)
    return entry


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
