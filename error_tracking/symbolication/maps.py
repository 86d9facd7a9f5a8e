"""Maps from shipped code to its source: source maps, React Native's, ProGuard's, DWARF."""

import io
import json
import tempfile
import zipfile
import zlib
from typing import NamedTuple

from symbolic.debuginfo import Archive
from symbolic.exceptions import SymbolicError
from symbolic.proguard import ProguardMapper
from symbolic.sourcemap import SourceMapView, SourceView
from symbolic.sourcemapcache import SourceMapCache
from symbolic.symcache import SourceLocation, SymCache

from error_tracking.symbol_data import (
    MAX_DATA_BYTES,
    BadSymbolData,
    Kind,
    read_payload,
    read_source_and_map,
)

CONTEXT_LINES = 15
MANIFEST = "__source/manifest.json"
UNKNOWN_FUNCTION = "<unknown>"
UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, KeyError, ValueError, AttributeError),
    *(RecursionError, EOFError, NotImplementedError, RuntimeError),
)
"""What Python's reader of zips and JSON raises for archives made to break it."""
ASYNC_PREFIX = "$async$"
"""Put before the names of Dart's functions that were compiled to JavaScript."""


class Original(NamedTuple):
    """A place in the source."""

    name: str | None
    source: str | None
    line: int | None
    column: int | None = None
    module: str | None = None
    context_line: str | None = None
    before: list[str] = []
    after: list[str] = []


class JavaScriptMap:
    def __init__(self, payload: memoryview):
        data = read_source_and_map(payload)
        self.cache = SourceMapCache.from_bytes(data.source, data.source_map)

    def find(self, line: int, column: int) -> Original | None:
        """The place of a line and column, both counted from 1."""
        token = self.cache.lookup(line, column, CONTEXT_LINES) if line and column else None
        if token is None:
            return None
        name = token.function_name
        if name and name.startswith(ASYNC_PREFIX) and token.name:
            name = token.name
        return Original(
            name=None if name == UNKNOWN_FUNCTION else name,
            source=token.src,
            line=token.line,
            column=token.col,
            context_line=without_newline(token.context_line),
            before=[without_newline(line) for line in token.pre_context],
            after=[without_newline(line) for line in token.post_context],
        )


class HermesMap:
    """All code is one line, and the map itself knows the functions."""

    ANY_SOURCE = SourceView.from_bytes(b"")

    def __init__(self, payload: memoryview):
        self.view = SourceMapView.from_json_bytes(bytes(payload))

    def find(self, column: int) -> Original | None:
        token = self.view.lookup(0, column, "?", self.ANY_SOURCE)
        if token is None:
            return None
        lines = (self.view.get_source_contents(token.src_id) or "").splitlines()
        known = token.src_line < len(lines)
        return Original(
            name=token.function_name,
            source=token.src,
            line=token.src_line + 1,
            column=token.src_col + 1,
            context_line=lines[token.src_line] if known else None,
            before=lines[max(token.src_line - CONTEXT_LINES, 0) : token.src_line],
            after=lines[token.src_line + 1 : token.src_line + 1 + CONTEXT_LINES],
        )


class ProguardMap:
    def __init__(self, payload: memoryview):
        with tempfile.NamedTemporaryFile(prefix="proguard-") as file:
            file.write(payload)
            file.flush()
            self.mapper = ProguardMapper.open(file.name)

    def find(self, module: str, function: str, line: int | None) -> list[Original]:
        """The functions that are at this place, the outermost first: one call may be several."""
        frames = self.mapper.remap_frame(module, function, line or 0)
        return [
            Original(name=frame.method, source=frame.file, line=frame.line, module=frame.class_name)
            for frame in reversed(frames)
        ]

    def original_class(self, name: str) -> str | None:
        return self.mapper.remap_class(name)


class DebugMap:
    """Debug information of native code: an ELF file or the one in a dSYM, perhaps with sources."""

    def __init__(self, payload: memoryview):
        # The archive reads from these bytes without owning them: they must live as long as it.
        self.binary, self.sources = unpack(bytes(payload))
        self.archive = Archive.from_bytes(self.binary)
        self.caches: dict[str, SymCache] = {}

    def find(self, debug_id: str, offset: int) -> list[Original]:
        """The functions at a place in the image, the outermost first: one call may be several."""
        # A frame's address is where the call returns to, just behind what was called.
        matches = self.cache(debug_id).lookup(max(offset - 1, 0))
        return [self.original(match) for match in reversed(matches)]

    def cache(self, debug_id: str) -> SymCache:
        """Of the architecture of this id; of the only one, where the id is written otherwise."""
        if debug_id not in self.caches:
            objects = list(self.archive.iter_objects())
            fitting = [each for each in objects if each.debug_id == debug_id.lower()] or objects
            if not fitting:
                raise BadSymbolData("no debug information")
            self.caches[debug_id] = fitting[0].make_symcache()
        return self.caches[debug_id]

    def original(self, match: SourceLocation) -> Original:
        lines = self.sources.get(match.full_path or "", [])
        known = 0 < match.line <= len(lines)
        return Original(
            name=match.symbol or None,
            source=match.full_path,
            line=match.line or None,
            context_line=lines[match.line - 1] if known else None,
            before=lines[max(match.line - 1 - CONTEXT_LINES, 0) : match.line - 1] if known else [],
            after=lines[match.line : match.line + CONTEXT_LINES] if known else [],
        )


def unpack(payload: bytes) -> tuple[bytes, dict[str, list[str]]]:
    """The binary, and the lines of the sources by their path, of a zip as the symbol CLI makes it;
    without a zip, the binary alone."""
    if not zipfile.is_zipfile(io.BytesIO(payload)):
        return payload, {}
    try:
        with zipfile.ZipFile(io.BytesIO(payload)) as bundle:
            size = sum(item.file_size for item in bundle.infolist())
            if size > MAX_DATA_BYTES:
                raise BadSymbolData(f"more than {MAX_DATA_BYTES // 1024 // 1024} MiB of data")
            names = set(bundle.namelist())
            manifest = json.loads(bundle.read(MANIFEST)) if MANIFEST in names else {}
            paths = manifest.get("files", {}) if isinstance(manifest, dict) else {}
            sources = {
                path: bundle.read(name).decode(errors="replace").splitlines()
                for path, name in paths.items()
                if name in names
            }
            return bundle.read("dwarf"), sources
    except UNREADABLE as error:
        raise BadSymbolData(f"bad bundle: {error}") from error


SymbolMap = JavaScriptMap | HermesMap | ProguardMap | DebugMap
READERS = {
    Kind.SOURCE_AND_MAP: JavaScriptMap,
    Kind.HERMES_MAP: HermesMap,
    Kind.PROGUARD: ProguardMap,
    Kind.APPLE_DSYM: DebugMap,
    Kind.ELF: DebugMap,
}


def read_map(data: bytes) -> SymbolMap:
    """The map in an uploaded file. Raises BadSymbolData."""
    kind, payload = read_payload(data)
    reader = READERS.get(kind)
    if reader is None:
        raise BadSymbolData(f"data of type {kind} can't be used here")
    try:
        return reader(payload)
    except SymbolicError as error:
        raise BadSymbolData(str(error) or type(error).__name__) from error


def without_newline(line: str | None) -> str | None:
    return line and line.rstrip("\r\n")
