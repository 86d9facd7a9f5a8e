"""The shapes in which clients send events, and what becomes of an event."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import uuid_utils

from ingestion.decoding.clocks import client_clock, event_time
from ingestion.decoding.errors import CaptureError, InvalidToken, TooMany, Unparsable
from posthog_clone.api.times import parse_timestamp

TOKEN_KEYS = ("token", "$token", "api_key")
MAX_TOKEN_LENGTH = 64
MAX_EVENTS = 100_000  # the smallest events grow fiftyfold on their way through memory
MAX_NAME_LENGTH = 200
MAX_DISTINCT_ID_LENGTH = 200
CANONICAL_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
PERSONAL_KEY_PREFIX = "phx_"
IGNORED_EVENT = "$performance_event"


@dataclass(slots=True)
class Batch:
    """What one request sent."""

    token: str
    events: list[dict]
    sent_at: datetime | None
    historical: bool


@dataclass(slots=True)
class Reception:
    """What holds for every event of a request."""

    received_at: datetime
    sent_at: datetime | None
    ip: str | None
    keep_ip: bool
    """Whether the project wants its clients' addresses stored."""


def parse_batch(document: Any, query: Mapping[str, str], unnamed: str | None = None) -> Batch:
    """The events of a decoded payload: a batch, an array of events, or a single one.

    Events without a name get the name `unnamed`, if given.
    """
    token = sent_at = None
    historical = False
    if isinstance(document, dict) and "batch" in document:
        events = document["batch"]
        token = own_token(document)
        sent_at = parse_timestamp(document.get("sent_at"))
        historical = document.get("historical_migration") is True
    else:
        events = [document] if isinstance(document, dict) else document
    if not isinstance(events, list):
        raise Unparsable("expected an event, an array of events or an object with 'batch'")
    if not events:
        raise CaptureError(400, "request holds no event")
    if len(events) > MAX_EVENTS:
        raise TooMany(MAX_EVENTS)
    for event in events:
        if not isinstance(event, dict):
            raise Unparsable(f"expected an event, an object, instead of {excerpt(event)}")
        if unnamed and event.get("event") is None:
            event["event"] = unnamed
    if token is None:
        token = common_token(events)
    if token is None:
        token = query.get("token", query.get("api_key"))
    if sent_at is None and "_" in query:
        sent_at = client_clock(query["_"])
    return Batch(valid_token(token), events, sent_at, historical)


def own_token(holder: Mapping[str, Any]) -> str | None:
    for key in TOKEN_KEYS:
        token = holder.get(key)
        if token is not None:
            if not isinstance(token, str):
                raise Unparsable(f"'{key}' must be a string instead of {excerpt(token)}")
            return token.strip()
    return None


def common_token(events: Iterable[dict]) -> str | None:
    """The token the events agree on."""
    found = None
    for event in events:
        token = own_token(event)
        if token is None:
            properties = event.get("properties")
            token = properties.get("token") if isinstance(properties, dict) else None
            if not isinstance(token, str):
                continue
            token = token.strip()
        if found is not None and token != found:
            raise InvalidToken("batch submitted with inconsistent api_key values")
        found = token
    return found


def valid_token(token: str | None) -> str:
    """`token` if a project could have it; whether one has is for the database to say."""
    if token is None:
        raise InvalidToken("event submitted without an api_key")
    if fault := token_fault(token):
        raise InvalidToken(f"API key is not valid: {fault}")
    return token


def token_fault(token: str) -> str | None:
    if not token:
        return "empty"
    if len(token) > MAX_TOKEN_LENGTH:
        return "too_long"
    if "\0" in token or "\ufffd" in token:  # what NUL has become on its way here
        return "null_byte"
    if not token.isascii():
        return "not_ascii"
    if token.startswith(PERSONAL_KEY_PREFIX):
        return "personal_api_key"
    return None


def captured_events(events: Iterable[dict], reception: Reception) -> list[dict]:
    """The events as the queue takes them; a single faulty one refuses them all."""
    return [
        captured_event(event, reception)
        for event in events
        if name_of(event) != IGNORED_EVENT  # of an old recorder; nobody reads them
    ]


def captured_event(event: dict, reception: Reception) -> dict:
    properties = object_of(event, "properties")
    distinct_id = distinct_id_of(event, properties)
    merge_person_properties(event, properties)
    if not isinstance(properties.get("$cookieless_mode", False), bool):
        raise CaptureError(400, "event submitted with invalid cookieless mode")
    ignore_sent_at = properties.get("$ignore_sent_at") is True
    time = event_time(
        event.get("timestamp"),
        event.get("offset"),
        None if ignore_sent_at else reception.sent_at,
        reception.received_at,
    )
    return assembled(
        event_uuid(event.get("uuid")),
        name_of(event)[:MAX_NAME_LENGTH],
        distinct_id,
        time,
        properties,
        reception,
    )


def assembled(
    uuid: str,
    name: str,
    distinct_id: str,
    time: datetime,
    properties: dict[str, Any],
    reception: Reception,
) -> dict:
    """What every capture protocol hands on; fills in what only the request tells."""
    if not reception.keep_ip:
        properties.pop("$ip", None)
    elif reception.ip and "$ip" not in properties:
        properties["$ip"] = reception.ip
    if reception.sent_at:
        properties["$sent_at"] = reception.sent_at.isoformat()
    session_id = properties.get("$session_id")
    if isinstance(session_id, str) and CANONICAL_UUID.fullmatch(session_id):
        properties["$session_id"] = session_id.lower()
    return {
        "uuid": uuid,
        "event": name,
        "distinct_id": distinct_id,
        "timestamp": time.isoformat(timespec="microseconds"),
        "properties": properties,
    }


def name_of(event: dict) -> str:
    name = event.get("event")
    if name is None or name == "":
        raise CaptureError(400, "event submitted with an empty event name")
    if not isinstance(name, str):
        raise Unparsable(f"'event' must be a string instead of {excerpt(name)}")
    return name


def distinct_id_of(event: dict, properties: dict) -> str:
    value = event.get("distinct_id")
    if value is None:
        value = event.get("$distinct_id")
    if value is None:
        value = properties.get("distinct_id")
    if value is not None and not isinstance(value, str):
        value = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    if not value or value.isspace():
        raise CaptureError(400, "event submitted without a distinct_id")
    return value[:MAX_DISTINCT_ID_LENGTH]


def event_uuid(value: Any) -> str:
    """The event's id: the client's, so that what it sends twice is one event, else a new one."""
    if value is None or value == "":
        return str(uuid_utils.uuid7())
    if isinstance(value, str):
        if CANONICAL_UUID.fullmatch(value):
            return value.lower()
        try:
            return str(uuid_utils.UUID(value))
        except ValueError:
            pass
    raise Unparsable(f"'uuid' must be a UUID instead of {excerpt(value)}")


def merge_person_properties(event: dict, properties: dict) -> None:
    """Take what an event sets on its person beside its properties into them."""
    for key in ("$set", "$set_once"):
        if event.get(key) is not None:
            beside, within = object_of(event, key), properties.get(key)
            properties[key] = {**within, **beside} if isinstance(within, dict) else beside


def object_of(event: dict, key: str) -> dict:
    value = event.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unparsable(f"'{key}' must be an object instead of {excerpt(value)}")
    return value


def excerpt(value: Any) -> str:
    return orjson.dumps(value)[:60].decode("utf-8", "ignore")
