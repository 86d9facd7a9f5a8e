"""How JSON is read: bodies, and texts of JSON in forms and query parameters.

Forms are DRF's; serializers.py gives them the same meaning.
"""

from typing import Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from posthog_clone.api.renderers import JSONRenderer

MAX_DEPTH = 150
"""Deeper than anything clients send, with room for what answers and stores put around it: orjson
writes 254 levels, and the encoders of Python and DRF end at some hundreds."""


class UnfitJSON(orjson.JSONDecodeError):
    """JSON indeed, but none that can be stored and answered."""

    def __init__(self, message: str):
        super().__init__(message, "", 0)

    def __str__(self):
        return self.msg


class JSONParser(BaseParser):
    """Strict JSON, in UTF-8 and without NaN; an empty body is an empty object."""

    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(self, stream, media_type=None, parser_context=None):
        raw = stream.read()
        if not raw.strip():
            return {}
        try:
            return read_json(raw)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"JSON parse error - {error}") from error


def read_json(text: str | bytes) -> Any:
    """What both stores and every encoder can hold; raises orjson.JSONDecodeError for the rest."""
    value = orjson.loads(text)
    raw = text.encode() if isinstance(text, str) else text
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and is_deep(value):
        raise UnfitJSON(f"it is nested more than {MAX_DEPTH} levels deep")
    if b"\\u0000" in raw and holds_nul(value):
        # PostgreSQL stores it in neither text nor JSON.
        raise UnfitJSON("the null character \\u0000 is not accepted")
    return value


def is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for item in level
            for inner in (item.values() if isinstance(item, dict) else item)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def holds_nul(value) -> bool:
    waiting = [value]  # not by recursion: bodies can be nested deeper than Python's stack
    while waiting:
        value = waiting.pop()
        if isinstance(value, str) and "\0" in value:
            return True
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            waiting += value
    return False
