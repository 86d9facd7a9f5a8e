"""Logs over OTLP/HTTP, from the request to the row."""

import gzip
import json
import threading
import time
from io import BytesIO

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client

import clickhouse
import logs.storage
from clickhouse.models import OutboxBlock
from ingestion import status, tokens
from posthog_clone.chunked import ChunkedBodies
from tests.factories import PersonalAPIKeyFactory
from tests.logs.exporting import document, nanoseconds, protobuf


def rows(columns="*"):
    return clickhouse.rows(f"SELECT {columns} FROM logs ORDER BY timestamp, toUInt128(uuid)")


@pytest.mark.parametrize("path", ["/i/v1/logs", "/i/v1/logs/", "/v1/logs", "/v1/logs/"])
def test_protobuf_is_stored_and_answered_in_protobuf(export, deliver, project, path):
    response = export(protobuf({"body": "hello", "severity_number": 9}), path)

    assert (response.status_code, response.content) == (200, b"")
    assert response["Content-Type"] == "application/x-protobuf"
    deliver()
    assert rows("team_id, body, severity_text") == [(project.id, "hello", "info")]


def test_json_is_stored_and_answered_in_json(export, deliver):
    sent = document({"timeUnixNano": str(nanoseconds()), "body": {"stringValue": "hello"}})
    response = export(json.dumps(sent), content_type="application/json")

    assert (response.status_code, response.json()) == (200, {})
    assert response["Content-Type"] == "application/json"
    deliver()
    assert rows("body, service_name") == [("hello", "checkout")]


def test_everything_is_kept(log):
    log(
        {
            "body": "no stock",
            "severity_number": 18,
            "attributes": {"order": "o1"},
            "trace_id": b"\x01" * 16,
            "span_id": b"\x02" * 8,
            "flags": 1,
            "event_name": "failed",
        },
        resource={"service.name": "shop", "host": "a"},
    )
    assert rows(
        "severity_number, attributes, resource_attributes, trace_id, span_id, trace_flags,"
        " event_name, instrumentation_scope"
    ) == [
        (
            18,
            {"order": "o1"},
            {"service.name": "shop", "host": "a"},
            "01" * 16,
            "02" * 8,
            1,
            "failed",
            "app@1.0",
        )
    ]


@pytest.mark.parametrize(
    ("content_type", "body", "answer"),
    [
        ("application/json", b"", b"{}"),
        ("application/json; charset=utf-8", b"{}", b"{}"),
        ("text/plain", b"{}", b"{}"),
        ("application/x-protobuf", b"", b""),
        ("application/x-protobuf", b"{}", b""),
        ("", b"", b""),
    ],
)
def test_empty_requests_are_fine(export, content_type, body, answer):
    response = export(body, content_type=content_type)
    assert (response.status_code, response.content) == (200, answer)
    assert not OutboxBlock.objects.exists()


def test_token_in_the_query_as_browsers_send_it(export, deliver, project):
    body = gzip.compress(json.dumps(document({"body": {"stringValue": "web"}})).encode())
    path = f"/i/v1/logs?token={project.api_token}"
    assert export(body, path, token="", content_type="text/plain").status_code == 200
    deliver()
    assert rows("body") == [("web",)]


def test_header_wins_over_query(export, project):
    response = export(protobuf({}), f"/i/v1/logs?token={project.api_token}", token="phc_other")
    assert (response.status_code, response.json()) == (401, {"error": "Invalid token"})
    response = export(protobuf({}), "/i/v1/logs?token=phc_other")
    assert response.status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc"])
def test_no_token(db, header):
    response = Client().post("/v1/logs", b"", content_type="", headers={"Authorization": header})
    assert (response.status_code, response.json()) == (401, {"error": "No token provided"})


def test_unknown_tokens(export, user):
    for token in ("phc_unknown", PersonalAPIKeyFactory(user=user).value, "ä\0"):
        response = export(b"\xff broken", f"/v1/logs?token={token}", token="")
        assert (response.status_code, response.json()) == (401, {"error": "Invalid token"})


def test_undecodable_bodies(export):
    for body, content_type in (
        (b"\xff\xff", "application/x-protobuf"),
        (b"{", "application/json"),
        (b"\x1f\x8b broken", "application/json"),
    ):
        response = export(body, content_type=content_type)
        assert response.status_code == 400
        assert response.json()["error"] == "Bad input format provided"
        assert response.json()["detail"]


def test_one_bad_record_stores_nothing(export, deliver):
    good, bad = {"body": {"stringValue": "good"}}, {"body": {"stringValue": 1}}
    response = export(json.dumps(document(good, bad)), content_type="application/json")
    assert response.status_code == 400
    assert not OutboxBlock.objects.exists()


def test_bodies_too_large(export):
    large = protobuf({"body": "x" * (settings.LOGS_MAX_BYTES + 1)})
    for body in (large, gzip.compress(large)):
        response = export(body)
        assert response.status_code == 413
        assert str(settings.LOGS_MAX_BYTES) in response.json()["error"]


def test_other_methods(db):
    for method in ("get", "put", "delete", "patch"):
        response = getattr(Client(), method)("/v1/logs", headers={"Authorization": "Bearer x"})
        assert (response.status_code, response["Allow"]) == (405, "POST, OPTIONS")
        assert "error" in response.json()


def test_traces_and_metrics_are_not_taken(db):
    for path in ("/i/v1/traces", "/v1/traces", "/i/v1/metrics", "/v1/metrics"):
        assert Client().post(path, b"", content_type="application/x-protobuf").status_code == 404


def test_pages_of_any_origin_may_send(export, db):
    headers = {
        "Origin": "https://shop.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    response = Client().options("/i/v1/logs", headers=headers)
    assert (response.status_code, response.json()) == (200, {})
    assert response["Access-Control-Allow-Origin"] == "https://shop.example.com"
    assert "POST" in response["Access-Control-Allow-Methods"]
    assert response["Access-Control-Allow-Headers"] == "authorization,content-type"
    for token in (None, "phc_wrong"):
        response = export(b"", token=token, headers={"Origin": "https://shop.example.com"})
        assert response["Access-Control-Allow-Origin"] == "https://shop.example.com"


def test_a_body_without_length_is_read_in_full(export, deliver):
    """Node's exporters send chunks and no Content-Length."""
    sent = {}
    body = protobuf({"body": "chunked"})

    def application(environ, start_response):
        sent.update(environ)
        return []

    environ = {
        "PATH_INFO": "/v1/logs",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": BytesIO(body),
    }
    ChunkedBodies(application)(environ, None)
    response = export(sent["wsgi.input"].read())
    assert sent["CONTENT_LENGTH"] == str(len(body))
    assert response.status_code == 200
    deliver()
    assert rows("body") == [("chunked",)]


def test_a_database_that_fails_makes_exporters_retry(export, monkeypatch):
    def fail(lines):
        raise OperationalError("disk I/O error")

    monkeypatch.setattr(logs.storage, "insert", fail)
    response = export(protobuf({}))
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert "error" in response.json()


def test_too_much_waiting_makes_exporters_retry(export, settings):
    settings.MAX_QUEUED_EVENTS = 3
    assert export(protobuf({}, {}, {})).status_code == 200
    status.recent.forget()
    response = export(protobuf({}))
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0


def test_lines_of_one_microsecond_keep_their_order(log):
    at = nanoseconds()
    log(*({"time_unix_nano": at, "body": str(n)} for n in range(100)))
    assert rows("body") == [(str(n),) for n in range(100)]


def test_retention_is_the_projects_own_or_the_servers(log, api, project, settings):
    settings.LOGS_RETENTION_DAYS = 12
    log({})
    path = f"/api/projects/{project.id}/"
    answer = api.patch(path, {"logs_settings": {"retention_days": 3}}).json()
    assert answer["logs_settings"] == {"retention_days": 3}
    tokens.forget()
    log({})
    assert api.patch(path, {"logs_settings": None}).json()["logs_settings"] is None
    tokens.forget()
    log({})
    assert sorted(rows("retention_days")) == [(3,), (12,), (12,)]


@pytest.mark.parametrize("days", [0, -1, 4000, "long"])
def test_retention_has_bounds(api, project, days):
    response = api.patch(
        f"/api/projects/{project.id}/", {"logs_settings": {"retention_days": days}}
    )
    assert response.status_code == 400
    assert response.json()["attr"] == "logs_settings__retention_days"


def test_lines_past_their_retention_are_dropped(analytics):
    clickhouse.command(
        "INSERT INTO logs (team_id, timestamp, uuid, retention_days)"
        " SELECT 1, now() - toIntervalDay(number), generateUUIDv7(), 5 FROM numbers(10)"
    )
    clickhouse.command("OPTIMIZE TABLE logs FINAL")
    ((count, oldest),) = clickhouse.rows(
        "SELECT count(), dateDiff('day', min(timestamp), now()) FROM logs"
    )
    assert (count, oldest) == (6, 5)


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_share_commits_and_lose_nothing(monkeypatch):
    commits = []
    insert = logs.storage.insert

    def counting(lines):
        commits.append(len(lines))
        insert(lines)

    monkeypatch.setattr(logs.storage, "insert", counting)
    line = json.dumps({"team_id": 1, "body": "x"}).encode()
    threads = [threading.Thread(target=store_and_close, args=([line] * 3,)) for _ in range(30)]
    with logs.storage.commits.turn:  # the first commit is slow
        for thread in threads:
            thread.start()
        while len(logs.storage.commits.waiting) < 30:
            time.sleep(0.01)
    for thread in threads:
        thread.join()

    assert commits == [90]
    assert sum(OutboxBlock.objects.values_list("rows", flat=True)) == 90


def store_and_close(lines):
    logs.storage.store(lines)
    connection.close()
