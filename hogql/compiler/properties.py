"""Reading keys of JSON objects."""

from collections.abc import Sequence
from dataclasses import dataclass

from hogql.compiler.context import Context
from hogql.compiler.quoting import json_key, zone
from hogql.errors import QueryError
from hogql.types import Code, Type

Path = Sequence[str | int]
KINDS = {"String": "text", "Numeric": "number", "DateTime": "datetime", "Boolean": "bool"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object is kept: shapes.Properties, with the table's name filled in."""

    text: str
    json: str
    scope: str
    skipped: frozenset[str]
    group_type_index: int | None = None


def read_property(place: Place, path: Path, context: Context) -> Code:
    """The property at the path, as what its definition says it is, else as text.

    A missing key and JSON's null are NULL.
    """
    known = None
    if len(path) == 1:
        known = context.property_type(place.scope, str(path[0]), place.group_type_index)
    if path[0] in place.skipped or not all(isinstance(step, str) and step for step in path):
        return typed(text_at(place.text, path, context), known, context)
    value = ".".join([place.json, *map(json_key, path)])
    if known == "Numeric":
        sql = f"if(dynamicType({value}) = 'Bool', NULL, accurateCastOrNull({value}, 'Float64'))"
        return Code(sql, Type("number"))
    if known in ("DateTime", "Boolean"):
        return typed(f"CAST({value}, 'Nullable(String)')", known, context)
    whole = ".".join([f"{place.json}.^{json_key(path[0])}", *map(json_key, path[1:])])
    text = text_of(value, None if known else whole)
    return Code(text, Type("text"), string=lambda: f"{value}.:String")


def text_of(value: str, whole: str | None) -> str:
    """The text of a JSON column's value: a string as it is, all else as JSON.

    `whole` reads what is an object. It is slow with many keys, so that it is left out for
    properties that are known to be single values. Reading `.:String` first would be no quicker: it
    is a column of its own beside that of all values.
    """
    object_text = f"isNull({value}), nullIf(toJSONString({whole}), '{{}}'), " if whole else ""
    return (
        f"multiIf({object_text}startsWith(dynamicType({value}), 'Array'), toJSONString({value}), "
        f"CAST({value}, 'Nullable(String)'))"
    )


def text_at(text: str, path: Path, context: Context) -> str:
    """The same of an object that is only there as text."""
    steps = "".join(f", {step(key, context)}" for key in path)
    return (
        f"multiIf(JSONType({text}{steps}) = 'String', JSONExtractString({text}{steps}), "
        f"JSONType({text}{steps}) = 'Null', NULL, JSONExtractRaw({text}{steps}))"
    )


def step(key: str | int, context: Context) -> str:
    if key == 0:
        raise QueryError("SQL indexes start from one, not from zero. E.g: array[1]")
    return str(key) if isinstance(key, int) else context.bind(key, "String")


def typed(text: str, known: str | None, context: Context) -> Code:
    kind = KINDS.get(known or "String", "text")
    if kind == "number":
        text = f"toFloat64OrNull({text})"
    elif kind == "datetime":
        text = f"parseDateTime64BestEffortOrNull({text}, 6, {zone(context.timezone)})"
    elif kind == "bool":
        text = f"transform({text}, ['true', 'false'], [true, false], NULL)"
    return Code(text, Type(kind))
