"""Placeholders in the inputs of destinations: `{event.properties.name}` and their like.

A string that is nothing but a placeholder becomes the value itself; within other text it becomes
text. `\\{` is a brace.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

ROOTS = ("event", "person", "project", "source")
PATH = re.compile(rf"(?:{'|'.join(ROOTS)})(?:\.[\w$-]+)*")
PARTS = re.compile(r"(?P<escaped>\\[{}])|\{(?P<path>[^{}]*)\}|(?P<open>\{)|[^\\{]+|\\")

MAX_DEPTH = 50
ESCAPE = "Write \\{ for a brace that is no placeholder."


class InvalidPlaceholder(ValueError):
    """The message names the placeholder and what it may be."""


def check(value: Any, depth: int = 0) -> None:
    """Raises InvalidPlaceholder unless every placeholder at any depth is a plain path."""
    if depth > MAX_DEPTH:
        raise InvalidPlaceholder(f"This is nested more than {MAX_DEPTH} levels deep.")
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, dict):
        for item in value.values():
            check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            check(item, depth + 1)


def check_text(text: str) -> None:
    for match in PARTS.finditer(text):
        if match["open"]:
            raise InvalidPlaceholder(f"A brace is not closed. {ESCAPE}")
        if match["path"] is not None and not PATH.fullmatch(match["path"].strip()):
            raise InvalidPlaceholder(
                f"{{{match['path'][:100]}}} is not a plain path such as {{event.properties.name}}. "
                + ESCAPE
            )


def has_any(text: str) -> bool:
    return any(match["path"] is not None for match in PARTS.finditer(text))


def render(value: Any, names: Mapping[str, Any]) -> Any:
    """The value with its placeholders filled in, at any depth."""
    if isinstance(value, str):
        return render_text(value, names)
    if isinstance(value, dict):
        return {key: render(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [render(item, names) for item in value]
    return value


def render_text(text: str, names: Mapping[str, Any]) -> Any:
    parts = list(PARTS.finditer(text))
    if len(parts) == 1 and parts[0]["path"] is not None:
        return look_up(parts[0]["path"], names)
    return "".join(render_part(part, names) for part in parts)


def render_part(part: re.Match, names: Mapping[str, Any]) -> str:
    if part["escaped"]:
        return part["escaped"][1]
    if part["path"] is not None:
        return as_text(look_up(part["path"], names))
    return part[0]


def look_up(path: str, names: Mapping[str, Any]) -> Any:
    """The value at the path; None when there is none."""
    value: Any = names
    for step in path.strip().split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
