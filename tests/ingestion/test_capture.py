"""The capture endpoints over HTTP: where they are, what they answer, what reaches the queue."""

import gzip
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from django.db import OperationalError
from django.test import Client

from ingestion import guards, queue, tokens
from ingestion.middleware import Routes
from ingestion.models import QueuedBatch
from ingestion.urls import urlpatterns
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db

CAPTURE_PATHS = [
    "/batch/",
    "/e/",
    "/i/v0/e/",
    "/capture/",
    "/track/",
    "/engage/",
    "/i/v0/ai/batch/",
    "/i/v0/ai/",
]
EVENT = {"event": "bought", "distinct_id": "ada"}
ORIGIN = "https://shop.example.com"


@pytest.fixture
def send(project):
    """Posts a document, with the project's token at its top unless it is a list."""
    client = Client(raise_request_exception=False)

    def post(document=None, path="/batch/", *, raw=None, content_type="application/json", **extra):
        if raw is None:
            if isinstance(document, dict):
                document = {"api_key": project.api_token, **document}
            raw = orjson.dumps(document)
        return client.generic("POST", path, raw, content_type, **extra)

    return post


@pytest.mark.parametrize("path", CAPTURE_PATHS)
@pytest.mark.parametrize("slash", [True, False])
@pytest.mark.parametrize("shape", ["batch", "array", "single"])
def test_every_path_takes_every_shape(send, project, queued, path, slash, shape):
    document = {
        "batch": {"batch": [EVENT]},
        "array": [{**EVENT, "token": project.api_token}],
        "single": EVENT,
    }[shape]

    r = send(document, path if slash else path.rstrip("/"))

    assert (r.status_code, r.json()) == (200, {"status": "Ok"})
    assert (r["Content-Type"], r["Content-Length"]) == ("application/json", "15")
    (event,) = queued()
    assert (event["event"], event["distinct_id"]) == ("bought", "ada")
    (batch,) = QueuedBatch.objects.all()
    assert batch.project_id == project.id


@pytest.mark.parametrize("path", CAPTURE_PATHS)
def test_get_takes_the_payload_in_the_query(client, project, queued, path):
    data = orjson.dumps({**EVENT, "token": project.api_token}).decode()
    r = client.get(path, {"data": data, "ip": "1", "ver": "1.2", "retry_count": "3"})
    assert (r.status_code, r.json()) == (200, {"status": "Ok"})
    assert len(queued()) == 1


def test_engage_names_events_and_others_do_not(send, queued):
    person = {"distinct_id": "ada", "$set": {"plan": "pro"}}

    assert send(person, "/engage/").status_code == 200
    r = send(person, "/track/")

    assert (r.status_code, r.content) == (400, b"event submitted with an empty event name")
    (event,) = queued()
    assert (event["event"], event["properties"]["$set"]) == ("$identify", {"plan": "pro"})


def test_beacons_get_no_content(send, queued):
    r = send(EVENT, "/e/?beacon=1")
    assert (r.status_code, r.content) == (204, b"")
    assert "Content-Type" not in r
    assert len(queued()) == 1


def test_dropping_every_event_is_fine(send, queued):
    r = send({"batch": [{"event": "$performance_event", "distinct_id": "a"}]})
    assert (r.status_code, r.json()) == (200, {"status": "Ok"})
    assert queued() == []


def test_historical_migration_reaches_the_queue(send, queued):
    send({"batch": [EVENT], "historical_migration": True})
    send({"batch": [EVENT]})
    assert [event.get("historical", False) for event in queued()] == [True, False]


# Refusals


def assert_refused(response, status: int, text: str) -> None:
    assert (response.status_code, response.content.decode()) == (status, text)
    assert response["Content-Type"].startswith("text/plain")
    assert QueuedBatch.objects.count() == 0


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", "request missing data payload"),
        (b"[]", "request holds no event"),
        (b'{"api_key": "phc_x", "batch": []}', "request holds no event"),
    ],
)
def test_nothing_sent(send, raw, text):
    assert_refused(send(raw=raw), 400, text)


@pytest.mark.parametrize(
    ("raw", "encoding", "start"),
    [
        (b"{}", "gzip", "failed to decode request: "),
        (b"\x1f\x8b\x08rubbish", "", "failed to decode request: "),
        (b'"\xff\xfe"', "", "failed to decode request: "),
        (b"{not json", "", "failed to parse request: "),
        (b"nonsense", "", "failed to parse request: "),
        (b"17", "", "failed to parse request: "),
        (b"[" * 100_000 + b"]" * 100_000, "", "failed to parse request: "),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "", "failed to parse request: "),
    ],
)
def test_unreadable_payloads(send, raw, encoding, start):
    r = send(raw=raw, HTTP_CONTENT_ENCODING=encoding)
    assert_refused(r, 400, r.content.decode())
    assert r.content.decode().startswith(start)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({"distinct_id": "ada"}, "event submitted with an empty event name"),
        ({"event": "e"}, "event submitted without a distinct_id"),
        (
            {**EVENT, "properties": {"$cookieless_mode": 1}},
            "event submitted with invalid cookieless mode",
        ),
    ],
)
def test_one_bad_event_stores_none(send, event, text):
    assert_refused(send({"batch": [EVENT, event, EVENT]}), 400, text)


@pytest.mark.parametrize(
    ("token", "text"),
    [
        (None, "event submitted without an api_key"),
        ("", "API key is not valid: empty"),
        ("x" * 65, "API key is not valid: too_long"),
        ("phc_é", "API key is not valid: not_ascii"),
        ("phx_secret", "API key is not valid: personal_api_key"),
        ("a\0b", "API key is not valid: null_byte"),
    ],
)
def test_malformed_tokens(send, token, text):
    assert_refused(send({**EVENT, "api_key": token}), 401, text)


def test_tokens_that_differ(send):
    r = send([{**EVENT, "token": "phc_a"}, {**EVENT, "token": "phc_b"}])
    assert_refused(r, 401, "batch submitted with inconsistent api_key values")


def test_token_of_no_project(send):
    r = send({**EVENT, "api_key": "phc_of_no_project"})
    assert_refused(r, 401, "API key is not valid: no project has this project API key")


@pytest.mark.parametrize("compressed", [True, False])
def test_too_large(send, settings, compressed):
    raw = b'{"event": "' + b"x" * settings.CAPTURE_MAX_BYTES + b'"}'
    r = send(raw=gzip.compress(raw) if compressed else raw)
    assert r.status_code == 413
    assert r.content.startswith(b"maximum event size exceeded")
    assert QueuedBatch.objects.count() == 0


def test_twenty_megabytes_are_taken(send, settings, project, queued):
    event = orjson.dumps({**EVENT, "token": project.api_token, "properties": {"text": ""}})
    filler = b"x" * (settings.CAPTURE_MAX_BYTES - len(event))
    raw = event.replace(b'"text":""', b'"text":"' + filler + b'"')
    assert len(raw) == settings.CAPTURE_MAX_BYTES

    assert send(raw=raw).status_code == 200
    assert send(raw=gzip.compress(raw, 1), content_type="text/plain").status_code == 200

    assert [len(event["properties"]["text"]) for event in queued()] == [len(filler)] * 2


def test_nul_and_lone_surrogates_are_stored(send, project, queued):
    raw = (
        r'{"api_key":"TOKEN","event":"a\u0000b","distinct_id":"x\ud800",'
        r'"properties":{"k\u0000":"\udfff"}}'
    )
    assert send(raw=raw.replace("TOKEN", project.api_token).encode()).status_code == 200

    (event,) = queued()
    assert (event["event"], event["distinct_id"]) == ("a\ufffdb", "x\ufffd")
    assert event["properties"]["k\ufffd"] == "\ufffd"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "QUERY"])
def test_other_methods(client, method):
    r = client.generic(method, "/batch/", headers={"Origin": ORIGIN})
    assert (r.status_code, r["Allow"]) == (405, "GET, POST, OPTIONS")
    assert (r["Content-Type"], r.text) == (
        "text/plain; charset=utf-8",
        f'Method "{method}" not allowed.',
    )
    assert r["Access-Control-Allow-Origin"] == ORIGIN


# What the request adds


def test_timestamps_are_corrected_by_the_client_clock(send, queued):
    wrong = datetime.now(UTC) + timedelta(hours=2)
    happened = (wrong - timedelta(minutes=1)).isoformat()

    send({"batch": [{**EVENT, "timestamp": happened}], "sent_at": wrong.isoformat()})
    milliseconds = int(wrong.timestamp() * 1000)
    send({**EVENT, "timestamp": happened}, f"/e/?_={milliseconds}")

    for event in queued():
        age = datetime.now(UTC) - datetime.fromisoformat(event["timestamp"])
        assert timedelta(seconds=59) < age < timedelta(seconds=90)
        assert event["properties"]["$sent_at"].startswith(wrong.isoformat()[:19])


def test_client_address(send, queued, settings):
    forwarded = {"REMOTE_ADDR": "198.51.100.7", "HTTP_X_FORWARDED_FOR": "203.0.113.9, 10.0.0.1"}
    send(EVENT, **forwarded)
    settings.TRUST_PROXY = True
    send(EVENT, **forwarded)
    send(EVENT, REMOTE_ADDR="198.51.100.7")
    send(EVENT, REMOTE_ADDR="198.51.100.7", HTTP_X_FORWARDED_FOR="unknown")
    send(EVENT, HTTP_X_FORWARDED_FOR="203.0.113.9:4711")
    send(EVENT, HTTP_X_FORWARDED_FOR="[2001:db8::1]:4711")
    send({**EVENT, "properties": {"$ip": "192.0.2.1"}}, **forwarded)

    assert [event["properties"]["$ip"] for event in queued()] == [
        "198.51.100.7",
        "203.0.113.9",
        "198.51.100.7",
        "198.51.100.7",
        "203.0.113.9",
        "2001:db8::1",
        "192.0.2.1",
    ]


def test_projects_can_do_without_addresses(send, project, queued):
    project.settings = {"anonymize_ips": True}
    project.save()
    send(EVENT)
    send({**EVENT, "properties": {"$ip": "192.0.2.1"}})
    assert [event["properties"] for event in queued()] == [{}, {}]


# Tokens


def test_known_tokens_are_asked_for_once(send, django_assert_num_queries):
    send(EVENT)
    with django_assert_num_queries(1):  # into the queue
        send({"batch": [EVENT] * 20})


def test_a_new_project_works_at_once(send, project):
    project.api_token = "phc_new"
    assert send({**EVENT, "api_key": "phc_new"}).status_code == 401
    project.save()
    assert send({**EVENT, "api_key": "phc_new"}).status_code == 200


def test_a_token_that_is_taken_back_works_for_seconds_only(send, project, monkeypatch):
    old = project.api_token
    assert send(EVENT).status_code == 200
    project.api_token = "phc_new"
    project.save()
    assert send({**EVENT, "api_key": old}).status_code == 200

    soon = tokens.time.monotonic() + tokens.SECONDS + 1
    monkeypatch.setattr(tokens.time, "monotonic", lambda: soon)
    assert send({**EVENT, "api_key": old}).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_changes_to_the_project_hold_at_once(send, api, project, queued, analytics):
    old = project.api_token
    assert send({**EVENT, "api_key": old}).status_code == 200

    api.patch("/api/projects/@current/", {"anonymize_ips": True})
    send({**EVENT, "api_key": old})
    assert ["$ip" in event["properties"] for event in queued()] == [True, False]

    new = api.patch("/api/projects/@current/reset_token/").json()["api_token"]
    assert send({**EVENT, "api_key": old}).status_code == 401
    assert send({**EVENT, "api_key": new}).status_code == 200

    api.delete("/api/projects/@current/")
    assert send({**EVENT, "api_key": new}).status_code == 401


def test_remembered_tokens_are_bounded(project, monkeypatch):
    monkeypatch.setattr(tokens, "MAX_REMEMBERED", 2)
    for other in ProjectFactory.create_batch(4):
        assert tokens.resolve(other.api_token).id == other.id
    assert len(tokens._remembered) == 2
    assert tokens.resolve("phc_unknown") is None
    assert len(tokens._remembered) == 2


# Guards and failures


def test_a_shut_guard_writes_nothing(send, monkeypatch):
    def check(project_id, events):
        assert events == 2
        raise guards.Shut(429, "the project sends too many events", 17)

    monkeypatch.setattr(guards, "check", check)
    r = send({"batch": [EVENT, EVENT]})
    assert_refused(r, 429, "the project sends too many events")
    assert r["Retry-After"] == "17"


@pytest.mark.parametrize("failure", [queue.Unavailable("full"), OperationalError("gone")])
def test_a_store_that_is_down_asks_to_retry(send, monkeypatch, failure):
    def put(*args, **kwargs):
        raise failure

    monkeypatch.setattr(queue, "put", put)
    r = send(EVENT, HTTP_ORIGIN=ORIGIN)
    assert_refused(r, 503, "transient error, please retry")
    assert r["Retry-After"] == "1"
    assert r["Access-Control-Allow-Origin"] == ORIGIN


def test_a_crash_is_an_error_the_page_can_read(send, monkeypatch, caplog):
    monkeypatch.setattr(queue, "put", lambda *args: 1 / 0)
    r = send(EVENT, HTTP_ORIGIN=ORIGIN)
    assert_refused(r, 500, "internal error")
    assert r["Access-Control-Allow-Origin"] == ORIGIN
    assert "ZeroDivisionError" in caplog.text


def test_too_many_query_fields_are_refused(client):
    r = client.get("/e/?" + "&".join(["a=1"] * 2000))
    assert (r.status_code, r.content[:24]) == (400, b"failed to decode request")


# Pages of other origins


@pytest.mark.parametrize(
    "path",
    [*CAPTURE_PATHS, "/s/", "/i/v1/analytics/events", "/flags/", "/decide/", "/array/x/config"],
)
def test_preflight(client, path):
    r = client.options(
        path,
        HTTP_ORIGIN=ORIGIN,
        HTTP_ACCESS_CONTROL_REQUEST_METHOD="POST",
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS="content-type,x-custom",
    )
    assert (r.status_code, r.json()) == (200, {"status": "Ok"})
    assert r["Access-Control-Allow-Origin"] == ORIGIN
    assert r["Access-Control-Allow-Credentials"] == "true"
    assert r["Access-Control-Allow-Methods"] == "GET, POST, OPTIONS"
    assert r["Access-Control-Allow-Headers"] == "content-type,x-custom"
    assert r["Vary"] == "Origin"


@pytest.mark.parametrize("document", [EVENT, {"batch": []}, {"event": "e"}])
def test_answers_and_refusals_are_readable_for_the_page(send, document):
    r = send(document, HTTP_ORIGIN=ORIGIN)
    assert r["Access-Control-Allow-Origin"] == ORIGIN
    assert r["Access-Control-Allow-Credentials"] == "true"
    assert r["Vary"] == "Origin"


def test_without_origin_there_is_no_page_to_admit(send):
    r = send(EVENT)
    assert "Access-Control-Allow-Origin" not in r
    assert r["Vary"] == "Origin"


# Recordings


@pytest.mark.parametrize("path", ["/s/", "/s"])
@pytest.mark.parametrize("raw", [b"", b"anything", b"\x1f\x8b\x08"])
def test_recordings_are_discarded(send, path, raw):
    r = send(raw=raw, path=path)
    assert (r.status_code, r.json()) == (200, {"status": "Ok"})
    assert send(raw=raw, path="/s/?beacon=1").status_code == 204
    assert QueuedBatch.objects.count() == 0


def test_recordings_have_a_limit_of_their_own(send, settings):
    settings.REPLAY_MAX_BYTES = 1000
    assert send(raw=b"x" * 1000, path="/s/").status_code == 200
    assert send(raw=b"x" * 1001, path="/s/").status_code == 413


# Routes


@pytest.mark.parametrize(
    "path", ["/", "/batch/x", "/batches/", "/api/projects/", "/e/e", "//batch"]
)
def test_other_paths_are_none_of_captures(path):
    assert Routes(urlpatterns).find(path) is None


def test_no_session_and_no_csrf():
    client = Client(enforce_csrf_checks=True)
    r = client.post("/e/", b"[]", "application/json", HTTP_HOST="any.host.example")
    assert r.status_code == 400
    assert not r.cookies
