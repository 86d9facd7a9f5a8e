"""One order for every SDK: the outermost exception first, the entry point's frame first.

SDKs turned to it at different versions; what older ones send is turned round here.
PostHog: rust/cymbal/src/modes/processing/normalization.rs.
"""

import re
from typing import Any

VERSION = re.compile(
    r"v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?((?:\.?[a-z]|[-+]).*)?", re.IGNORECASE | re.ASCII
)
EVERY_VERSION = None
REVERSED_LISTS = {"posthog-python": (7, 31, 0)}
"""$lib to the first version that sends the outermost exception first."""
REVERSED_FRAMES = {
    "posthog-go": (1, 19, 0),
    "posthog-php": (4, 11, 0),
    "posthog-rs": (0, 19, 0),
    "posthog-android": EVERY_VERSION,
    "posthog-flutter": EVERY_VERSION,
    "posthog-elixir": EVERY_VERSION,
    "posthog-java": EVERY_VERSION,
    "posthog-server": EVERY_VERSION,
}
"""$lib to the first version that sends the crash site last."""


def entry_order(entries: list[dict], lib: Any, lib_version: Any) -> list[int]:
    """Positions, outermost first: it is the one with exception_id 0, else told by the version."""
    positions = list(range(len(entries)))
    if len(positions) < 2:
        return positions
    outermost = next((n for n, entry in enumerate(entries) if exception_id(entry) == 0), None)
    if outermost is None:
        return positions[::-1] if is_old(REVERSED_LISTS, lib, lib_version) else positions
    if outermost == positions[-1]:
        return positions[::-1]
    return [outermost, *positions[:outermost], *positions[outermost + 1 :]]


def frames_are_reversed(lib: Any, lib_version: Any) -> bool:
    return is_old(REVERSED_FRAMES, lib, lib_version)


def is_old(turns: dict, lib: Any, lib_version: Any) -> bool:
    return isinstance(lib, str) and lib in turns and precedes(lib_version, turns[lib])


def exception_id(entry: dict) -> int | None:
    mechanism = entry.get("mechanism")
    if not isinstance(mechanism, dict):
        return None
    value = mechanism.get("exception_id")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def precedes(version: Any, turn: tuple[int, int, int] | None) -> bool:
    """Whether a client of this version still has the old order; one that can't be read has."""
    if turn is EVERY_VERSION:
        return True
    parsed = parse_version(version)
    if parsed is None:
        return True
    numbers, is_prerelease = parsed
    return numbers < turn or (numbers == turn and is_prerelease)


def parse_version(version: Any) -> tuple[tuple[int, int, int], bool] | None:
    """The three numbers and whether it is a pre-release: `v1.2`, `7.31.0rc1`, `4.0.0+build`."""
    match = VERSION.fullmatch(version.strip()) if isinstance(version, str) else None
    if not match:
        return None
    major, minor, patch, rest = match.groups()
    return (int(major), int(minor or 0), int(patch or 0)), bool(rest) and rest[0] != "+"
