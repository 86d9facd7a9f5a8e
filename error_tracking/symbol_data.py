"""The form in which symbol sets are stored: a header, then the data, perhaps compressed.

PostHog: rust/common/symbol_data. All numbers are little endian:

    magic, version u32, type u32, [version 2: compression u8], payload
    payload of a source map: u64 length, minified source, u64 length, map
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

import zstandard

MAGIC = b"posthog_error_tracking"
MAX_DATA_BYTES = 256 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024
HEADER = struct.Struct("<II")
LENGTH = struct.Struct("<Q")
UNCOMPRESSED, ZSTD = 0, 1


class BadSymbolData(ValueError):
    """The file is not one that can be used; the message says why."""


class Kind(IntEnum):
    SOURCE_AND_MAP = 2
    HERMES_MAP = 3
    PROGUARD = 4
    APPLE_DSYM = 5
    ELF = 6


@dataclass(frozen=True, slots=True)
class SourceAndMap:
    source: bytes
    source_map: bytes


def write_source_and_map(source: bytes, source_map: bytes) -> bytes:
    parts = [MAGIC, HEADER.pack(1, Kind.SOURCE_AND_MAP)]
    for part in (source, source_map):
        parts += [LENGTH.pack(len(part)), part]
    return b"".join(parts)


def read_source_and_map(payload: memoryview) -> SourceAndMap:
    source, rest = read_part(payload)
    source_map, rest = read_part(rest)
    if rest:
        raise BadSymbolData(f"{len(rest)} bytes after the end")
    return SourceAndMap(bytes(source), bytes(source_map))


def read_payload(data: bytes) -> tuple[int, memoryview]:
    """The type and the uncompressed payload. Raises BadSymbolData."""
    view = memoryview(data)
    offset = len(MAGIC)
    if view[:offset] != MAGIC or len(view) < offset + HEADER.size:
        raise BadSymbolData("no symbol data")
    version, kind = HEADER.unpack_from(view, offset)
    offset += HEADER.size
    if version == 1:
        return kind, view[offset:]
    if version != 2:
        raise BadSymbolData(f"unknown version {version}")
    if len(view) <= offset:
        raise BadSymbolData("cut off")
    compression, payload = view[offset], view[offset + 1 :]
    if compression == UNCOMPRESSED:
        return kind, payload
    if compression != ZSTD:
        raise BadSymbolData(f"unknown compression {compression}")
    return kind, memoryview(decompress(payload))


def decompress(payload: memoryview) -> bytes:
    """The data of one or more zstd frames, of limited size whatever the frames say."""
    reader = zstandard.ZstdDecompressor().stream_reader(payload, read_across_frames=True)
    chunks, size = [], 0
    try:
        while chunk := reader.read(CHUNK_BYTES):
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_DATA_BYTES:
                raise BadSymbolData(f"more than {MAX_DATA_BYTES // 1024 // 1024} MiB of data")
    except zstandard.ZstdError as error:
        raise BadSymbolData(f"bad compression: {error}") from error
    return b"".join(chunks)


def read_part(view: memoryview) -> tuple[memoryview, memoryview]:
    if len(view) < LENGTH.size:
        raise BadSymbolData("cut off")
    (length,) = LENGTH.unpack_from(view)
    start = LENGTH.size
    if len(view) - start < length:
        raise BadSymbolData("cut off")
    return view[start : start + length], view[start + length :]
