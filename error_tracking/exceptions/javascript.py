"""Raw frames of JavaScript: browsers, Node and Hermes, whose code is often minified.

This is how a frame reads without its source map; PostHog: rust/cymbal/src/core/types/langs/js.rs.
"""

from urllib.parse import urlsplit

from error_tracking.exceptions.platforms import interpreted
from error_tracking.exceptions.readings import Reading
from error_tracking.exceptions.values import flag_field, number_field, text_field

ANONYMOUS = "<anonymous>"
LAST_WRITTEN_COLUMN = 300
"""People hardly write longer lines: what lies beyond was put there by a minifier."""
OWN_SITE = "posthog.com/static/"


def web(raw: dict) -> Reading:
    name, filename = text_field(raw, "function"), text_field(raw, "filename")
    line, column = number_field(raw, "lineno"), number_field(raw, "colno")
    url, chunk_id = script_url(filename), chunk_id_of(raw)
    reading = Reading(
        lang="javascript",
        mangled_name=name or "",
        identity=[name, text(line), text(column), filename],
        resolved_name=name,
        line=line,
        column=column,
        source=url_path(url) if url else filename,
        in_app=flag_field(raw, "in_app", True),
        suspicious=filename is not None and OWN_SITE in filename,
    )
    if line is None or column is None:
        reading.in_app = reading.in_app and filename != ANONYMOUS
        return reading
    reading.symbol_set_refs = tuple(ref for ref in (chunk_id, url) if ref)
    if chunk_id:
        unresolve(reading, no_upload(chunk_id))
    elif url:
        reading.resolve_failure = f"Could not find sourcemap for source url: {url}"
        if column > LAST_WRITTEN_COLUMN:
            unresolve(reading, reading.resolve_failure)
    else:
        reading.resolve_failure = "This frame had no source url or chunk id"
    return reading


def node(raw: dict) -> Reading:
    reading = interpreted(raw, "javascript", module=text_field(raw, "module"))
    if is_dependency(reading.source or ""):
        reading.in_app = False
    chunk_id = chunk_id_of(raw)
    if chunk_id and reading.line is not None and reading.column is not None:
        reading.identity.append(chunk_id)
        reading.symbol_set_refs = (chunk_id,)
        unresolve(reading, no_upload(chunk_id))
    return reading


def hermes(raw: dict) -> Reading:
    """React Native's engine: all its code is one line, so there are columns only."""
    name, filename = text_field(raw, "function"), text_field(raw, "filename")
    column, chunk_id = number_field(raw, "colno"), chunk_id_of(raw)
    reading = Reading(
        lang="javascript",
        mangled_name=name or "",
        identity=[name, filename, text(column), chunk_id],
        resolved_name=name,
        source=filename,
        in_app=flag_field(raw, "in_app", True),
    )
    if column is None:
        reading.in_app = reading.in_app and filename != ANONYMOUS
        return reading
    reading.line, reading.column = 1, column
    reading.symbol_set_refs = (chunk_id,) if chunk_id else ()
    unresolve(reading, no_upload(chunk_id) if chunk_id else "No chunk id sent with frame")
    return reading


def unresolve(reading: Reading, failure: str) -> None:
    reading.resolved = False
    reading.resolved_name = None
    reading.resolve_failure = failure


def no_upload(chunk_id: str) -> str:
    return f"No sourcemap uploaded for chunk id: {chunk_id}"


def is_dependency(source: str) -> bool:
    return "node_modules" in source or source.startswith("node:")


def chunk_id_of(raw: dict) -> str | None:
    return text_field(raw, "chunk_id") or text_field(raw, "chunkId") or None


def script_url(filename: str | None) -> str | None:
    """The http(s) URL in a filename, without the `:line:column` that may follow it."""
    if not filename or not filename.startswith(("http://", "https://")):
        return None
    url = filename
    for _ in range(2):
        head, colon, tail = url.rpartition(":")
        if colon and "/" not in tail and "/" in head.partition("//")[2]:
            url = head
    return url


def url_path(url: str) -> str:
    try:
        return urlsplit(url).path or "/"
    except ValueError:  # a host like `[` in brackets
        return url


def text(number: int | None) -> str | None:
    return None if number is None else str(number)
