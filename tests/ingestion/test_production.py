"""Production's processes: web without worker, several workers, PostgreSQL, a ClickHouse server."""

import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import requests
from django.conf import settings

from tests import live

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(settings.EMBEDDED_DATABASE, reason="production runs on PostgreSQL"),
]
START = datetime(2026, 1, 2, tzinfo=UTC)


@contextmanager
def process(*command: str, env: dict[str, str], log):
    with log.open("a") as output:
        started = subprocess.Popen(
            [sys.executable, *command],
            cwd=live.ROOT,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(live.STOP_SECONDS)


@pytest.fixture
def cluster(installation):
    with ExitStack() as stack:
        yield Cluster(installation, stack)


class Cluster:
    """Starts processes on one PostgreSQL database and one ClickHouse server."""

    def __init__(self, installation: live.Installation, stack: ExitStack):
        self.directory, self.stack = installation.data_dir, stack
        self.project_id, self.token = installation.project_id, installation.token
        self.clickhouse_port, self.port = live.free_port(), live.free_port()
        self.env = installation.environment | {
            "CLICKHOUSE_URL": f"http://127.0.0.1:{self.clickhouse_port}/default",
        }
        self.start_clickhouse()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start(
            *["manage.py", "serve", "--no-worker", "--workers", "2"],
            *["--host", "127.0.0.1", "--port", str(self.port)],
        )
        wait_for(f"{self.url}/_livez")

    def start(self, *command: str) -> subprocess.Popen:
        log = self.directory / "log"
        return self.stack.enter_context(process(*command, env=self.env, log=log))

    def start_clickhouse(self) -> None:
        port, data = str(self.clickhouse_port), str(self.directory / "ch")
        self.clickhouse = self.start("-m", "tests.clickhouse_server", port, data)
        wait_for(f"http://127.0.0.1:{port}/ping")

    def start_worker(self) -> subprocess.Popen:
        return self.start("manage.py", "worker")

    def send(self, events: list[dict]) -> None:
        body = {"api_key": self.token, "batch": events}
        answer = requests.post(f"{self.url}/batch/", json=body, timeout=live.ANSWER_SECONDS)
        assert answer.status_code == 200

    def read(self, path: str) -> dict:
        answer = requests.get(
            f"{self.url}/api/environments/{self.project_id}/{path}",
            headers={"Authorization": f"Bearer {live.KEY}"},
            timeout=live.ANSWER_SECONDS,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


def wait_for(url: str) -> None:
    deadline = time.monotonic() + live.START_SECONDS
    while True:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:
            pass
        assert time.monotonic() < deadline, url
        time.sleep(0.05)


def visit(person: int, step: int) -> dict:
    return {
        "event": "$exception" if step % 5 == 0 else "step",
        "uuid": str(uuid4()),
        "distinct_id": f"user {person}",
        "timestamp": (START + timedelta(seconds=step)).isoformat(),
        "properties": {
            "$set": {"step": step},
            "step": step,
            "$exception_list": [{"type": f"Error {person % 4}", "value": "x"}],
        },
    }


def test_workers_share_the_queue_lose_nothing_and_keep_each_persons_order(cluster):
    people, steps = 20, 40
    events = [visit(person, step) for step in range(steps) for person in range(people)]
    workers = [cluster.start_worker() for _ in range(3)]

    for start in range(0, len(events), 50):
        cluster.send(events[start : start + 50])
        if start == 200:
            workers[0].kill()
    path = "events/?limit=50000&include_person=false"
    found = live.eventually(lambda: cluster.read(path)["results"], len(events))
    assert len(found) == len(events)
    assert {event["id"] for event in found} == {event["uuid"] for event in events}
    persons = cluster.read("persons/?limit=100")["results"]
    # $exception never changes a person, so the last step that counts is the last other one.
    last = max(step for step in range(steps) if step % 5)
    assert {person["name"]: person["properties"]["step"] for person in persons} == {
        f"user {person}": last for person in range(people)
    }
    issues = cluster.read("error_tracking/issues/")["results"]
    assert sorted(issue["name"] for issue in issues) == [f"Error {n}" for n in range(4)]


def lag(cluster) -> float:
    answer = requests.get(f"{cluster.url}/_readyz", timeout=live.ANSWER_SECONDS)
    return answer.json()["lag_seconds"]


def test_clickhouse_away_for_a_while_costs_nothing(cluster):
    cluster.start_worker()
    cluster.send([visit(1, 1)])
    live.eventually(lambda: cluster.read("events/")["results"], 1)
    cluster.clickhouse.kill()
    cluster.clickhouse.wait()

    cluster.send([visit(1, 2)])
    live.eventually(lambda: [1] if lag(cluster) > 0.5 else [], 1)
    cluster.start_clickhouse()

    found = live.eventually(lambda: cluster.read("events/")["results"], 2)
    assert [event["properties"]["step"] for event in found] == [2, 1]
