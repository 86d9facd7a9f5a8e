"""OpenTelemetry's export requests of logs, decoded into rows of the table `logs`.

Protobuf, JSON or JSON lines, each with or without gzip. The content type is a hint only: what
clients and proxies say about a body and what it is are two things.
PostHog: rust/capture-logs/src/service.rs, log_record.rs
"""

from datetime import datetime
from typing import NamedTuple

from logs.otlp import documents, protobuf
from logs.otlp.bodies import unpack
from logs.otlp.errors import BadInput, TooLarge
from logs.otlp.rows import Rows

__all__ = ["BadInput", "Decoded", "TooLarge", "decode"]


class Decoded(NamedTuple):
    lines: list[bytes]
    """One JSONEachRow line per record."""
    is_json: bool
    """What the body was; protobuf otherwise."""


def decode(
    body: bytes,
    content_type: str,
    *,
    project_id: int,
    retention_days: int,
    received_at: datetime,
    max_bytes: int,
) -> Decoded:
    """The rows of a request. All or nothing: one bad record fails them all.

    Raises BadInput, or TooLarge when the body has more than `max_bytes`, packed or unpacked.
    """
    body = unpack(body, max_bytes)
    if not body:
        return Decoded([], is_json="json" in content_type)
    # A leading newline is blank in JSON and a field's tag in protobuf: the brace tells.
    json_first = "json" in content_type or body.lstrip()[:1] == b"{"
    order = (documents, protobuf) if json_first else (protobuf, documents)
    failures = []
    for encoding in order:
        rows = Rows(project_id, retention_days, received_at)
        try:
            encoding.read(body, rows)
        except BadInput as failure:
            failures.append(failure)
        else:
            return Decoded(rows.lines, is_json=encoding is documents)
    raise failures[0]
