"""JSON values of clients, made safe: texts without NUL and lone surrogates, numbers in range."""

import re
from typing import Any

import orjson

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""PostgreSQL stores no NUL, and nothing encodes half a surrogate pair."""
MAX_DEPTH = 64
MAX_NUMBER = 2**32 - 1


def clean(text: str) -> str:
    """The text with what can't be stored replaced by U+FFFD."""
    if "\x00" not in text and text.isascii():
        return text
    return UNSTORABLE.sub("\ufffd", text)


def clean_tree(value: Any, depth: int = MAX_DEPTH) -> Any:
    """A copy that JSON can hold: clean texts, numbers of 64 bits, nothing nested too deeply."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool) or value is None or isinstance(value, float):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else clean(str(value)[:40])
    if depth <= 0:
        return None
    if isinstance(value, dict):
        return {clean(str(key)): clean_tree(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_tree(item, depth - 1) for item in value]
    return clean(str(value))


def dump(value: Any) -> tuple[bytes, bool]:
    """The value as JSON text, and whether it had to be cleaned for that."""
    try:
        text = orjson.dumps(value)
    except TypeError:  # half a surrogate pair, a huge number, too deep
        return orjson.dumps(clean_tree(value)), True
    if b"\\u0000" in text:
        return orjson.dumps(clean_tree(value)), True
    return text, False


def stored(value: Any) -> Any:
    """The value itself when it can be stored as it is, else a clean copy."""
    text, cleaned = dump(value)
    return orjson.loads(text) if cleaned else value


def text_of(value: Any) -> str:
    """Any JSON value as text: strings as they are, the rest as compact JSON."""
    return clean(value) if isinstance(value, str) else dump(value)[0].decode()


def cut_bytes(text: str, limit: int) -> str:
    """The text within `limit` bytes of UTF-8, followed by `...` where it was cut."""
    if len(text) * 4 <= limit:
        return text
    data = text.encode()
    if len(data) <= limit:
        return text
    return data[:limit].decode(errors="ignore") + "..."


def text_field(raw: dict, key: str) -> str | None:
    value = raw.get(key)
    return value if isinstance(value, str) else None


def number_field(raw: dict, key: str) -> int | None:
    """A line, a column: a whole number of 32 bits, also when it came as text or as 3.0."""
    value = raw.get(key)
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and 0 <= value <= MAX_NUMBER else None


def lines_field(raw: dict, key: str) -> list[str]:
    value = raw.get(key)
    if not isinstance(value, list):
        return []
    return [line if isinstance(line, str) else text_of(line) for line in value]


def flag_field(raw: dict, key: str, default: bool) -> bool:
    value = raw.get(key)
    return value if isinstance(value, bool) else default
