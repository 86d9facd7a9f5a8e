"""The newer capture protocol: one shape, credentials in headers, an answer for each event.

PostHog: rust/capture/src/v1/
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import uuid_utils

from ingestion.decoding.clocks import event_time
from ingestion.decoding.compression import gunzip, inflate, unbrotli, unzstd
from ingestion.decoding.documents import load
from ingestion.decoding.errors import TooLarge, TooMany, Undecodable, Unparsable
from ingestion.decoding.events import (
    IGNORED_EVENT,
    MAX_DISTINCT_ID_LENGTH,
    MAX_EVENTS,
    MAX_NAME_LENGTH,
    Reception,
    assembled,
    token_fault,
)
from persons.processing.profiles import is_illegal

REQUIRED_HEADERS = (
    "Content-Type",
    "PostHog-Sdk-Info",
    "PostHog-Attempt",
    "PostHog-Request-Id",
    "PostHog-Request-Timestamp",
)
DECOMPRESS = {
    "gzip": gunzip,
    "deflate": inflate,
    "br": unbrotli,
    "zstd": unzstd,
}
MAX_SDK_INFO_LENGTH = 200
BEARER = re.compile(r"Bearer +(.*)", re.IGNORECASE)
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
TRUE, FALSE = {"true", "1"}, {"false", "0"}
FLAG_OPTIONS = {
    "cookieless_mode": "$cookieless_mode",
    "disable_skew_correction": "$ignore_sent_at",
    "disable_skew_adjustment": "$ignore_sent_at",
    "process_person_profile": "$process_person_profile",
}
# Beyond those that never merge persons: this protocol refuses them altogether.
REFUSED_DISTINCT_IDS = {
    "anonymous-user",
    "backend",
    "system",
    "user",
    "00000000-0000-0000-0000-000000000000",
}


class Refusal(Exception):
    """The request is refused as a whole; `tag` names the reason for programs."""

    def __init__(self, status: int, tag: str, description: str):
        super().__init__(description)
        self.status = status
        self.tag = tag
        self.description = description


class Dropped(Exception):
    """An event is not taken; its text says why."""


@dataclass(slots=True)
class Call:
    """What the headers of a request say."""

    token: str
    sent_at: datetime
    encoding: str
    library: dict[str, str]
    """$lib and $lib_version: clients send them here instead of with each event."""


def read_headers(headers: Mapping[str, str]) -> Call:
    if "Authorization" not in headers:
        raise Refusal(401, "invalid_api_token", "The Authorization header is missing.")
    if missing := [name for name in REQUIRED_HEADERS if not headers.get(name)]:
        names = ", ".join(missing)
        raise Refusal(400, "missing_required_headers", f"required headers are missing: {names}")
    token = read_token(headers["Authorization"])
    encoding = read_encoding(headers["Content-Type"], headers.get("Content-Encoding", ""))
    attempt = headers["PostHog-Attempt"].strip()
    if not (attempt.isascii() and attempt.isdecimal() and attempt.strip("0")):
        raise invalid_header("PostHog-Attempt", "a whole number from 1")
    if as_uuid(headers["PostHog-Request-Id"]) is None:
        raise invalid_header("PostHog-Request-Id", "a UUID")
    sent_at = rfc_3339(headers["PostHog-Request-Timestamp"].strip())
    if sent_at is None:
        raise invalid_header("PostHog-Request-Timestamp", "a time as RFC 3339 writes it")
    return Call(token, sent_at, encoding, library_of(headers["PostHog-Sdk-Info"]))


def read_token(authorization: str) -> str:
    match = BEARER.fullmatch(authorization.strip())
    if not match:
        raise invalid_header("Authorization", "Bearer followed by the project API key")
    token = match[1].strip()
    if fault := token_fault(token):
        raise Refusal(401, "invalid_api_token", f"The project API key is not valid: {fault}.")
    return token


def read_encoding(content_type: str, content_encoding: str) -> str:
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refusal(
            415,
            "unsupported_content_type",
            f"unsupported content type {content_type!r}: send application/json",
        )
    encoding = content_encoding.strip().lower()
    if encoding not in ("", "identity", *DECOMPRESS):
        raise Refusal(
            415,
            "unsupported_encoding",
            f"unsupported content encoding {encoding!r}: send {', '.join(DECOMPRESS)} or none",
        )
    return encoding


def invalid_header(name: str, expected: str) -> Refusal:
    return Refusal(400, "invalid_header_value", f"invalid header value: {name} must be {expected}")


def library_of(sdk_info: str) -> dict[str, str]:
    name, _, version = (part.strip() for part in sdk_info.rpartition("/"))
    if not name or not version or len(sdk_info) > MAX_SDK_INFO_LENGTH:
        return {}
    return {"$lib": name, "$lib_version": version}


def read_batch(body: bytes, encoding: str, limit: int) -> dict:
    """The batch in a body; its events are checked one by one later."""
    if not body:
        raise Refusal(400, "empty_body", "request body is empty")
    try:
        if encoding in DECOMPRESS:
            body = DECOMPRESS[encoding](body, limit)
        document = load(body)
    except TooLarge as error:
        raise Refusal(413, "payload_too_large", error.text) from error
    except Undecodable as error:
        raise Refusal(400, "request_decoding_error", error.text) from error
    except Unparsable as error:
        raise Refusal(400, "request_parsing_error", error.text) from error
    events = document.get("batch") if isinstance(document, dict) else None
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise Refusal(
            400, "request_parsing_error", "expected an object with 'batch', an array of events"
        )
    if not events:
        raise Refusal(400, "empty_batch", "request batch is empty")
    if len(events) > MAX_EVENTS:
        raise Refusal(413, "payload_too_large", TooMany(MAX_EVENTS).text)
    if rfc_3339(document.get("created_at")) is None:
        raise Refusal(
            400, "invalid_batch", "invalid batch: created_at must be a time as RFC 3339 writes it"
        )
    return document


def sort_out(
    events: list[dict], library: dict[str, str], reception: Reception
) -> tuple[list[dict], dict[str, dict]]:
    """The events that can be stored, and the result of each under the uuid it was sent with."""
    stored, results, seen = [], {}, set()
    for event in events:
        sent = event.get("uuid")
        if sent is None or sent == "":
            raise Refusal(400, "missing_event_uuid", "event submitted without a uuid")
        uuid = as_uuid(sent)
        if uuid is None:
            raise Refusal(400, "invalid_event_uuid", "event submitted with a uuid that is none")
        if uuid in seen:
            raise Refusal(400, "duplicate_event_uuid", f"duplicate event uuid: {uuid}")
        seen.add(uuid)
        try:
            stored.append(captured_event(event, uuid, library, reception))
            results[sent.strip()] = {"result": "ok"}
        except Dropped as reason:
            results[sent.strip()] = {"result": "drop", "details": str(reason)}
    return stored, results


def captured_event(event: dict, uuid: str, library: dict[str, str], reception: Reception) -> dict:
    name = text_of(event, "event", "missing_event_name")
    if name == IGNORED_EVENT:
        raise Dropped("dropped_performance_event")
    if len(name) > MAX_NAME_LENGTH:
        raise Dropped("event_name_too_long")
    distinct_id = text_of(event, "distinct_id", "missing_distinct_id")
    if len(distinct_id) > MAX_DISTINCT_ID_LENGTH:
        raise Dropped("distinct_id_too_large")
    if distinct_id.lower() in REFUSED_DISTINCT_IDS or is_illegal(distinct_id):
        raise Dropped("malformed_distinct_id")
    happened = rfc_3339(event.get("timestamp"))
    if happened is None:
        raise Dropped("invalid_event_timestamp")
    properties = event.get("properties", {})
    if not isinstance(properties, dict):
        raise Dropped("malformed_event_properties")
    properties.update(folded(event), **library)
    ignore_sent_at = properties.get("$ignore_sent_at") is True
    time = event_time(
        happened, None, None if ignore_sent_at else reception.sent_at, reception.received_at
    )
    return assembled(uuid, name, distinct_id, time, properties, reception)


def text_of(event: dict, key: str, missing: str) -> str:
    value = event.get(key)
    if not isinstance(value, str) or not value.strip():
        raise Dropped(missing)
    return value.strip() if key == "distinct_id" else value


def folded(event: dict) -> dict[str, Any]:
    """What stands beside the properties here and among them everywhere else."""
    options = event.get("options")
    if options is None:
        options = {}
    if not isinstance(options, dict):
        raise Dropped("invalid_options")
    properties = {}
    for key, name in (("session_id", "$session_id"), ("window_id", "$window_id")):
        if event.get(key) is not None:
            properties[name] = event[key]
    for option, name in FLAG_OPTIONS.items():
        if options.get(option) is not None:
            properties[name] = as_flag(options[option])
    tour = options.get("product_tour_id")
    if tour is not None:
        if not isinstance(tour, str | int) or isinstance(tour, bool):
            raise Dropped("invalid_options")
        properties["$product_tour_id"] = str(tour)
    return properties


def as_flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value != 0
    text = value.strip().lower() if isinstance(value, str) else None
    if text not in TRUE | FALSE:
        raise Dropped("invalid_options")
    return text in TRUE


def as_uuid(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        return str(uuid_utils.UUID(value.strip()))
    except ValueError:
        return None


def rfc_3339(value: Any) -> datetime | None:
    if not isinstance(value, str) or not RFC_3339.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
