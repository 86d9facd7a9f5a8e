"""Automatic fingerprints: which texts of an exception list decide what it is grouped with.

Version 1 looks at in-app frames and keeps texts as they are. Version 2 looks at all frames and
leaves out what differs between builds and occurrences: directories, queries, hashes, ids, numbers.
Issues of version 1 go on being found; new ones get version 2.
PostHog: rust/cymbal/src/modes/processing/fingerprinting/.
"""

import hashlib
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from error_tracking.exceptions.entries import Entry
    from error_tracking.exceptions.frames import Frame

MAX_CLIENT_BYTES = 64
HASHED_VALUE_LENGTH = 200
MOVING_NAME_PART = re.compile(r"[A-Za-z0-9]{8,}")
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
IDENTIFIER = re.compile(
    r"0[xX][0-9a-fA-F]+"
    r"|\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"
    r"|[0-9a-fA-F]{16,}"
)
NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Version(StrEnum):
    V1 = "v1"
    V2 = "v2"


class Part(NamedTuple):
    """A frame's share of a fingerprint: the bytes that are hashed and the names of their pieces."""

    hashed: bytes
    pieces: list[str]


class Fingerprint(NamedTuple):
    value: str
    record: list[dict]
    version: Version | None = None


def client_fingerprint(value: str) -> Fingerprint:
    """What the client asked for, verbatim when it is short."""
    data = value.encode()
    if len(data) > MAX_CLIENT_BYTES:
        value = hashlib.sha512(data).hexdigest()
    return Fingerprint(value, [{"type": "manual"}])


def automatic_fingerprint(entries: Sequence["Entry"], version: Version) -> Fingerprint:
    hashed: list[bytes] = []
    record: list[dict] = []
    for entry in entries:
        hashed.append(entry.type.encode())
        pieces = ["Exception Type"]
        if not entry.frames:
            value = entry.value if version is Version.V1 else normalized_value(entry.value)
            hashed.append(value.encode())
            pieces.append("Exception Message")
        record.append({"type": "exception", "id": entry.id, "pieces": pieces})
        for frame in entry.frames if version is Version.V2 else telling_frames(entry.frames):
            part = frame.parts[version]
            hashed.append(part.hashed)
            record.append({"type": "frame", "raw_id": frame.raw_id, "pieces": part.pieces})
    return Fingerprint(hashlib.sha512(b"".join(hashed)).hexdigest(), record, version)


def telling_frames(frames: Sequence["Frame"]) -> Sequence["Frame"]:
    """The in-app frames, only resolved ones if any frame is; without in-app ones, the first."""
    in_app = [frame for frame in frames if frame.contents["in_app"]]
    if not in_app:
        return frames[:1]
    if any(frame.contents["resolved"] for frame in frames):
        return [frame for frame in in_app if frame.contents["resolved"]]
    return in_app


def frame_parts(contents: dict) -> dict[Version, Part]:
    """What a processed frame adds to the fingerprint of each version."""
    return {version: frame_part(contents, version) for version in Version}


def frame_part(contents: dict, version: Version) -> Part:
    shortened = version is Version.V2
    texts, pieces = [], []
    source, module = contents.get("source"), contents.get("module")
    if source is not None:
        texts.append(normalized_source(source) if shortened else source)
        pieces.append("Source file name")
    if module is not None:
        texts.append(module.partition("?")[0] if shortened else module)
        pieces.append("Module name")
    name = contents.get("resolved_name")
    if name is not None:
        texts.append(name)
        pieces.append("Resolved function name")
    else:
        texts.append(contents["mangled_name"])
        pieces.append("Mangled function name")
        if not shortened:
            for key, piece in (("line", "Line number"), ("column", "Column number")):
                if contents.get(key) is not None:
                    texts.append(str(contents[key]))
                    pieces.append(piece)
        texts.append(contents["lang"])
        pieces.append("Language")
    return Part("".join(texts).encode(), pieces)


def normalized_source(source: str) -> str:
    """The file's name, with what a build stamps into it starred: `app.3f9a2b71.js`."""
    name = source.partition("?")[0]
    name = name[max(name.rfind("/"), name.rfind("\\")) + 1 :]
    return MOVING_NAME_PART.sub(starred, name)


def starred(match: re.Match) -> str:
    text = match.group()
    return "*" if any(character.isdigit() for character in text) else text


def normalized_value(value: str) -> str:
    """The message without what differs between two occurrences of one error."""
    text = QUOTED.sub("'*'", value)
    text = IDENTIFIER.sub("*", text)
    return NUMBER.sub("#", text)[:HASHED_VALUE_LENGTH]
