"""The level of a log record: from its number, its body or its text, in this order."""

from typing import Any

import orjson

LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
UNKNOWN = "unknown"
NUMBERS = {level: 1 + 4 * index for index, level in enumerate(LEVELS)}
BY_NUMBER = (UNKNOWN, *(level for level in LEVELS for _ in range(4)))
BY_TEXT = {
    "critical": "fatal",
    "fatal": "fatal",
    "crit": "fatal",
    "alert": "fatal",
    "emerg": "fatal",
    "error": "error",
    "err": "error",
    "eror": "error",
    "warn": "warn",
    "warning": "warn",
    "info": "info",
    "information": "info",
    "informational": "info",
    "debug": "debug",
    "dbug": "debug",
    "trace": "trace",
}
BODY_KEYS = ("level", "severity", "log.level", "config.log_level")


def severity(number: int, text: str, body: str) -> tuple[int, str]:
    """The record's number and level. A number above 0 counts for more than any text."""
    if number > 0:
        return number, BY_NUMBER[number] if number < len(BY_NUMBER) else UNKNOWN
    level = level_in_body(body) if body.startswith("{") else None
    if level is None:
        level = BY_TEXT.get(text.strip().lower(), "info")
    return NUMBERS[level], level


def level_in_body(body: str) -> str | None:
    """What a JSON body says about its own level; None when it says nothing we know."""
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    for key in BODY_KEYS:
        value = fields.get(key) or nested(fields, key)
        if isinstance(value, str) and (level := BY_TEXT.get(value.strip().lower())):
            return level
    return None


def nested(fields: dict[str, Any], path: str) -> Any:
    value: Any = fields
    for step in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value
