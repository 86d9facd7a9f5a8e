"""What the compiler knows of a value: enough for NULLs, times and properties to compare well."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

NO_CONSTANT = object()


@dataclass(frozen=True, slots=True)
class Type:
    """`kind` is `text`, `number`, `bool`, `datetime`, `date`, `uuid`, `interval`, `array`, `tuple`,
    `map`, `json` (an object kept as text) or `any`: nobody knows before the query runs."""

    kind: str = "any"
    nullable: bool = True

    def or_null(self) -> "Type":
        return self if self.nullable else replace(self, nullable=True)


ANY = Type()
TEXT = Type("text", nullable=False)
NUMBER = Type("number", nullable=False)
BOOL = Type("bool", nullable=False)
DATETIME = Type("datetime", nullable=False)
DATE = Type("date", nullable=False)
UUID = Type("uuid", nullable=False)
ARRAY = Type("array", nullable=False)
TUPLE = Type("tuple", nullable=False)
MAP = Type("map", nullable=False)
JSON = Type("json", nullable=False)


@dataclass(slots=True)
class Code:
    """A compiled expression."""

    sql: str
    type: Type = ANY
    constant: Any = NO_CONSTANT
    """The Python value of one that is written out in the query."""
    string: Callable[[], str] | None = None
    """Of a property: the SQL of its value if that is a string, else NULL. Several times quicker to
    read than `sql`, the text of whatever it is."""

    @property
    def is_constant(self) -> bool:
        return self.constant is not NO_CONSTANT
