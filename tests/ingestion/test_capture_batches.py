"""The newer capture protocol: credentials in headers, an answer for each event."""

import gzip
import zlib
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import brotli
import orjson
import pytest
import zstandard
from django.db import OperationalError
from django.test import Client

from ingestion import guards, queue
from ingestion.decoding import batches
from ingestion.models import QueuedBatch

pytestmark = pytest.mark.django_db

PATH = "/i/v1/analytics/events"
ORIGIN = "https://shop.example.com"


def event(**fields) -> dict:
    return {
        "event": "bought",
        "uuid": str(uuid4()),
        "distinct_id": "ada",
        "timestamp": datetime.now(UTC).isoformat(),
        "options": {},
        "properties": {"price": 3},
        **fields,
    }


def without(key: str) -> dict:
    made = event()
    del made[key]
    return made


@pytest.fixture
def headers(project):
    return {
        "Authorization": f"Bearer {project.api_token}",
        "PostHog-Sdk-Info": "posthog-rs/1.2.3",
        "PostHog-Attempt": "1",
        "PostHog-Request-Id": str(uuid4()),
        "PostHog-Request-Timestamp": datetime.now(UTC).isoformat(),
        "Origin": ORIGIN,
    }


@pytest.fixture
def send(headers):
    """Posts events; headers given as None are left out."""
    client = Client(raise_request_exception=False)

    def post(*events, raw=None, content_type="application/json", headers=headers, path=PATH, **top):
        if raw is None:
            created_at = datetime.now(UTC).isoformat()
            raw = orjson.dumps({"created_at": created_at, "batch": events, **top})
        sent = {name: value for name, value in headers.items() if value is not None}
        sent["Content-Type"] = content_type
        return client.generic("POST", path, raw, headers=sent)

    return post


def assert_refused(response, status: int, tag: str) -> None:
    assert (response.status_code, response.json()["error"]) == (status, tag)
    assert set(response.json()) == {"error", "error_description", "error_uri"}
    assert response["Content-Type"] == "application/json"
    assert response["Access-Control-Allow-Origin"] == ORIGIN
    assert QueuedBatch.objects.count() == 0


@pytest.mark.parametrize("path", [PATH, PATH + "/"])
def test_events_are_answered_in_their_order(send, queued, project, path):
    events = [event(), event(distinct_id=""), event(event="left")]

    r = send(*events, path=path)

    assert r.status_code == 200
    assert list(r.json()["results"].items()) == [
        (events[0]["uuid"], {"result": "ok"}),
        (events[1]["uuid"], {"result": "drop", "details": "missing_distinct_id"}),
        (events[2]["uuid"], {"result": "ok"}),
    ]
    assert "Retry-After" not in r
    assert [stored["event"] for stored in queued()] == ["bought", "left"]
    assert QueuedBatch.objects.get().project_id == project.id


def test_what_is_stored(send, queued):
    sent = event(
        session_id="01A1FA14-2BE1-7BB2-BDED-9E33A2B1B643",
        window_id="w",
        options={
            "cookieless_mode": True,
            "disable_skew_correction": False,
            "product_tour_id": "tour",
            "process_person_profile": False,
            "unknown": 1,
        },
        properties={"price": 3, "$lib": "mine", "$set": {"a": 1}},
    )
    send(sent, historical_migration=True)

    (stored,) = queued()
    assert (stored["uuid"], stored["distinct_id"]) == (sent["uuid"], "ada")
    assert stored["historical"] is True
    properties = stored["properties"]
    assert properties.pop("$sent_at")
    assert properties == {
        "price": 3,
        "$set": {"a": 1},
        "$session_id": "01a1fa14-2be1-7bb2-bded-9e33a2b1b643",
        "$window_id": "w",
        "$cookieless_mode": True,
        "$ignore_sent_at": False,
        "$product_tour_id": "tour",
        "$process_person_profile": False,
        "$lib": "posthog-rs",
        "$lib_version": "1.2.3",
        "$ip": "127.0.0.1",
    }


def test_options_and_properties_may_be_absent(send, queued):
    sent = without("options")
    del sent["properties"]
    assert send(sent).json()["results"] == {sent["uuid"]: {"result": "ok"}}
    assert queued()[0]["properties"]["$lib"] == "posthog-rs"


@pytest.mark.parametrize(
    ("sdk_info", "library"),
    [
        ("posthog/sub-sdk/2.3.4", ("posthog/sub-sdk", "2.3.4")),
        (" posthog-rs / 1.2 ", ("posthog-rs", "1.2")),
        ("no-slash", (None, None)),
        ("/1.0", (None, None)),
        ("posthog-rs/", (None, None)),
        ("posthog-rs/" + "9" * 300, (None, None)),
    ],
)
def test_library(send, headers, queued, sdk_info, library):
    send(event(), headers={**headers, "PostHog-Sdk-Info": sdk_info})
    properties = queued()[0]["properties"]
    assert (properties.get("$lib"), properties.get("$lib_version")) == library


@pytest.mark.parametrize("option", ["disable_skew_correction", "disable_skew_adjustment"])
def test_the_clients_clock_is_corrected_unless_it_says_no(send, headers, queued, option):
    wrong = datetime.now(UTC) - timedelta(hours=3)
    headers = {**headers, "PostHog-Request-Timestamp": wrong.isoformat()}
    times = {"timestamp": wrong.isoformat()}

    send(event(**times), event(**times, options={option: True}), headers=headers)

    corrected, as_sent = (datetime.fromisoformat(stored["timestamp"]) for stored in queued())
    assert datetime.now(UTC) - corrected < timedelta(minutes=1)
    assert as_sent == wrong


@pytest.mark.parametrize("value", [True, "true", " 1 ", 1, 2.5])
def test_true_in_other_words(send, queued, value):
    send(event(options={"process_person_profile": value}))
    assert queued()[0]["properties"]["$process_person_profile"] is True


@pytest.mark.parametrize("value", [False, "FALSE", "0", 0])
def test_false_in_other_words(send, queued, value):
    send(event(options={"process_person_profile": value}))
    assert queued()[0]["properties"]["$process_person_profile"] is False


@pytest.mark.parametrize(
    ("faulty", "details"),
    [
        (event(event=""), "missing_event_name"),
        (without("event"), "missing_event_name"),
        (event(event="x" * 201), "event_name_too_long"),
        (without("distinct_id"), "missing_distinct_id"),
        (event(distinct_id="  "), "missing_distinct_id"),
        (event(distinct_id=None), "missing_distinct_id"),
        (event(distinct_id="x" * 201), "distinct_id_too_large"),
        (event(distinct_id="undefined"), "malformed_distinct_id"),
        (event(distinct_id=" Guest "), "malformed_distinct_id"),
        (event(distinct_id="'null'"), "malformed_distinct_id"),
        (event(distinct_id="Backend"), "malformed_distinct_id"),
        (event(distinct_id="00000000-0000-0000-0000-000000000000"), "malformed_distinct_id"),
        (without("timestamp"), "invalid_event_timestamp"),
        (event(timestamp="yesterday"), "invalid_event_timestamp"),
        (event(timestamp="2026-13-01T00:00:00Z"), "invalid_event_timestamp"),
        (event(timestamp="2026-01-01"), "invalid_event_timestamp"),
        (event(timestamp=1777896000), "invalid_event_timestamp"),
        (event(properties=[1]), "malformed_event_properties"),
        (event(properties=None), "malformed_event_properties"),
        (event(properties="x"), "malformed_event_properties"),
        (event(options=[]), "invalid_options"),
        (event(options={"cookieless_mode": "maybe"}), "invalid_options"),
        (event(options={"cookieless_mode": []}), "invalid_options"),
        (event(options={"product_tour_id": {}}), "invalid_options"),
        (event(event="$performance_event"), "dropped_performance_event"),
    ],
)
def test_a_faulty_event_is_dropped_alone(send, queued, faulty, details):
    good = event()
    r = send(faulty, good)
    assert r.status_code == 200
    assert r.json()["results"] == {
        faulty["uuid"]: {"result": "drop", "details": details},
        good["uuid"]: {"result": "ok"},
    }
    assert [stored["uuid"] for stored in queued()] == [good["uuid"]]


def test_a_batch_of_faulty_events_stores_nothing(send):
    assert send(event(event="")).status_code == 200
    assert QueuedBatch.objects.count() == 0


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("zstd", zstandard.compress),
        ("identity", bytes),
    ],
)
def test_encodings(send, headers, queued, encoding, compress):
    raw = orjson.dumps({"created_at": datetime.now(UTC).isoformat(), "batch": [event()]})
    r = send(raw=compress(raw), headers={**headers, "Content-Encoding": encoding})
    assert r.status_code == 200
    assert len(queued()) == 1


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("zstd", zstandard.compress),
        (None, bytes),
    ],
)
def test_too_large(send, headers, settings, encoding, compress):
    settings.CAPTURE_MAX_BYTES = 100_000
    r = send(raw=compress(b"[" * 100_001), headers={**headers, "Content-Encoding": encoding})
    assert_refused(r, 413, "payload_too_large")


def test_too_many_events(send, monkeypatch):
    monkeypatch.setattr(batches, "MAX_EVENTS", 2)
    assert send(event(), event()).status_code == 200
    QueuedBatch.objects.all().delete()
    assert_refused(send(event(), event(), event()), 413, "payload_too_large")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_not_what_the_encoding_says(send, headers, encoding):
    r = send(event(), headers={**headers, "Content-Encoding": encoding})
    assert_refused(r, 400, "request_decoding_error")


@pytest.mark.parametrize(
    "name",
    ["PostHog-Sdk-Info", "PostHog-Attempt", "PostHog-Request-Id", "PostHog-Request-Timestamp"],
)
def test_missing_headers(send, headers, name):
    r = send(event(), headers={**headers, name: None})
    assert_refused(r, 400, "missing_required_headers")
    assert name in r.json()["error_description"]


def test_missing_content_type(send):
    assert_refused(send(event(), content_type=""), 400, "missing_required_headers")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "Basic abc"),
        ("Authorization", "phc_without_scheme"),
        ("PostHog-Attempt", "0"),
        ("PostHog-Attempt", "first"),
        ("PostHog-Attempt", "-1"),
        ("PostHog-Request-Id", "17"),
        ("PostHog-Request-Timestamp", "today"),
        ("PostHog-Request-Timestamp", "2026-05-04T12:00:00"),
        ("PostHog-Request-Timestamp", "1777896000"),
    ],
)
def test_invalid_headers(send, headers, name, value):
    r = send(event(), headers={**headers, name: value})
    assert_refused(r, 400, "invalid_header_value")
    assert name in r.json()["error_description"]


@pytest.mark.parametrize(
    "value", [None, "Bearer phc_of_no_project", "Bearer phx_secret", f"Bearer {'x' * 65}"]
)
def test_invalid_tokens(send, headers, value):
    r = send(event(), headers={**headers, "Authorization": value})
    assert_refused(r, 401, "invalid_api_token")


def test_the_scheme_is_read_in_any_case(send, headers, project):
    headers["Authorization"] = f"bEARER   {project.api_token} "
    assert send(event(), headers=headers).status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_other_content_types(send, content_type):
    assert_refused(send(event(), content_type=content_type), 415, "unsupported_content_type")


def test_content_type_with_charset(send):
    assert send(event(), content_type="Application/JSON; charset=utf-8").status_code == 200


@pytest.mark.parametrize("encoding", ["lz4", "gzip, br", "base64"])
def test_other_encodings(send, headers, encoding):
    r = send(event(), headers={**headers, "Content-Encoding": encoding})
    assert_refused(r, 415, "unsupported_encoding")


@pytest.mark.parametrize(
    ("raw", "tag"),
    [
        (b"", "empty_body"),
        (b"{", "request_parsing_error"),
        (b"[]", "request_parsing_error"),
        (b"{}", "request_parsing_error"),
        (b'{"batch": {}}', "request_parsing_error"),
        (b'{"batch": [1]}', "request_parsing_error"),
        (b"[" * 100_000, "request_parsing_error"),
        (b'"\xff"', "request_decoding_error"),
        (b'{"created_at": "2026-05-04T12:00:00Z", "batch": []}', "empty_batch"),
        (b'{"created_at": "today", "batch": [{}]}', "invalid_batch"),
        (b'{"batch": [{}]}', "invalid_batch"),
    ],
)
def test_unreadable_bodies(send, raw, tag):
    assert_refused(send(raw=raw), 400, tag)


@pytest.mark.parametrize(
    ("faulty", "tag"),
    [
        (without("uuid"), "missing_event_uuid"),
        (event(uuid=""), "missing_event_uuid"),
        (event(uuid=None), "missing_event_uuid"),
        (event(uuid="17"), "invalid_event_uuid"),
        (event(uuid=17), "invalid_event_uuid"),
    ],
)
def test_events_that_could_not_be_answered_for(send, faulty, tag):
    assert_refused(send(event(), faulty), 400, tag)


def test_the_same_uuid_twice(send):
    first = event()
    assert_refused(send(first, event(uuid=first["uuid"].upper())), 400, "duplicate_event_uuid")


def test_results_are_named_as_the_client_sent_them(send, queued):
    sent = event()
    r = send({**sent, "uuid": f" {sent['uuid'].upper()} "})
    assert r.json()["results"] == {sent["uuid"].upper(): {"result": "ok"}}
    assert queued()[0]["uuid"] == sent["uuid"]


@pytest.mark.parametrize(("status", "tag"), [(429, "rate_limited"), (503, "service_unavailable")])
def test_a_shut_guard_writes_nothing(send, monkeypatch, status, tag):
    def check(*args):
        raise guards.Shut(status, "too much", 17)

    monkeypatch.setattr(guards, "check", check)
    r = send(event())
    assert_refused(r, status, tag)
    assert r["Retry-After"] == "17"


@pytest.mark.parametrize("failure", [queue.Unavailable("full"), OperationalError("gone")])
def test_a_store_that_is_down_asks_to_retry(send, monkeypatch, failure):
    def put(*args, **kwargs):
        raise failure

    monkeypatch.setattr(queue, "put", put)
    r = send(event())
    assert_refused(r, 503, "service_unavailable")
    assert r["Retry-After"] == "1"


def test_a_crash_is_answered_in_the_protocols_terms(send, monkeypatch, caplog):
    monkeypatch.setattr(queue, "put", lambda *args: 1 / 0)
    r = send(event())
    assert_refused(r, 500, "internal_error")
    assert r["Retry-After"] == "1"
    assert "ZeroDivisionError" in caplog.text


def test_other_methods(client):
    r = client.get(PATH, headers={"Origin": ORIGIN})
    assert_refused(r, 405, "method_not_allowed")
    assert r["Allow"] == "POST, OPTIONS"
