"""What functions are given, as they can take it."""

from hogql import ast
from hogql.compiler.comparisons import as_number, as_text
from hogql.functions import Function
from hogql.types import Code, Type

TAKES_UNIT = {"dateAdd", "dateSub", "dateDiff"}
UNITS = {"second", "minute", "hour", "day", "week", "month", "quarter", "year"}
LISTING = {
    *("splitByChar", "splitByString", "splitByRegexp", "splitByWhitespace", "splitByNonAlpha"),
    *("extractAll", "extractGroups", "extractAllGroupsVertical", "extractAllGroupsHorizontal"),
    *("JSONExtractArrayRaw", "JSONExtractKeys", "JSONExtractKeysAndValuesRaw", "stringToArray"),
    *("JSONExtractKeysAndValues", "extractURLParameters", "extractURLParameterNames"),
    *("URLHierarchy", "URLPathHierarchy", "alphaTokens", "tokens", "multiSearchAllPositions"),
}
"""Functions that make a list of a text."""


READING = {
    *("toFloat64OrZero", "toInt64OrZero", "toUUIDOrZero", "toDateOrNull", "toDateTimeOrNull"),
    *(f"to{type}OrNull" for type in ("Int8", "Int16", "Int32", "Int64", "UInt64", "Float32")),
    *("toFloat64OrNull", "toUUIDOrNull", "parseDateTimeBestEffortOrNull"),
}
"""Functions that read a text. Properties may be numbers already: their definitions say so."""


def with_unit(function: Function, args: list[ast.Expr]) -> list[ast.Expr]:
    """`dateAdd(day, 3, timestamp)` as `dateAdd('day', 3, timestamp)`."""
    if function.sql not in TAKES_UNIT or len(args) < 3 or not isinstance(args[0], ast.Field):
        return args
    unit = str(args[0].chain[-1])
    return [ast.Constant(unit), *args[1:]] if unit.lower() in UNITS else args


def prepared(function: Function, args: list[Code]) -> list[Code]:
    """Numbers for functions of numbers, and texts that are not NULL for those that make lists of
    them: lists can't be NULL."""
    if function.takes_numbers:
        return [as_number(arg) for arg in args]
    if function.sql in READING:
        return [as_text(args[0]), *args[1:]]
    if function.sql in LISTING or is_extraction_of_list(function, args):
        return [present(arg) if arg.type.kind in ("text", "json") else arg for arg in args]
    return args


def is_extraction_of_list(function: Function, args: list[Code]) -> bool:
    wanted = args[-1].constant if args else None
    return function.name == "JSONExtract" and isinstance(wanted, str) and "(" in wanted


def present(text: Code) -> Code:
    if not text.type.nullable:
        return text
    return Code(f"ifNull({text.sql}, '')", Type(text.type.kind, nullable=False))
