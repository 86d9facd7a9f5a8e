"""What becomes of export requests, whatever their encoding."""

import gzip
import json
import math
from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from logs import otlp
from logs.otlp import rows as otlp_rows
from logs.otlp.severity import severity
from tests.logs.exporting import document, export_request, nanoseconds, protobuf

NOW = datetime.now(UTC)
MAX_BYTES = 1024 * 1024


def decode(body, content_type="application/x-protobuf", **options):
    if not isinstance(body, bytes):
        body, content_type = json.dumps(body).encode(), "application/json"
    options = {
        "project_id": 7,
        "retention_days": 30,
        "received_at": NOW,
        "max_bytes": MAX_BYTES,
        **options,
    }
    return [orjson.loads(line) for line in otlp.decode(body, content_type, **options).lines]


def decode_one(body, *args, **options):
    (row,) = decode(body, *args, **options)
    return row


def record(**fields):
    return {"timeUnixNano": str(nanoseconds()), **fields}


def test_a_record_in_full():
    at = nanoseconds(seconds_ago=5)
    row = decode_one(
        protobuf(
            {
                "time_unix_nano": at,
                "severity_number": 18,
                "severity_text": "ERROR",
                "body": "no stock",
                "trace_id": bytes(range(16)),
                "span_id": bytes(range(8)),
                "flags": 1,
                "event_name": "checkout.failed",
                "attributes": {"order": "o1", "items": 3, "vip": True, "total": 9.5, "none": None},
            },
            resource={"service.name": "shop", "pid": 41},
        )
    )

    assert UUID(row.pop("uuid")).version == 7
    assert row.pop("resource_fingerprint") > 0
    assert row == {
        "team_id": 7,
        "timestamp": f"{at // 10**9}.{at // 1000 % 10**6:06d}",
        "observed_timestamp": f"{NOW.timestamp():.6f}",
        "retention_days": 30,
        "severity_number": 18,
        "severity_text": "error",
        "body": "no stock",
        "service_name": "shop",
        "attributes": {"order": "o1", "items": "3", "vip": "true", "total": "9.5", "none": ""},
        "resource_attributes": {"service.name": "shop", "pid": "41"},
        "instrumentation_scope": "app@1.0",
        "event_name": "checkout.failed",
        "trace_id": "000102030405060708090A0B0C0D0E0F",
        "span_id": "0001020304050607",
        "trace_flags": 1,
    }


def test_ids_differ_and_sort_in_the_order_of_the_records():
    rows = [
        *decode(protobuf(*({"body": str(n)} for n in range(300)))),
        *decode(protobuf(*({"body": str(n)} for n in range(300, 600)))),
    ]

    ids = [UUID(row["uuid"]) for row in rows]
    assert [row["body"] for row in rows] == [str(n) for n in range(600)]
    assert sorted(set(ids)) == ids
    assert {id.version for id in ids} == {7}


def test_json_and_snake_case_say_the_same_as_protobuf():
    at = nanoseconds()
    attributes = {"s": "x", "i": 2**60, "b": False, "d": 0.5, "l": ["a", 1], "m": {"k": None}}
    expected = decode_one(
        protobuf(
            {
                "time_unix_nano": at,
                "severity_number": 9,
                "body": "text",
                "trace_id": b"\xab" * 16,
                "span_id": b"\xcd" * 8,
                "attributes": attributes,
            }
        )
    )
    values = [
        {"key": "s", "value": {"stringValue": "x"}},
        {"key": "i", "value": {"intValue": str(2**60)}},
        {"key": "b", "value": {"boolValue": False}},
        {"key": "d", "value": {"doubleValue": 0.5}},
        {
            "key": "l",
            "value": {"arrayValue": {"values": [{"stringValue": "a"}, {"intValue": 1}]}},
        },
        {"key": "m", "value": {"kvlistValue": {"values": [{"key": "k", "value": {}}]}}},
    ]
    camel = document(
        {
            "timeUnixNano": str(at),
            "severityNumber": "SEVERITY_NUMBER_INFO",
            "body": {"stringValue": "text"},
            "traceId": "ab" * 16,
            "spanId": "CD" * 8,
            "attributes": values,
            "somethingNew": {"x": 1},
        }
    )
    snake = json.loads(
        json.dumps(camel)
        .replace("timeUnixNano", "time_unix_nano")
        .replace("severityNumber", "severity_number")
        .replace("traceId", "trace_id")
        .replace("spanId", "span_id")
        .replace("resourceLogs", "resource_logs")
        .replace("scopeLogs", "scope_logs")
        .replace("logRecords", "log_records")
        .replace("stringValue", "string_value")
        .replace("kvlistValue", "kvlist_value")
    )
    for body in (camel, snake):
        row = decode_one(body)
        assert {**row, "uuid": expected["uuid"]} == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        ("plain", "plain"),
        (b"\x00\xff", "AP8="),
        (True, "true"),
        (-3, "-3"),
        (1.0, "1.0"),
        (math.nan, "NaN"),
        ([1, "a", None, b"\x00"], '[1,"a",null,"AA=="]'),
        ({"a": {"b": [True]}}, '{"a":{"b":[true]}}'),
        ([], "[]"),
        ({}, "{}"),
    ],
)
def test_bodies_and_attributes_are_text(value, text):
    row = decode_one(protobuf({"body": value, "attributes": {"x": value}}))
    assert (row["body"], row["attributes"]["x"]) == (text, text)


@pytest.mark.parametrize("body", [{}, None, {"stringValue": None}])
def test_empty_values_in_json(body):
    assert decode_one(document(record(body=body)))["body"] == ""


@pytest.mark.parametrize("value", [{"bytesValue": "AP8="}, {"intValue": "5"}, {"intValue": 5.0}])
def test_values_in_json_spellings(value):
    assert decode_one(document(record(body=value)))["body"] in ("AP8=", "5")


def test_last_of_duplicate_keys_wins():
    request = export_request({})
    attributes = request.resource_logs[0].scope_logs[0].log_records[0].attributes
    for value in ("first", "last"):
        attributes.add(key="k").value.string_value = value
    assert decode_one(request.SerializeToString())["attributes"] == {"k": "last"}


def test_ids_of_the_wrong_length_are_none():
    row = decode_one(protobuf({"trace_id": b"abc", "span_id": b""}))
    assert (row["trace_id"], row["span_id"]) == ("0" * 32, "0" * 16)
    row = decode_one(document(record(traceId="xyz", spanId="")))
    assert (row["trace_id"], row["span_id"]) == ("0" * 32, "0" * 16)


def test_without_scope_and_service():
    row = decode_one(protobuf({}, resource={}, scope=("", "")))
    assert (row["service_name"], row["instrumentation_scope"]) == ("", "")
    assert row["resource_attributes"] == {}


def test_fingerprints_tell_resources_apart_and_not_their_order():
    one, other, reordered = (
        decode_one(protobuf({}, resource=resource))["resource_fingerprint"]
        for resource in ({"a": "1", "b": "2"}, {"a": "1", "b": "3"}, {"b": "2", "a": "1"})
    )
    assert one == reordered != other


@pytest.mark.parametrize(
    ("number", "text", "body", "expected"),
    [
        (1, "", "", (1, "trace")),
        (8, "", "", (8, "debug")),
        (9, "ERROR", "", (9, "info")),
        (16, "", "", (16, "warn")),
        (20, "", "", (20, "error")),
        (24, "", "", (24, "fatal")),
        (25, "", "", (25, "unknown")),
        (0, "", "", (9, "info")),
        (0, "Warning", "", (13, "warn")),
        (0, " EROR ", "", (17, "error")),
        (0, "emerg", "", (21, "fatal")),
        (0, "dbug", "", (5, "debug")),
        (0, "nonsense", "", (9, "info")),
        (0, "info", '{"level":"error"}', (17, "error")),
        (0, "info", '{"severity":"CRITICAL"}', (21, "fatal")),
        (0, "info", '{"log.level":"warn"}', (13, "warn")),
        (0, "info", '{"log":{"level":"warn"}}', (13, "warn")),
        (0, "debug", '{"config":{"log_level":"trace"}}', (1, "trace")),
        (0, "debug", '{"level":30}', (5, "debug")),
        (0, "debug", '{"level":', (5, "debug")),
        (13, "", '{"level":"error"}', (13, "warn")),
        (-4, "fatal", "", (21, "fatal")),
    ],
)
def test_severity(number, text, body, expected):
    assert severity(number, text, body) == expected


def test_a_level_within_a_body_of_fields():
    assert decode_one(protobuf({"body": {"level": "error"}}))["severity_text"] == "error"


def test_missing_time_is_the_observed_one_or_now():
    observed = nanoseconds(seconds_ago=60)
    row = decode_one(protobuf({"time_unix_nano": 0, "observed_time_unix_nano": observed}))
    assert row["timestamp"].startswith(str(observed // 10**9))
    row = decode_one(protobuf({"time_unix_nano": 0}))
    assert row["timestamp"] == row["observed_timestamp"]


@pytest.mark.parametrize("offset", [timedelta(hours=-25), timedelta(hours=25), timedelta(days=9)])
def test_unplausible_times_become_now_and_are_kept_aside(offset):
    sent = NOW.replace(microsecond=250_000) + offset
    at = int(sent.timestamp()) * 10**9 + 250_000_000
    row = decode_one(protobuf({"time_unix_nano": at, "attributes": {"a": "b"}}))

    assert row["timestamp"] == row["observed_timestamp"]
    assert datetime.fromisoformat(row["attributes"].pop("$originalTimestamp")) == sent
    assert row["attributes"] == {"a": "b"}


def test_the_far_end_of_time():
    row = decode_one(protobuf({"time_unix_nano": 2**64 - 1}))
    assert row["attributes"]["$originalTimestamp"] == "2554-07-21T23:34:33.709551615+00:00"


def test_a_day_off_is_kept():
    at = nanoseconds(seconds_ago=23 * 3600)
    row = decode_one(protobuf({"time_unix_nano": at}))
    assert row["timestamp"].startswith(str(at // 10**9))


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "", "application/x-protobuf"]
)
def test_the_encoding_is_found_whatever_the_header_says(content_type):
    for body in (json.dumps(document(record())).encode(), protobuf({})):
        assert decode_one(body, content_type)["service_name"] == "checkout"


def test_json_after_a_blank_line_is_not_mistaken_for_protobuf():
    body = b"\n\n  " + json.dumps(document(record())).encode()
    assert decode_one(body, "")["service_name"] == "checkout"


def test_json_lines():
    line = json.dumps(document(record())).encode()
    assert len(decode(line + b"\r\n\n" + line + b"\n", "application/json")) == 2
    assert len(decode(line + b"\n" + line, "text/plain")) == 2


def test_empty_requests():
    for body in (b"", b"{}", b'{"resourceLogs":null}', b'{"resource_logs":[]}', b'{"other":1}'):
        assert decode(body, "application/json") == []
    assert decode(b"") == []
    assert decode(document()) == []


def test_gzip_with_or_without_a_header():
    body = protobuf({"body": "packed"})
    assert decode_one(gzip.compress(body))["body"] == "packed"
    assert decode_one(gzip.compress(body[:9]) + gzip.compress(body[9:]))["body"] == "packed"


@pytest.mark.parametrize(
    "body",
    [
        b"not anything",
        b"\x00\x01\x02",
        b"[]",
        b"[1]",
        b"7",
        b'"text"',
        b"{",
        b'{"resourceLogs":{}}',
        b'{"resourceLogs":[7]}',
        b'{"resourceLogs":[{"resource":[]}]}',
        b'{"resourceLogs":[{}]}\n{"resourceLogs":7}',
        gzip.compress(b"x" * 100)[:-9],
        b"\x1f\x8bnot gzip at all",
        gzip.compress(b"") * 101,  # of 10 MB, unpacking would take minutes
        b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"x":"\\u0041","timeUnixNano":'
        b'{"high":1e400,"low":0}}]}]}]}',
    ],
)
def test_bodies_that_are_no_request(body):
    for content_type in ("application/json", "application/x-protobuf", ""):
        with pytest.raises(otlp.BadInput):
            decode(body, content_type)


@pytest.mark.parametrize(
    "fields",
    [
        {"timeUnixNano": "yesterday"},
        {"timeUnixNano": -1},
        {"timeUnixNano": 2**64},
        {"timeUnixNano": 1.5},
        {"timeUnixNano": True},
        {"severityNumber": "SEVERITY_NUMBER_LOUD"},
        {"severityText": 5},
        {"body": "bare text"},
        {"body": [1]},
        {"body": {"stringValue": 5}},
        {"body": {"intValue": "five"}},
        {"body": {"intValue": str(2**63)}},
        {"body": {"boolValue": "true"}},
        {"body": {"doubleValue": "x"}},
        {"body": {"arrayValue": {"values": 5}}},
        {"body": {"kvlistValue": {"values": [5]}}},
        {"attributes": {"a": 1}},
        {"attributes": [{"key": 1}]},
        {"flags": 2**32},
        {"traceId": 12},
    ],
)
def test_one_bad_record_fails_the_request(fields):
    with pytest.raises(otlp.BadInput):
        decode(document(record(), record(**fields)))


def test_numbers_as_javascript_sends_them():
    at = nanoseconds()
    for time in (str(at), at, float(at), {"low": (at & 0xFFFFFFFF) - 2**32, "high": at >> 32}):
        row = decode_one(document({"timeUnixNano": time, "severityNumber": "9", "flags": "1"}))
        assert row["timestamp"][:10] == str(at // 10**9)


def test_halves_of_characters_are_replaced():
    body = json.dumps(document(record(body={"stringValue": "cut \ud83d"}))).encode()
    assert b"\\ud83d" in body
    assert decode_one(body, "application/json")["body"] == "cut \ufffd"


def test_values_too_deep_are_refused():
    value = {"stringValue": "deep"}
    for _ in range(200):
        value = {"arrayValue": {"values": [value]}}
    with pytest.raises(otlp.BadInput, match="nested"):
        decode(document(record(body=value)))


def test_bodies_too_large_are_refused_packed_and_unpacked():
    body = protobuf({"body": "x" * 5000})
    for sent in (body, gzip.compress(body)):
        with pytest.raises(otlp.TooLarge):
            decode(sent, max_bytes=4000)
    assert len(gzip.compress(body)) < 4000


def test_a_small_body_of_endless_records_is_refused(monkeypatch):
    monkeypatch.setattr(otlp_rows, "MAX_ROW_BYTES", 100_000)
    body = protobuf(*[{"time_unix_nano": 0}] * 1000)
    assert len(body) < 5000
    with pytest.raises(otlp.TooLarge):
        decode(body)


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def json_value(value):
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, bytes):
        return {"bytesValue": b64encode(value).decode()}
    if isinstance(value, list):
        return {"arrayValue": {"values": [json_value(item) for item in value]}}
    if isinstance(value, dict):
        pairs = [{"key": key, "value": json_value(item)} for key, item in value.items()]
        return {"kvlistValue": {"values": pairs}}
    return {"stringValue": value}


@given(values, st.dictionaries(st.text(), values, max_size=4), st.integers(0, 30))
def test_both_encodings_agree_on_anything(body, attributes, number):
    at = nanoseconds()
    from_protobuf = decode_one(
        protobuf(
            {
                "time_unix_nano": at,
                "body": body,
                "attributes": attributes,
                "severity_number": number,
            }
        )
    )
    pairs = [{"key": key, "value": json_value(value)} for key, value in attributes.items()]
    fields = {"body": json_value(body), "attributes": pairs, "severityNumber": number}
    from_json = decode_one(document({"timeUnixNano": str(at), **fields}))

    del from_protobuf["uuid"], from_json["uuid"]
    assert from_json == from_protobuf


@given(st.binary(max_size=300), st.sampled_from(["", "application/json", "application/x-protobuf"]))
def test_any_bytes_are_decoded_or_refused(body, content_type):
    with suppress(otlp.BadInput, otlp.TooLarge):
        decode(body, content_type)


json_documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["resourceLogs", "resource", "scopeLogs", "scope", "name", "logRecords", "body"]
                + [
                    "attributes",
                    "key",
                    "value",
                    "values",
                    "stringValue",
                    "arrayValue",
                    "kvlistValue",
                ]
                + ["intValue", "timeUnixNano", "severityNumber", "severityText", "traceId", "flags"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=30,
)


@given(json_documents)
def test_any_json_is_decoded_or_refused(content):
    with suppress(otlp.BadInput, otlp.TooLarge):
        decode(json.dumps({"resourceLogs": [content]}).encode(), "application/json")


@given(json_documents)
def test_any_record_is_decoded_or_refused(content):
    assume(isinstance(content, dict))
    with suppress(otlp.BadInput, otlp.TooLarge):
        decode(document(content))
