"""Comparisons: NULL counts as a value, and texts compare with times, numbers and booleans as users
mean it."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hogql.compiler.context import Context
from hogql.compiler.quoting import zone
from hogql.errors import QueryError
from hogql.types import BOOL, DATE, DATETIME, NUMBER, TEXT, Code, Type
from posthog_clone.api.times import parse_timestamp

FUNCTIONS = {
    "==": "equals",
    "!=": "notEquals",
    "<": "less",
    "<=": "lessOrEquals",
    ">": "greater",
    ">=": "greaterOrEquals",
    "like": "like",
    "not like": "notLike",
    "ilike": "ilike",
    "not ilike": "notILike",
    "=~": "match",
    "!~": "match",
    "=~*": "match",
    "!~*": "match",
    "in": "in",
    "not in": "notIn",
}
NEGATIVE = {"!=", "not like", "not ilike", "!~", "!~*", "not in"}
PATTERNS = {"like", "not like", "ilike", "not ilike", "=~", "!~", "=~*", "!~*"}
RESULT = BOOL
OTHER_THAN_TEXT = re.compile(r"[-\d\[{]")
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
# What DateTime64 can hold.
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2299, 12, 31, tzinfo=UTC)


def compare(op: str, left: Code, right: Code, context: Context, *, as_condition: bool) -> Code:
    """`as_condition`: NULL and false are the same to the reader, so that the comparison can stay
    one that indexes serve."""
    op = {"<=>": "==", "!<=>": "!="}.get(op, op)  # all are null-safe
    if op in PATTERNS:
        return pattern(op, as_text(left), as_text(right), as_condition)
    if op in ("==", "!=") and (left.constant is None or right.constant is None):
        value = left if right.constant is None else right
        function = "isNull" if op == "==" else "isNotNull"
        return Code(f"{function}({value.sql})", RESULT)
    if op in ("==", "!="):
        left, right = as_string(left, [right]), as_string(right, [left])
    left, right = alike(left, right, context)
    return null_safe(op, left, right, f"{FUNCTIONS[op]}({left.sql}, {right.sql})", as_condition)


def as_string(value: Code, others: list[Code]) -> Code:
    """A property to be compared with texts that only a string can be: quicker to read."""
    if value.string and all(is_only_text(other.constant) for other in others):
        return Code(value.string(), value.type)
    return value


def is_only_text(constant: Any) -> bool:
    """Not the text of a number, a boolean, a list or an object."""
    if not isinstance(constant, str) or constant in ("true", "false"):
        return False
    return not OTHER_THAN_TEXT.match(constant)


def pattern(op: str, text: Code, pattern: Code, as_condition: bool) -> Code:
    wanted = f"concat('(?i)', {pattern.sql})" if op.endswith("*") else pattern.sql
    sql = f"{FUNCTIONS[op]}({text.sql}, {wanted})"
    if op.startswith("!"):
        sql = f"not({sql})"
    return null_safe(op, text, pattern, sql, as_condition)


def null_safe(op: str, left: Code, right: Code, sql: str, as_condition: bool) -> Code:
    if not left.type.nullable and not right.type.nullable:
        return Code(sql, RESULT)
    if op not in NEGATIVE:
        if as_condition and not (op == "==" and left.type.nullable and right.type.nullable):
            return Code(sql, RESULT.or_null())
        both = left.type.nullable and right.type.nullable and op == "=="
        otherwise = f"isNull({left.sql}) AND isNull({right.sql})" if both else "0"
    else:
        both = left.type.nullable and right.type.nullable and op == "!="
        otherwise = f"isNotNull({left.sql}) OR isNotNull({right.sql})" if both else "1"
    return Code(f"ifNull({sql}, {otherwise})", RESULT)


def within(op: str, left: Code, items: list[Code], context: Context, *, as_condition: bool) -> Code:
    """`left IN (items)`; a NULL among the items stands for missing values."""
    values = [item for item in items if item.constant is not None]
    has_null = len(values) < len(items)
    if values and not has_null:
        left = as_string(left, values)
    for item in values:
        left_then, _ = alike(left, item, context)
        if left_then.sql != left.sql and not left.is_constant:
            left = left_then
    values = [alike(left, item, context)[1] for item in values]
    listed = value_list(values, context)
    sql = f"{FUNCTIONS[op]}({left.sql}, {listed})" if listed else "0" if op == "in" else "1"
    some_null = any(value.type.nullable for value in values)
    code = null_safe(op, left, Code("", Type(nullable=some_null)), sql, as_condition)
    if has_null:
        joined = "OR isNull" if op == "in" else "AND isNotNull"
        code = Code(f"({code.sql} {joined}({left.sql}))", code.type)
    return code


def value_list(values: list[Code], context: Context) -> str:
    """Texts go as one bound array, so that lists of thousands are no burden."""
    if not values:
        return ""
    if all(isinstance(value.constant, str) and value.type is TEXT for value in values):
        return context.bind([value.constant for value in values], "Array(String)")
    return f"tuple({', '.join(value.sql for value in values)})"


def as_text(code: Code) -> Code:
    if code.type.kind in ("text", "json", "any", "array", "map", "tuple"):
        return code
    if code.constant is None:
        return code
    return Code(f"toString({code.sql})", Type("text", code.type.nullable))


def as_number(code: Code) -> Code:
    if code.type.kind not in ("text", "json"):
        return code
    if isinstance(code.constant, str):
        number = number_of(code.constant)
        return code if number is None else Code(number_literal(number), NUMBER, number)
    return Code(f"toFloat64OrNull({code.sql})", Type("number"))


def alike(left: Code, right: Code, context: Context) -> tuple[Code, Code]:
    """Both, the text one of which is read as what the other is."""
    if left.type.kind == "text" and right.type.kind != "text":
        right, left = alike_to(right, left, context)
    elif right.type.kind == "text" and left.type.kind != "text":
        left, right = alike_to(left, right, context)
    return left, right


def alike_to(value: Code, text: Code, context: Context) -> tuple[Code, Code]:
    """The value and the text, read as one of the value's kind; both as text if it is none."""
    reader = READERS.get(value.type.kind)
    if reader is None:
        return value, text
    return reader(value, text, context)


def with_number(value: Code, text: Code, context: Context) -> tuple[Code, Code]:
    number = as_number(text)
    return (value, number) if number is not text else (as_text(value), text)


def with_bool(value: Code, text: Code, context: Context) -> tuple[Code, Code]:
    if isinstance(text.constant, str) and text.constant.lower() in BOOLEANS:
        boolean = BOOLEANS[text.constant.lower()]
        return value, Code("true" if boolean else "false", BOOL, boolean)
    if isinstance(value.constant, bool):
        name = "true" if value.constant else "false"
        return Code(context.bind(name, "String"), TEXT, name), text
    return as_text(value), text


def with_datetime(value: Code, text: Code, context: Context) -> tuple[Code, Code]:
    if isinstance(text.constant, str):
        return value, datetime_literal(moment_of(text.constant, context), context)
    sql = f"parseDateTime64BestEffortOrNull({text.sql}, 6, {zone(context.timezone)})"
    return value, Code(sql, Type("datetime"))


def with_date(value: Code, text: Code, context: Context) -> tuple[Code, Code]:
    if isinstance(text.constant, str):
        moment = moment_of(text.constant, context)
        local = moment.astimezone(ZoneInfo(context.timezone))
        if (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0):
            sql = f"toDate({context.bind(local.date().isoformat(), 'String')})"
            return value, Code(sql, DATE, local.date())
        return value, datetime_literal(moment, context)
    return value, Code(f"toDateOrNull({text.sql})", Type("date"))


def with_uuid(value: Code, text: Code, context: Context) -> tuple[Code, Code]:
    return value, Code(f"toUUIDOrNull({text.sql})", Type("uuid"))


READERS: dict[str, Callable[[Code, Code, Context], tuple[Code, Code]]] = {
    "number": with_number,
    "bool": with_bool,
    "datetime": with_datetime,
    "date": with_date,
    "uuid": with_uuid,
}


def moment_of(text: str, context: Context) -> datetime:
    moment = parse_timestamp(text, naive=ZoneInfo(context.timezone))
    if moment is None:
        raise QueryError(
            f"{text[:100]!r} is compared with a time, but is none: use ISO 8601, such as "
            "'2024-01-31' or '2024-01-31 12:00:00'."
        )
    return min(max(moment, EARLIEST), LATEST)


def datetime_literal(moment: datetime, context: Context) -> Code:
    text = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return Code(f"toDateTime64({context.bind(text, 'String')}, 6, 'UTC')", DATETIME, moment)


def number_of(text: str) -> int | float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number) or "_" in text:
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def number_literal(number: int | float) -> str:
    if isinstance(number, float) and not math.isfinite(number):
        return "nan" if math.isnan(number) else "inf" if number > 0 else "-inf"
    return repr(number)
