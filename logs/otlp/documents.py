"""Export requests in JSON: the protobuf's own JSON mapping, with hex ids, read leniently.

Keys may be lowerCamelCase or snake_case, 64-bit numbers text or numbers, enums numbers or names;
unknown keys are passed over.
"""

import json
import re
from typing import Any

import orjson
from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber

from logs.otlp.errors import BadInput
from logs.otlp.rows import NO_SPAN, NO_TRACE, Rows, as_text

MAX_DEPTH = 64
HEX_TRACE = re.compile(r"[0-9A-Fa-f]{32}")
HEX_SPAN = re.compile(r"[0-9A-Fa-f]{16}")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
MAX_UINT32, MAX_UINT64 = 2**32 - 1, 2**64 - 1
INT64 = range(-(2**63), 2**63)


def read(body: bytes, rows: Rows) -> None:
    """Add the records of a request, or of one per line, to `rows`, or raise BadInput."""
    try:
        requests = [load(body)]
    except BadInput:
        lines = [line for line in body.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        requests = [load(line) for line in lines]
    for request in requests:
        if not isinstance(request, dict):
            raise BadInput("an export request is a JSON object")
        read_request(request, rows)


def load(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if b"\\u" in body:
            return load_surrogates(body)
        raise BadInput(f"not JSON: {error}") from error


def load_surrogates(body: bytes) -> Any:
    """JavaScript cuts strings between the halves of a character and escapes what is left."""
    try:
        text = json.dumps(json.loads(body), ensure_ascii=False)
        return orjson.loads(LONE_SURROGATE.sub("\ufffd", text))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"not JSON: {error}") from error


def read_request(request: dict, rows: Rows) -> None:
    for resource_logs in objects(request, "resourceLogs", "resource_logs"):
        resource = obj(resource_logs, "resource")
        rows.resource(texts(resource))
        for scope_logs in objects(resource_logs, "scopeLogs", "scope_logs"):
            scope = obj(scope_logs, "scope")
            rows.scope(string(scope, "name"), string(scope, "version"))
            for record in objects(scope_logs, "logRecords", "log_records"):
                add(record, rows)


def add(record: dict, rows: Rows) -> None:
    rows.add(
        time_ns=integer(record, "timeUnixNano", "time_unix_nano", most=MAX_UINT64),
        observed_ns=integer(
            record, "observedTimeUnixNano", "observed_time_unix_nano", most=MAX_UINT64
        ),
        severity_number=severity_number(record),
        severity_text=string(record, "severityText", "severity_text"),
        body=as_text(plain(record.get("body"))),
        attributes=texts(record),
        trace_id=hex_id(record, HEX_TRACE, NO_TRACE, "traceId", "trace_id"),
        span_id=hex_id(record, HEX_SPAN, NO_SPAN, "spanId", "span_id"),
        flags=integer(record, "flags", most=MAX_UINT32),
        event_name=string(record, "eventName", "event_name"),
    )


def texts(holder: dict) -> dict[str, str]:
    return {
        string(attribute, "key"): as_text(plain(attribute.get("value")))
        for attribute in objects(holder, "attributes")
    }


def plain(value: Any, depth: int = 0) -> Any:
    """What JSON can hold of an AnyValue; bytes stay base64."""
    if not value and (value is None or isinstance(value, dict)):
        return None
    if not isinstance(value, dict):
        raise BadInput('a value is an object such as {"stringValue": "text"}')
    if depth > MAX_DEPTH:
        raise BadInput(f"values are nested deeper than {MAX_DEPTH} levels")
    for name, content in value.items():
        if content is None:
            continue
        if read_kind := KINDS.get(name):
            return read_kind(content, depth)
    return None


def plain_string(content: Any, depth: int) -> str:
    if not isinstance(content, str):
        raise BadInput("a stringValue or bytesValue is text")
    return content


def plain_bool(content: Any, depth: int) -> bool:
    if not isinstance(content, bool):
        raise BadInput("a boolValue is true or false")
    return content


def plain_int(content: Any, depth: int) -> int:
    number = whole_number(content, "intValue")
    if number not in INT64:
        raise BadInput("an intValue has 64 bits")
    return number


def plain_double(content: Any, depth: int) -> float:
    if isinstance(content, bool) or not isinstance(content, int | float | str):
        raise BadInput("a doubleValue is a number")
    try:
        return float(content)
    except (ValueError, OverflowError) as error:
        raise BadInput("a doubleValue is a number") from error


def plain_array(content: Any, depth: int) -> list:
    return [plain(item, depth + 1) for item in items(content)]


def plain_map(content: Any, depth: int) -> dict[str, Any]:
    pairs = items(content)
    if not all(isinstance(pair, dict) for pair in pairs):
        raise BadInput("a kvlistValue's values are objects with key and value")
    return {string(pair, "key"): plain(pair.get("value"), depth + 1) for pair in pairs}


def items(content: Any) -> list:
    values = content.get("values") if isinstance(content, dict) else content
    if values is None:
        return []
    if not isinstance(values, list):
        raise BadInput("values is a list")
    return values


KINDS = {
    "stringValue": plain_string,
    "string_value": plain_string,
    "boolValue": plain_bool,
    "bool_value": plain_bool,
    "intValue": plain_int,
    "int_value": plain_int,
    "doubleValue": plain_double,
    "double_value": plain_double,
    "arrayValue": plain_array,
    "array_value": plain_array,
    "kvlistValue": plain_map,
    "kvlist_value": plain_map,
    "bytesValue": plain_string,
    "bytes_value": plain_string,
}


def severity_number(record: dict) -> int:
    value = first(record, "severityNumber", "severity_number")
    if isinstance(value, str) and not value.isdecimal():
        try:
            return SeverityNumber.Value(value)
        except ValueError as error:
            raise BadInput(f"{value[:40]!r} is no severity number") from error
    number = whole_number(value or 0, "severityNumber")
    return number if 0 <= number < 2**31 else 0


def hex_id(record: dict, form: re.Pattern, missing: str, *names: str) -> str:
    value = string(record, *names)
    return value.upper() if form.fullmatch(value) else missing


def integer(holder: dict, *names: str, most: int) -> int:
    number = whole_number(first(holder, *names) or 0, names[0])
    if not 0 <= number <= most:
        raise BadInput(f"{names[0]} is out of range")
    return number


def whole_number(value: Any, name: str) -> int:
    """An integer, also as text, as a float without fraction or as JavaScript's two halves."""
    try:
        if isinstance(value, int | str) and not isinstance(value, bool):
            return int(value)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, dict):
            return (int(value["high"]) << 32) + (int(value["low"]) & MAX_UINT32)
    except (ValueError, OverflowError, KeyError, TypeError):
        pass
    raise BadInput(f"{name} is a whole number, not {str(value)[:40]!r}")


def string(holder: dict, *names: str) -> str:
    value = first(holder, *names)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadInput(f"{names[0]} is text")
    return value


def obj(holder: dict, name: str) -> dict:
    value = holder.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadInput(f"{name} is an object")
    return value


def objects(holder: dict, *names: str) -> list[dict]:
    value = first(holder, *names)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise BadInput(f"{names[0]} is a list of objects")
    return value


def first(holder: dict, *names: str) -> Any:
    for name in names:
        if (value := holder.get(name)) is not None:
            return value
    return None
