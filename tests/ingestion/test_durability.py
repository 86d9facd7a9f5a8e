"""Servers that are killed: what was answered 200 is there after the next start, and once."""

import json
import signal
import threading
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import requests

from tests import live

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("live")]


@pytest.fixture
def installation(tmp_path):
    """A data directory with a project, and how to start a server on it."""
    with live.database_of_its_own() as environment:
        yield Installation(tmp_path, environment)


class Installation:
    def __init__(self, data_dir, environment):
        self.data_dir, self.environment = data_dir, environment

    def serving(self):
        return live.serving(self.data_dir, **self.environment)

    def introduce(self, server: live.LiveServer) -> live.LiveServer:
        made = json.loads(
            server.manage("bootstrap", "--json", "--personal-api-key", "phx_durability")
        )
        server.project_id, server.token = made["project_id"], made["project_token"]
        server.key = "phx_durability"
        return server


def send(server: live.LiveServer, accepted: list[str], stop: threading.Event) -> None:
    """Send exceptions and pageviews until the server is gone; note what it accepted."""
    session = requests.Session()
    while not stop.is_set():
        events = [exception() if n % 2 else {**exception(), "event": "seen"} for n in range(5)]
        try:
            answer = session.post(
                f"{server.url}/batch/",
                json={
                    "api_key": server.token,
                    "batch": events,
                    "sent_at": datetime.now(UTC).isoformat(),
                },
                timeout=20,
            )
        except requests.RequestException:
            return
        if answer.status_code == 200:
            accepted += [event["uuid"] for event in events]


def exception() -> dict:
    uuid = str(uuid4())
    return {
        "event": "$exception",
        "uuid": uuid,
        "distinct_id": f"user {uuid[0]}",
        "timestamp": datetime.now(UTC).isoformat(),
        "properties": {"$exception_list": [{"type": f"Error{uuid[1]}", "value": "x"}]},
    }


def stored(server: live.LiveServer) -> list[str]:
    found, url = [], "events/?limit=50000&include_person=false"
    found += [event["id"] for event in server.get(url)["results"]]
    return found


def wait_until_digested(server: live.LiveServer) -> None:
    deadline = time.monotonic() + 60
    while True:
        state = requests.get(f"{server.url}/_readyz", timeout=10).json()
        if not state["queued_events"] and not state["undelivered_rows"]:
            return
        assert time.monotonic() < deadline, state
        time.sleep(0.1)


def send_and_kill(installation, accepted: list[str]) -> None:
    with installation.serving() as server:
        installation.introduce(server)
        stop = threading.Event()
        senders = [threading.Thread(target=send, args=(server, accepted, stop)) for _ in range(6)]
        for sender in senders:
            sender.start()
        time.sleep(1.2)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        for sender in senders:
            sender.join()


def test_what_was_accepted_survives_kill_9_and_is_there_once(installation):
    accepted: list[str] = []
    for _ in range(3):
        with pytest.raises(AssertionError):  # a server of ours should stop with 0, not -9
            send_and_kill(installation, accepted)

    with installation.serving() as server:
        installation.introduce(server)
        wait_until_digested(server)
        found = stored(server)
        issues = server.get("error_tracking/issues/")

    assert len(accepted) > 100
    assert len(found) == len(set(found))
    assert not set(accepted) - set(found)
    assert issues["count"] <= 16
    assert len({issue["name"] for issue in issues["results"]}) == issues["count"]


def test_sigterm_finishes_what_is_under_way(installation):
    accepted: list[str] = []
    with installation.serving() as server:
        installation.introduce(server)
        stop = threading.Event()
        senders = [threading.Thread(target=send, args=(server, accepted, stop)) for _ in range(4)]
        for sender in senders:
            sender.start()
        time.sleep(1)
        server.process.send_signal(signal.SIGTERM)
        for sender in senders:
            sender.join()

    with installation.serving() as server:
        installation.introduce(server)
        wait_until_digested(server)
        found = stored(server)

    assert len(found) == len(set(found))
    assert not set(accepted) - set(found)


def test_an_accepted_exception_is_readable_within_a_second(installation):
    with installation.serving() as server:
        installation.introduce(server)
        event = exception()
        requests.post(f"{server.url}/e/", json={"api_key": server.token, **event}, timeout=10)
        started = time.monotonic()
        while not stored(server):
            assert time.monotonic() - started < 20
            time.sleep(0.02)


def test_the_selftest_follows_an_exception_through_the_server(installation):
    with installation.serving() as server:
        said = server.manage("selftest", "--url", server.url)
        again = server.manage("selftest", "--url", server.url)

    assert "its issue is readable … ok" in said
    assert "All good" in said
    assert "All good" in again
