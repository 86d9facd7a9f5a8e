"""Export requests as OpenTelemetry's exporters make them."""

import time
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue


def nanoseconds(seconds_ago: float = 0) -> int:
    return int((time.time() - seconds_ago) * 1e9)


def any_value(value: Any) -> AnyValue:
    if value is None:
        return AnyValue()
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, bytes):
        return AnyValue(bytes_value=value)
    result = AnyValue()
    if isinstance(value, list):
        result.array_value.values.extend(any_value(item) for item in value)
        result.array_value.SetInParent()
    elif isinstance(value, dict):
        set_attributes(result.kvlist_value.values, value)
        result.kvlist_value.SetInParent()
    else:
        result.string_value = value
    return result


def set_attributes(field, attributes: dict[str, Any]) -> None:
    for key, value in attributes.items():
        field.add(key=key, value=any_value(value))


def export_request(
    *records: dict[str, Any], resource: dict[str, Any] | None = None, scope=("app", "1.0")
) -> ExportLogsServiceRequest:
    """Records take LogRecord's fields; body and attributes as plain values."""
    request = ExportLogsServiceRequest()
    resource_logs = request.resource_logs.add()
    set_attributes(
        resource_logs.resource.attributes,
        {"service.name": "checkout"} if resource is None else resource,
    )
    scope_logs = resource_logs.scope_logs.add()
    scope_logs.scope.name, scope_logs.scope.version = scope
    for fields in records:
        fields = {"time_unix_nano": nanoseconds(), **fields}
        attributes = fields.pop("attributes", {})
        body = any_value(fields.pop("body", None))
        record = scope_logs.log_records.add(body=body, **fields)
        set_attributes(record.attributes, attributes)
    return request


def protobuf(*records: dict[str, Any], **options) -> bytes:
    return export_request(*records, **options).SerializeToString()


def document(*records: dict, resource: dict[str, str] | None = None) -> dict:
    """The same in JSON, of records in JSON's own form."""
    attributes = [
        {"key": key, "value": {"stringValue": value}}
        for key, value in (resource or {"service.name": "checkout"}).items()
    ]
    return {
        "resourceLogs": [
            {
                "resource": {"attributes": attributes},
                "scopeLogs": [
                    {"scope": {"name": "app", "version": "1.0"}, "logRecords": list(records)}
                ],
            }
        ]
    }
