"""Queries of a real server."""

import time

import pytest
import requests

from tests.live import PATIENCE_SECONDS, serving

pytestmark = pytest.mark.live

ENDLESS = "select count() from numbers(10000000) a cross join numbers(10000000) b"


def test_a_server_stops_though_queries_run(installation):
    # `serving` wants it to end by itself, without error.
    with serving(installation) as server:
        body = {"query": {"kind": "HogQLQuery", "query": ENDLESS}, "refresh": "async"}
        status = server.post("query/", body)["query_status"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not server.get(f"query/{status['id']}/")["query_status"]["pickup_time"]:
            assert time.monotonic() < deadline


def test_csv_is_streamed_and_compressed_for_who_wants_it(server):
    body = {"query": {"kind": "HogQLQuery", "query": "select number from numbers(50000)"}}
    answer = requests.post(
        f"{server.url}/api/projects/{server.project_id}/query/?format=csv",
        json=body,
        headers={"Authorization": f"Bearer {server.key}", "Accept-Encoding": "gzip"},
        timeout=120,
    )
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.text.splitlines()[:3] == ["number", "0", "1"]
    assert len(answer.text.splitlines()) == 50_001


def test_a_running_query_is_stopped(server, unique):
    body = {"query": {"kind": "HogQLQuery", "query": ENDLESS}, "refresh": "async"}
    server.post("query/", body | {"client_query_id": unique})
    running = server.get(f"query/{unique}/")["query_status"]
    assert (running["complete"], running["error"]) == (False, False)
    server.call("DELETE", f"query/{unique}/")
    stopped = requests.get(
        f"{server.url}/api/projects/{server.project_id}/query/{unique}/",
        headers={"Authorization": f"Bearer {server.key}"},
        timeout=120,
    )
    assert stopped.status_code == 400
    assert stopped.json()["query_status"]["error_message"] == "Query was cancelled."
