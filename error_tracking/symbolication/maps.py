"""Maps from shipped code to its source: source maps, React Native's (Hermes) and ProGuard's."""

import tempfile
from typing import NamedTuple

from symbolic.exceptions import SymbolicError
from symbolic.proguard import ProguardMapper
from symbolic.sourcemap import SourceMapView, SourceView
from symbolic.sourcemapcache import SourceMapCache

from error_tracking.symbol_data import (
    BadSymbolData,
    Kind,
    read_payload,
    read_source_and_map,
)

CONTEXT_LINES = 15
MAX_LINE = 2**32 - 1
UNKNOWN_FUNCTION = "<unknown>"
ASYNC_PREFIX = "$async$"
"""Put before the names of Dart's functions that were compiled to JavaScript."""


class Original(NamedTuple):
    """A place in the source."""

    name: str | None
    source: str | None
    line: int
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


SymbolMap = JavaScriptMap | HermesMap | ProguardMap
READERS = {
    Kind.SOURCE_AND_MAP: JavaScriptMap,
    Kind.HERMES_MAP: HermesMap,
    Kind.PROGUARD: ProguardMap,
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
        raise BadSymbolData(str(error)) from error


def without_newline(line: str | None) -> str | None:
    return line and line.rstrip("\r\n")
