"""How JSON bodies are read. Forms are DRF's; serializers.py gives them the same meaning."""

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from posthog_clone.api.renderers import JSONRenderer


class JSONParser(BaseParser):
    """Strict JSON, in UTF-8 and without NaN; an empty body is an empty object."""

    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(self, stream, media_type=None, parser_context=None):
        raw = stream.read()
        if not raw.strip():
            return {}
        try:
            data = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"JSON parse error - {error}") from error
        if b"\\u0000" in raw and holds_nul(data):
            # PostgreSQL stores it in neither text nor JSON.
            raise ParseError("JSON parse error - the null character \\u0000 is not accepted")
        return data


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
