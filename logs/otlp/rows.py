"""Log records as rows of the table `logs`: JSON lines, ready to be inserted."""

import hashlib
import math
from datetime import UTC, datetime
from typing import Any

import orjson
from uuid_utils import uuid7

from logs.otlp.errors import TooLarge
from logs.otlp.severity import severity

NO_TRACE = "0" * 32
NO_SPAN = "0" * 16
DAY_NS = 24 * 3600 * 10**9
MAX_ROW_BYTES = 64 * 1024 * 1024
UNPLAUSIBLE_TIME = "$originalTimestamp"


class Rows:
    """Collects the rows of one request: `resource`, then `scope`, then `add` for its records.

    What the records of a scope have in common is serialized once. Raises TooLarge when the rows
    outgrow memory: a few bytes can stand for many records, and a resource for each of them.
    """

    def __init__(self, project_id: int, retention_days: int, received_at: datetime):
        self.lines: list[bytes] = []
        self.size = 0
        self.now_ns = int(received_at.timestamp() * 1_000_000) * 1000
        self.earliest, self.latest = self.now_ns - DAY_NS, self.now_ns + DAY_NS
        self.common = {
            "team_id": project_id,
            "observed_timestamp": seconds(self.now_ns),
            "retention_days": retention_days,
        }
        # Ids that differ by one compress to a third of ids that are random each.
        first = str(uuid7())
        self.uuid_start, self.uuid_end = first[:28], int(first[28:], 16) >> 1
        self.of_resource: dict[str, Any] = {}
        self.prefix = b""

    def resource(self, attributes: dict[str, str]) -> None:
        self.of_resource = {
            **self.common,
            "service_name": attributes.get("service.name", ""),
            "resource_attributes": attributes,
            "resource_fingerprint": fingerprint(attributes),
        }

    def scope(self, name: str, version: str) -> None:
        scope = f"{name}@{version}" if name or version else ""
        row = {**self.of_resource, "instrumentation_scope": scope}
        self.prefix = orjson.dumps(row)[:-1] + b","

    def add(
        self,
        *,
        time_ns: int,
        observed_ns: int,
        severity_number: int,
        severity_text: str,
        body: str,
        attributes: dict[str, str],
        trace_id: str,
        span_id: str,
        flags: int,
        event_name: str,
    ) -> None:
        """A record of the present scope. Ids are upper-case hex, attributes text."""
        at = time_ns or observed_ns or self.now_ns
        if not self.earliest <= at <= self.latest:
            attributes[UNPLAUSIBLE_TIME] = rfc3339(at)
            at = self.now_ns
        number, level = severity(severity_number, severity_text, body)
        row = orjson.dumps(
            {
                "uuid": f"{self.uuid_start}{self.uuid_end + len(self.lines):08x}",
                "timestamp": seconds(at),
                "severity_number": number,
                "severity_text": level,
                "body": body,
                "attributes": attributes,
                "trace_id": trace_id,
                "span_id": span_id,
                "trace_flags": flags,
                "event_name": event_name,
            }
        )
        line = self.prefix + row[1:]
        self.size += len(line)
        if self.size > MAX_ROW_BYTES:
            raise TooLarge(
                "The records, each with its resource, take too much: send fewer at once."
            )
        self.lines.append(line)


def seconds(ns: int) -> str:
    """Unix seconds with microseconds, as ClickHouse reads them."""
    whole, micro = divmod(ns // 1000, 1_000_000)
    return f"{whole}.{micro:06d}"


def rfc3339(ns: int) -> str:
    whole, fraction = divmod(ns, 10**9)
    moment = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    decimals = f".{fraction:09d}".rstrip("0").rstrip(".")
    return f"{moment}{decimals}+00:00"


def fingerprint(attributes: dict[str, str]) -> int:
    """64 bits that are the same for the same attributes, in whatever order."""
    text = orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS)
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def as_text(value: Any) -> str:
    """A value as it is shown: text as it is, nothing as nothing, the rest as compact JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    return orjson.dumps(value).decode()
