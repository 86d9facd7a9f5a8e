"""What a map makes of a frame, by platform. Frames that it can't resolve keep saying why."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import orjson
from symbolic.exceptions import SymbolicError

from error_tracking.exceptions.frames import Frame, finished, read_raw
from error_tracking.exceptions.images import PLATFORMS as NATIVE
from error_tracking.exceptions.javascript import is_dependency, unresolve
from error_tracking.exceptions.platforms import image_offset
from error_tracking.exceptions.readings import Reading
from error_tracking.exceptions.source_context import context
from error_tracking.exceptions.values import clean, text_field
from error_tracking.symbol_data import BadSymbolData
from error_tracking.symbolication.maps import (
    DebugMap,
    HermesMap,
    Original,
    ProguardMap,
    SymbolMap,
)

MAX_KEPT_FRAMES = 8192
OWN_PACKAGE = "posthog-js@"
RUST_LIBRARY = re.compile(
    r"[/.]cargo/(?:registry/src|git/checkouts)/|/rustc/[0-9a-f]{7,}/|/rustlib/src/rust/library/"
)
"""Where cargo keeps what an app depends on, and where rustc's own sources are."""


def resolved(frame: Frame, key: str, load: Callable[[str], SymbolMap | str]) -> tuple[Frame, ...]:
    """The frame as the map of this key shows it: one, or several where calls were merged."""
    return known_frames(frame.raw, frame.platform, key, load)


@lru_cache(MAX_KEPT_FRAMES)
def known_frames(
    raw: bytes, platform: str, key: str, load: Callable[[str], SymbolMap | str]
) -> tuple[Frame, ...]:
    fields = orjson.loads(raw)
    reading = read_raw(fields, platform)
    found = load(key)
    readings = apply(found, reading, fields)
    frames = [finished(reading, part) for part, reading in enumerate(readings)]
    return tuple(frame._replace(raw=raw, platform=platform) for frame in frames)


def apply(found: SymbolMap | str, reading: Reading, raw: dict) -> list[Reading]:
    """`found` is the map, or the reason why it can't be used."""
    if isinstance(found, str):
        if raw.get("platform") in NATIVE:
            reading.resolve_failure = found  # what the client knows of it stays
        else:
            unresolve(reading, found)
        return [reading]
    if isinstance(found, ProguardMap):
        return resolve_java(found, reading, raw)
    if isinstance(found, DebugMap):
        return resolve_native(found, reading, raw)
    if isinstance(found, HermesMap):
        original = found.find(reading.column)
        failure = f"No token for column {reading.column} on chunk {reading.symbol_set_refs[0]}"
    else:
        original = found.find(reading.line, reading.column)
        failure = (
            f"Token not found for frame: {reading.mangled_name}:{reading.line}:{reading.column}"
        )
    if original is None:
        unresolve(reading, failure)
    else:
        resolve_javascript(reading, original)
    return [reading]


def resolve_javascript(reading: Reading, original: Original) -> None:
    move(reading, original)
    source = reading.source or ""
    reading.in_app = reading.in_app and not is_dependency(source)
    reading.suspicious = reading.suspicious or OWN_PACKAGE in source


def move(reading: Reading, original: Original) -> None:
    """Have the reading tell of a place in the source."""
    reading.resolved = True
    reading.resolve_failure = None
    reading.resolved_name = original.name and clean(original.name)
    reading.source = original.source and clean(original.source)
    reading.line, reading.column = original.line, original.column
    reading.context = context(
        original.line,
        original.context_line and clean(original.context_line),
        [clean(line) for line in original.before],
        [clean(line) for line in original.after],
    )


def resolve_java(found: ProguardMap, reading: Reading, raw: dict) -> list[Reading]:
    """Classes and functions by their own names. A line may stand for several calls."""
    module = reading.module or ""
    originals = found.find(module, reading.mangled_name, reading.line)
    if not originals:
        unresolve(reading, "No original frames could be derived from this raw frame")
        return [reading]
    application_id = (text_field(raw, "map_id") or "").rpartition("@")[0]
    readings = []
    for original in originals:
        one = replace(reading)
        move(one, original)
        one.source = one.source or reading.source
        one.module = original.module and clean(original.module)
        one.in_app = reading.in_app or is_of_application(one.module, application_id)
        readings.append(one)
    return readings


def resolve_native(found: DebugMap, reading: Reading, raw: dict) -> list[Reading]:
    """Functions as the debug information has them: calls that the compiler merged are several.

    Where it has none, what the client knew stays.
    """
    offset = image_offset(raw)
    originals = []
    if offset is not None:
        try:
            originals = found.find(reading.symbol_set_refs[0], offset)
        except (BadSymbolData, SymbolicError) as error:
            reading.resolve_failure = f"Failed to parse debug symbols: {error}"
            return [reading]
    if not originals:
        reading.resolve_failure = f"Symbol not found at address: 0x{offset or 0:x}"
        return [reading]
    readings = []
    for original in originals:
        one = replace(reading, mangled_name=original.name or reading.mangled_name)
        move(one, original)
        one.source = one.source or reading.source
        one.in_app = reading.in_app and not RUST_LIBRARY.search(one.source or "")
        readings.append(one)
    return readings


def is_of_application(module: str | None, application_id: str) -> bool:
    """Shortened names match nothing that the SDK was told, so its own `in_app` may be wrong."""
    return bool(application_id and module) and (
        module == application_id or module.startswith(f"{application_id}.")
    )
