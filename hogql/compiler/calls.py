"""Functions that are not simply passed on: lenient casts, the project's week, other names."""

import re
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hogql import ast
from hogql.compiler.comparisons import EARLIEST, LATEST, as_text, datetime_literal
from hogql.compiler.context import Context
from hogql.compiler.quoting import zone
from hogql.errors import QueryError
from hogql.filters.values import DATETIME
from hogql.functions import find
from hogql.types import Code
from posthog_clone.api.times import parse_timestamp

INTERVALS = {
    name: f"toInterval{name.capitalize()}"
    for name in ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
}
PARTS = {
    **{"year": "toYear", "quarter": "toQuarter", "month": "toMonth", "week": "toISOWeek"},
    **{"day": "toDayOfMonth", "hour": "toHour", "minute": "toMinute", "second": "toSecond"},
    **{"doy": "toDayOfYear", "dow": "toDayOfWeek", "epoch": "toUnixTimestamp"},
}
MAX_REPEATS = 10_000
MAX_MATCHED = 5_000
UNBOUNDED = re.compile(r"[*+]|\{\d+,\}")
BRANCHING = re.compile(r"[|?]|\)[*+{]")
Writer = Callable[[ast.Call, list[Code], Context], str]


def number_cast(type: str) -> Writer:
    def write(call: ast.Call, args: list[Code], context: Context) -> str:
        value = args[0].sql
        if args[0].type.kind in ("datetime", "date"):
            value = f"toUnixTimestamp({value})"
        if args[0].type.kind == "number" and type == "Float64":
            return f"toFloat64({value})"
        return f"accurateCastOrNull({value}, '{type}')"

    return write


def to_decimal(call: ast.Call, args: list[Code], context: Context) -> str:
    scale = args[1].constant
    if not isinstance(scale, int) or not 0 <= scale <= 18:
        raise QueryError("toDecimal expects a scale between 0 and 18", node=call)
    return f"toDecimal64OrNull(toString({args[0].sql}), {scale})"


def to_bool(call: ast.Call, args: list[Code], context: Context) -> str:
    return f"accurateCastOrNull({args[0].sql}, 'Bool')"


def to_uuid(call: ast.Call, args: list[Code], context: Context) -> str:
    return f"accurateCastOrNull({args[0].sql}, 'UUID')"


def to_date(call: ast.Call, args: list[Code], context: Context) -> str:
    kind = args[0].type.kind
    if kind in ("datetime", "date", "number"):
        return f"toDate({joined(args)})"
    if known := known_time(args[0], context.timezone):
        return f"toDate({context.bind(known.date().isoformat(), 'String')})"
    return f"toDate({best_effort(args[0], context)})"


def to_datetime(call: ast.Call, args: list[Code], context: Context) -> str:
    value, *rest = args
    if value.type.kind in ("datetime", "date", "number"):
        return f"toDateTime({value.sql}, {rest[-1].sql if rest else zone(context.timezone)})"
    return best_effort(value, context, rest[-1].sql if rest else None)


def to_datetime64(call: ast.Call, args: list[Code], context: Context) -> str:
    value, *rest = args
    if value.type.kind in ("datetime", "date", "number"):
        precision = rest[0].sql if rest else "6"
        given = rest[1].sql if len(rest) > 1 else zone(context.timezone)
        return f"toDateTime64({value.sql}, {precision}, {given})"
    return best_effort(value, context, rest[1].sql if len(rest) > 1 else None)


def parse_best_effort(call: ast.Call, args: list[Code], context: Context) -> str:
    value, *rest = args
    given = rest[-1] if rest and isinstance(rest[-1].constant, str) else None
    return best_effort(value, context, given.sql if given else None)


def best_effort(value: Code, context: Context, given: str | None = None) -> str:
    """Whatever it is as a time; NULL when it is none."""
    zone_name = given or zone(context.timezone)
    if known := known_time(value, zone_name.strip("'")):
        return f"toTimeZone({datetime_literal(known, context).sql}, {zone_name})"
    text = value.sql if value.type.kind == "text" else f"toString({value.sql})"
    return f"parseDateTime64BestEffortOrNull({text}, 6, {zone_name})"


def known_time(value: Code, zone_name: str) -> datetime | None:
    """The time that a text in the query is, if it is plainly one."""
    if not isinstance(value.constant, str) or not DATETIME.fullmatch(value.constant):
        return None
    try:
        moment = parse_timestamp(value.constant, naive=ZoneInfo(zone_name))
    except (ValueError, ZoneInfoNotFoundError):
        return None
    return moment and min(max(moment, EARLIEST), LATEST).astimezone(ZoneInfo(zone_name))


def start_of_week(call: ast.Call, args: list[Code], context: Context) -> str:
    mode = args[1].sql if len(args) > 1 else "1" if context.week_start_day == 1 else "0"
    return f"toStartOfWeek({args[0].sql}, {mode})"


def start_of_interval(call: ast.Call, args: list[Code], context: Context) -> str:
    return f"toStartOfInterval({joined(args)})"


def date_trunc(call: ast.Call, args: list[Code], context: Context) -> str:
    if str(args[0].constant).lower() == "week":
        mode = "1" if context.week_start_day == 1 else "0"
        return f"toStartOfWeek({args[1].sql}, {mode})"
    return f"dateTrunc({joined(args)})"


def date_part(call: ast.Call, args: list[Code], context: Context) -> str:
    part = PARTS.get(str(args[0].constant).lower())
    if part is None:
        raise QueryError(f"{call.name} expects one of {', '.join(PARTS)}", node=call)
    return f"{part}({args[1].sql})"


def shift(sign: str) -> Writer:
    """dateAdd('day', 3, x) and dateAdd(x, toIntervalDay(3))."""

    def write(call: ast.Call, args: list[Code], context: Context) -> str:
        if len(args) == 2:
            return f"({args[0].sql} {sign} {args[1].sql})"
        interval = INTERVALS.get(str(args[0].constant).lower().removesuffix("s"))
        if interval is None:
            raise QueryError(f"{call.name} expects one of {', '.join(INTERVALS)}", node=call)
        return f"({args[2].sql} {sign} {interval}({args[1].sql}))"

    return write


def split_part(call: ast.Call, args: list[Code], context: Context) -> str:
    text, separator, index = (arg.sql for arg in args)
    return f"arrayElement(splitByString({separator}, {text}), {index})"


def string_to_array(call: ast.Call, args: list[Code], context: Context) -> str:
    return f"splitByString({args[1].sql}, {args[0].sql})"


def to_string(call: ast.Call, args: list[Code], context: Context) -> str:
    return args[0].sql if args[0].type.kind == "text" else f"toString({joined(args)})"


def to_json_string(call: ast.Call, args: list[Code], context: Context) -> str:
    return args[0].sql if args[0].type.kind == "json" else f"toJSONString({joined(args)})"


def array_reduce(call: ast.Call, args: list[Code], context: Context) -> str:
    """The aggregation is named in a text: it has to be one of those that may be called."""
    name = args[0].constant
    aggregate = find(name.partition("(")[0]) if isinstance(name, str) else None
    if aggregate is None or not aggregate.is_aggregate:
        raise QueryError(f"{call.name} expects the name of an aggregation", node=call)
    return f"{call.name}({joined(args)})"


def concatenated(call: ast.Call, args: list[Code], context: Context) -> str:
    """NULL adds nothing."""
    texts = [
        f"ifNull({text.sql}, '')" if text.type.nullable else text.sql for text in map(as_text, args)
    ]
    return f"concat({', '.join(texts)})"


def lengthened(call: ast.Call, args: list[Code], context: Context) -> str:
    """No text longer than MAX_REPEATS characters or repetitions in one go: the searches in long
    texts can't be stopped."""
    position = 0 if call.name.lower() == "space" else 1
    count = args[position]
    if isinstance(count.constant, int) and count.constant > MAX_REPEATS:
        raise QueryError(f"{call.name} makes at most {MAX_REPEATS} characters", node=call)
    texts = [arg.sql for arg in args]
    texts[position] = f"least({count.sql}, {MAX_REPEATS})"
    return f"{function_name(call)}({', '.join(texts)})"


def repeatedly_matched(call: ast.Call, args: list[Code], context: Context) -> str:
    """Matches over and over, from where the last one ended. A pattern that looks far ahead each
    time, as `.*?b|a` does, takes time in proportion to the square of the text's length, and
    ClickHouse can't be stopped within a row: long texts are refused."""
    name = function_name(call)
    text, pattern = (1, 0) if name == "splitByRegexp" else (0, 1)
    texts = [arg.sql for arg in args]
    known = args[pattern].constant
    if not isinstance(known, str) or (UNBOUNDED.search(known) and BRANCHING.search(known)):
        message = f"{name} takes texts of at most {MAX_MATCHED} characters with such a pattern"
        too_long = f"length({texts[text]}) > {MAX_MATCHED}, {context.bind(message, 'String')}"
        texts[text] = f"if(throwIf({too_long}) = 0, {texts[text]}, '')"
        context.is_slow_by_row = True
    return f"{name}({', '.join(texts)})"


def function_name(call: ast.Call) -> str:
    return find(call.name).sql


def joined(args: list[Code]) -> str:
    return ", ".join(arg.sql for arg in args)


WRITERS: dict[str, Writer] = {
    **{
        f"to{type}": number_cast(type)
        for sign in ("", "U")
        for type in (f"{sign}Int{bits}" for bits in (8, 16, 32, 64, 128, 256))
    },
    "toFloat32": number_cast("Float32"),
    "toFloat64": number_cast("Float64"),
    "toDecimal": to_decimal,
    "toBool": to_bool,
    "toUUID": to_uuid,
    "toDate": to_date,
    "toDateTime": to_datetime,
    "toDateTime64": to_datetime64,
    "parseDateTime64BestEffortOrNull": parse_best_effort,
    "toStartOfWeek": start_of_week,
    "dateTrunc": date_trunc,
    "datePart": date_part,
    "dateAdd": shift("+"),
    "dateSub": shift("-"),
    "splitPart": split_part,
    "stringToArray": string_to_array,
    "toString": to_string,
    "toJSONString": to_json_string,
    "arrayReduce": array_reduce,
    "arrayReduceInRanges": array_reduce,
    "concat": concatenated,
    **dict.fromkeys(
        ("repeat", "space", "leftPad", "rightPad", "leftPadUTF8", "rightPadUTF8"), lengthened
    ),
    **dict.fromkeys(
        (
            *("countMatches", "countMatchesCaseInsensitive", "extractAll", "replaceRegexpAll"),
            *("extractAllGroupsVertical", "extractAllGroupsHorizontal", "splitByRegexp"),
        ),
        repeatedly_matched,
    ),
}
"""By the function's SQL name."""
