"""Frames: from what an SDK of any platform sends to the one shape that events store.

Equal raw frames give equal frames, so they are read once and kept: most frames of a project are
sent again and again.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from error_tracking.exceptions import javascript, platforms
from error_tracking.exceptions.fingerprinting import Part, Version, frame_parts
from error_tracking.exceptions.readings import Reading, digest
from error_tracking.exceptions.values import (
    dump,
    flag_field,
    number_field,
    stored,
    text_field,
)

MAX_CACHED_FRAMES = 16384
MAX_CACHED_BYTES = 8 * 1024
"""A frame larger than this (minified context lines) isn't worth its place in memory."""
MAX_CACHED_STACKS = 2048
MAX_CACHED_STACK_BYTES = 64 * 1024
MAX_RAW_ID = 160
CUSTOM = "custom"
READERS: dict[str, Callable[[dict], Reading]] = {
    "python": platforms.python,
    "node:javascript": javascript.node,
    "web:javascript": javascript.web,
    "javascript": javascript.web,
    "hermes": javascript.hermes,
    "go": platforms.go,
    "ruby": platforms.ruby,
    "php": platforms.php,
    "java": platforms.java,
    "dart": platforms.dart,
    "apple": platforms.apple,
    "native": platforms.native,
    "rust": platforms.native,
    CUSTOM: platforms.custom,
}
PLATFORM_OF_LIB = {
    "posthog-python": "python",
    "posthog-node": "node:javascript",
    "web": "web:javascript",
}
"""For frames that don't name their platform, as posthog-python's before version 4."""


class Frame(NamedTuple):
    """A frame as events store it. Frames are shared between events: never change `contents`."""

    raw_id: str
    contents: dict
    context: dict | None
    """Source lines, for the stack-frame record only."""
    parts: dict[Version, Part]
    symbol_set_refs: tuple[str, ...] = ()
    """Where a map for it may be found, best first."""
    raw: bytes = b""
    """What came, as JSON, of a frame that a map may resolve."""
    platform: str = CUSTOM
    is_recorded: bool = True
    """False for frames that the client resolved itself: a record could add nothing to them."""


known_stacks: dict[tuple[str, bytes], list["Frame"]] = {}
"""Whole stacks by what came: most exceptions have a stack that was there a moment ago."""


def read_frames(raw_frames: list, lib: Any) -> list[Frame]:
    """The frames of a raw stack, in its order; what isn't an object is passed over."""
    platform = PLATFORM_OF_LIB.get(lib, CUSTOM) if isinstance(lib, str) else CUSTOM
    text, _ = dump(raw_frames)
    if len(text) > MAX_CACHED_STACK_BYTES:
        return [read_frame(raw, platform) for raw in raw_frames if isinstance(raw, dict)]
    key = platform, hashlib.blake2b(text, digest_size=16).digest()
    frames = known_stacks.pop(key, None)
    if frames is None:
        frames = [read_frame(raw, platform) for raw in raw_frames if isinstance(raw, dict)]
        while len(known_stacks) >= MAX_CACHED_STACKS:
            known_stacks.pop(next(iter(known_stacks), None), None)
    known_stacks[key] = frames  # the latest is last: the first is the one to go
    return list(frames)


def read_frame(raw: dict, default_platform: str) -> Frame:
    variables = raw.get("code_variables")
    if variables is not None:
        raw = {key: value for key, value in raw.items() if key != "code_variables"}
    text, _ = dump(raw)
    read = known_frame if len(text) <= MAX_CACHED_BYTES else new_frame
    frame = read(text, default_platform)
    if variables is None:
        return frame
    # Variables differ with each occurrence, so they are no part of the frame's identity.
    contents = {**frame.contents, "code_variables": stored(variables)}
    return Frame(frame.raw_id, contents, *frame[2:])


def new_frame(text: bytes, default_platform: str) -> Frame:
    raw = orjson.loads(text)
    platform = text_field(raw, "platform") or default_platform
    frame = finished(read_raw(raw, platform))
    return frame._replace(raw=text, platform=platform) if frame.symbol_set_refs else frame


def read_raw(raw: dict, platform: str) -> Reading:
    reading = READERS.get(platform, platforms.custom)(raw)
    reading.synthetic = flag_field(raw, "synthetic", False)
    return reading


def finished(reading: Reading, part: int = 0) -> Frame:
    """The frame of a reading; one frame of the code may stand for several, by number."""
    raw_id = f"{digest(reading.identity)}/{part}"
    contents = reading.contents(raw_id)
    return Frame(raw_id, contents, reading.context, frame_parts(contents), reading.symbol_set_refs)


known_frame = lru_cache(MAX_CACHED_FRAMES)(new_frame)


def read_resolved_frames(frames: list) -> list[Frame]:
    """The frames of a stack that came resolved, which is to say in the shape that is stored."""
    return [read_resolved_frame(stored(frame)) for frame in frames if isinstance(frame, dict)]


def read_resolved_frame(frame: dict) -> Frame:
    name = text_field(frame, "resolved_name")
    reading = Reading(
        lang=text_field(frame, "lang") or CUSTOM,
        mangled_name=text_field(frame, "mangled_name") or name or "",
        identity=[],
        resolved_name=name,
        resolved=flag_field(frame, "resolved", name is not None),
        resolve_failure=text_field(frame, "resolve_failure"),
        line=number_field(frame, "line"),
        column=number_field(frame, "column"),
        source=text_field(frame, "source"),
        module=text_field(frame, "module"),
        in_app=flag_field(frame, "in_app", True),
        synthetic=flag_field(frame, "synthetic", False),
        suspicious=flag_field(frame, "suspicious", False),
    )
    raw_id = text_field(frame, "raw_id")
    if not raw_id or len(raw_id) > MAX_RAW_ID:
        raw_id = f"{digest([dump(frame)[0].decode()])}/0"
    contents = reading.contents(raw_id)
    if frame.get("code_variables") is not None:
        contents["code_variables"] = frame["code_variables"]
    return Frame(raw_id, contents, None, frame_parts(contents), is_recorded=False)
