"""Export requests in protobuf."""

from base64 import b64encode
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from logs.otlp.errors import BadInput
from logs.otlp.rows import NO_SPAN, NO_TRACE, Rows, as_text


def read(body: bytes, rows: Rows) -> None:
    """Add the records of a request to `rows`, or raise BadInput."""
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError as error:
        raise BadInput(f"not protobuf: {error}") from error
    if body and not request.resource_logs:
        # Any bytes may pass for a message of unknown fields; a request without logs has none.
        raise BadInput("not an export request of logs")
    for resource_logs in request.resource_logs:
        rows.resource(texts(resource_logs.resource.attributes))
        for scope_logs in resource_logs.scope_logs:
            rows.scope(scope_logs.scope.name, scope_logs.scope.version)
            for record in scope_logs.log_records:
                add(record, rows)


def add(record, rows: Rows) -> None:
    body = record.body
    trace_id, span_id = record.trace_id, record.span_id
    rows.add(
        time_ns=record.time_unix_nano,
        observed_ns=record.observed_time_unix_nano,
        severity_number=record.severity_number,
        severity_text=record.severity_text,
        body=body.string_value or as_text(plain(body)),
        attributes=texts(record.attributes),
        trace_id=trace_id.hex().upper() if len(trace_id) == 16 else NO_TRACE,
        span_id=span_id.hex().upper() if len(span_id) == 8 else NO_SPAN,
        flags=record.flags,
        event_name=record.event_name,
    )


def texts(attributes) -> dict[str, str]:
    result = {}
    for attribute in attributes:
        value = attribute.value
        # Reading the usual kind first is twice as fast as asking which kind it is.
        result[attribute.key] = value.string_value or as_text(plain(value))
    return result


def plain(value: AnyValue) -> Any:
    """What JSON can hold of it; bytes become base64."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    content = getattr(value, kind)
    if kind == "array_value":
        return [plain(item) for item in content.values]
    if kind == "kvlist_value":
        return {item.key: plain(item.value) for item in content.values}
    if kind == "bytes_value":
        return b64encode(content).decode()
    return content
