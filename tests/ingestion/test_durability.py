"""Servers that are killed: what was answered 200 is there after the next start, and once."""

import signal
import threading
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import requests

from tests import live

pytestmark = pytest.mark.live


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
                timeout=live.ANSWER_SECONDS,
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
    deadline = time.monotonic() + live.PATIENCE_SECONDS
    while True:
        state = requests.get(f"{server.url}/_readyz", timeout=live.ANSWER_SECONDS).json()
        if not state["queued_events"] and not state["undelivered_rows"]:
            return
        assert time.monotonic() < deadline, state
        time.sleep(0.1)


def wait_for_more(accepted: list[str]) -> None:
    """Until the server is in the middle of its work."""
    before = len(accepted)
    live.eventually(lambda: accepted[before:], 200)


def send_and_kill(installation, accepted: list[str]) -> None:
    with live.serving(installation) as server:
        stop = threading.Event()
        senders = [threading.Thread(target=send, args=(server, accepted, stop)) for _ in range(6)]
        for sender in senders:
            sender.start()
        wait_for_more(accepted)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        for sender in senders:
            sender.join()


def test_what_was_accepted_survives_kill_9_and_is_there_once(installation):
    accepted: list[str] = []
    for _ in range(3):
        with pytest.raises(AssertionError):  # a server of ours should stop with 0, not -9
            send_and_kill(installation, accepted)

    with live.serving(installation) as server:
        wait_until_digested(server)
        found = stored(server)
        issues = server.get("error_tracking/issues/")

    assert len(found) == len(set(found))
    assert not set(accepted) - set(found)
    assert issues["count"] <= 16
    assert len({issue["name"] for issue in issues["results"]}) == issues["count"]


def test_sigterm_finishes_what_is_under_way(installation):
    accepted: list[str] = []
    with live.serving(installation) as server:
        stop = threading.Event()
        senders = [threading.Thread(target=send, args=(server, accepted, stop)) for _ in range(4)]
        for sender in senders:
            sender.start()
        wait_for_more(accepted)
        server.process.send_signal(signal.SIGTERM)
        for sender in senders:
            sender.join()

    with live.serving(installation) as server:
        wait_until_digested(server)
        found = stored(server)

    assert len(found) == len(set(found))
    assert not set(accepted) - set(found)


def test_the_selftest_follows_an_exception_through_the_server(server):
    said = server.manage("selftest", "--url", server.url)
    again = server.manage("selftest", "--url", server.url)

    assert "its issue is readable … ok" in said
    assert "All good" in said
    assert "All good" in again
