"""CAST, TRY_CAST and `::`: lenient, whatever can't be cast is NULL."""

import re

from hogql import ast
from hogql.compiler.calls import WRITERS
from hogql.compiler.context import Context
from hogql.errors import QueryError
from hogql.types import Code, Type

FUNCTIONS = {
    **dict.fromkeys(("int", "integer", "bigint", "int64", "long", "signed"), "toInt64"),
    **dict.fromkeys(("uint64", "unsigned"), "toUInt64"),
    **dict.fromkeys(("smallint", "int16"), "toInt16"),
    **dict.fromkeys(("int32",), "toInt32"),
    **dict.fromkeys(("tinyint", "int8"), "toInt8"),
    **dict.fromkeys(("uint8",), "toUInt8"),
    **dict.fromkeys(("uint16",), "toUInt16"),
    **dict.fromkeys(("uint32",), "toUInt32"),
    **dict.fromkeys(("float", "double", "double precision", "real", "float64"), "toFloat64"),
    **dict.fromkeys(("float32",), "toFloat32"),
    **dict.fromkeys(("string", "text", "varchar", "char"), "toString"),
    **dict.fromkeys(("bool", "boolean"), "toBool"),
    **dict.fromkeys(("date",), "toDate"),
    **dict.fromkeys(("datetime", "timestamp", "timestamptz", "datetime64"), "toDateTime"),
    **dict.fromkeys(("uuid",), "toUUID"),
}
KINDS = {
    **{"toString": "text", "toBool": "bool", "toDate": "date", "toDateTime": "datetime"},
    "toUUID": "uuid",
}
SIZED = re.compile(r"(varchar|char|datetime|datetime64)\((\d)?.*\)")
DECIMAL = re.compile(r"(?:decimal|numeric)\((\d{1,2})(?:, (\d{1,2}))?\)")
NULLABLE = re.compile(r"nullable\((.*)\)")
ARRAY = re.compile(r"array\((\w+)\)")
ELEMENTS = {
    **dict.fromkeys(("string", "text", "varchar"), "String"),
    **dict.fromkeys(("int", "integer", "int64", "bigint"), "Int64"),
    **dict.fromkeys(("float", "float64", "double"), "Float64"),
    **{"uint64": "UInt64", "bool": "Bool", "boolean": "Bool", "uuid": "UUID", "date": "Date"},
}


def cast(value: Code, node: ast.TypeCast, context: Context) -> Code:
    type_name = node.type
    if match := NULLABLE.fullmatch(type_name):
        type_name = match[1]
    if match := ARRAY.fullmatch(type_name):
        element = ELEMENTS.get(match[1])
        if element:
            return Code(f"CAST({value.sql}, 'Array({element})')", Type("array", nullable=False))
    if match := DECIMAL.fullmatch(type_name):
        scale = min(int(match[2] or 0), 18)
        return Code(f"toDecimal64OrNull(toString({value.sql}), {scale})", Type("number"))
    if match := SIZED.fullmatch(type_name):
        type_name = match[1]
    function = FUNCTIONS.get(type_name)
    if function is None:
        raise QueryError(f"Unsupported type in a cast: {node.type[:100]}", node=node)
    sql = WRITERS[function](ast.Call(function, []), [value], context)
    kind = KINDS.get(function, "number")
    return Code(sql, Type(kind, value.type.nullable or function != "toString"))
