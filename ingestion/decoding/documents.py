"""JSON as clients send it: strict and fast first, tolerant when that refuses."""

import json
import math
import re
from typing import Any

import orjson

from ingestion.decoding.errors import Undecodable, Unparsable

MAX_DEPTH = 128
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**64 - 1  # orjson's
LONGEST_INTEGER = 20
# An escape that stands for itself: an odd backslash before it, counted from the run's start.
NUL_ESCAPE = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def load(data: bytes) -> Any:
    """The JSON document in `data`, fit for every store.

    NUL and lone surrogates become U+FFFD, since PostgreSQL and UTF-8 have no place for them;
    NaN, Infinity and numbers beyond a double become null.
    """
    if b"\\u0000" in data:
        data = NUL_ESCAPE.sub(lambda match: match[1] + b"\\ufffd", data)
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        document = load_tolerantly(data, str(error))
    # Anything as deep has as many brackets, and counting them is almost free.
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and is_deeper(document, MAX_DEPTH):
        raise Unparsable(f"nested deeper than {MAX_DEPTH} levels")
    return document


def load_tolerantly(data: bytes, refusal: str) -> Any:
    """The document orjson refused, saying `refusal`."""
    text = as_text(data.removeprefix(BYTE_ORDER_MARK))
    try:
        document = json.loads(
            text.replace("\0", "\ufffd"),
            parse_constant=lambda _: None,
            parse_float=as_double,
            parse_int=as_integer,
        )
        text = json.dumps(document, ensure_ascii=False)
        return orjson.loads(LONE_SURROGATE.sub("\ufffd", text))
    except (ValueError, RecursionError) as error:
        raise Unparsable(refusal) from error


def as_text(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise Undecodable(f"the payload is not UTF-8: {error.reason}") from error


def as_double(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def as_integer(text: str) -> int | float | None:
    number = int(text) if len(text) <= LONGEST_INTEGER else MAX_INTEGER + 1
    return number if MIN_INTEGER <= number <= MAX_INTEGER else as_double(text)


def is_deeper(document: Any, levels: int) -> bool:
    layer = [document] if isinstance(document, dict | list) else []
    for _ in range(levels):
        layer = [
            value
            for container in layer
            for value in (container.values() if type(container) is dict else container)
            if type(value) is dict or type(value) is list
        ]
        if not layer:
            return False
    return True
