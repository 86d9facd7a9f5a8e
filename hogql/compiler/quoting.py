"""Names in SQL. Values are bound (Context.bind) and never pass through here."""

import re

from hogql.errors import QueryError

MAX_NAME = 500
ZONE = re.compile(r"[A-Za-z0-9_+/-]{1,64}")


def quoted(name: str) -> str:
    """The name in backquotes: an alias or a key of a JSON object, whatever it contains."""
    if "%" in name:
        raise QueryError(
            f'The name "{name[:100]}" is not permitted as it contains the "%" character'
        )
    if "\0" in name or len(name) > MAX_NAME:
        raise QueryError(f"The name {name[:100]!r} is too long or contains a NUL character")
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def json_key(name: str) -> str:
    """One step of a path in a JSON column, where a dot within a key is written %2E."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`").replace(".", "%2E")
    return f"`{escaped}`"


def zone(name: str) -> str:
    """A time zone as a literal: ClickHouse takes no bound one where a type is made of it."""
    if not ZONE.fullmatch(name):
        raise QueryError(f"{name[:100]!r} is not a time zone")
    return f"'{name}'"
