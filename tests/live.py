"""A real server for tests of real clients: `manage.py serve` in a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
import requests

ROOT = Path(__file__).resolve().parent.parent
NODE = ROOT / "tests" / "node"
START_SECONDS = 180
STOP_SECONDS = 30
PATIENCE_SECONDS = 40


@dataclass
class LiveServer:
    url: str
    process: subprocess.Popen
    log: Path
    environment: dict[str, str]
    """Of the server, and of commands beside it."""
    project_id: int = 0
    token: str = ""
    key: str = ""

    def manage(self, *arguments: str) -> str:
        """Run a command of manage.py beside the server and return what it prints."""
        done = manage(*arguments, **self.environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def get(self, path: str, **query: Any) -> Any:
        """What the API answers below the project, with the all-scope key."""
        return self.call("GET", path, params=query)

    def post(self, path: str, body: dict) -> Any:
        return self.call("POST", path, json=body)

    def call(self, method: str, path: str, **options: Any) -> Any:
        answer = requests.request(
            method,
            f"{self.url}/api/environments/{self.project_id}/{path}",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=30,
            **options,
        )
        assert answer.ok, (answer.url, answer.status_code, answer.text)
        return answer.json()

    def events(self, count: int = 1, **query: Any) -> list[dict]:
        """The events that the query finds, oldest first, once there are `count` of them."""
        found = eventually(lambda: self.get("events/", **query)["results"], count)
        return found[::-1]

    def person(self, distinct_id: str, *more: str) -> dict:
        """The person of a distinct id, once it has the others too."""

        def find() -> list[dict]:
            results = self.get("persons/", distinct_id=distinct_id)["results"]
            return [person for person in results if {*more} <= {*person["distinct_ids"]}]

        [person] = eventually(find, 1)
        return person

    def issue_of(self, event: dict) -> dict:
        return self.get(f"error_tracking/issues/{event['properties']['$exception_issue_id']}/")


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run a command of manage.py as an operator does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "posthog_clone.settings"} | environment,
        capture_output=True,
        text=True,
    )


def eventually(find: Callable[[], list], count: int) -> list:
    """What `find` returns, once it has at least `count` items: what was sent shows up soon."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found := find()) < count:
        assert time.monotonic() < deadline, f"Not {count} but {len(found)} arrived: {found}"
        time.sleep(0.05)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(data_dir: Path, **environment: str) -> Iterator[LiveServer]:
    """A server on a free port and a data directory; it has to stop cleanly on SIGTERM."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "posthog_clone.settings",
        "DATA_DIR": str(data_dir),
        "BROWSER_SDK_DIR": str(NODE / "node_modules" / "posthog-js" / "dist"),
        "PYTHONUNBUFFERED": "1",
        **environment,
    }
    port = free_port()
    log = data_dir / "server.log"
    command = ["manage.py", "serve", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = LiveServer(f"http://127.0.0.1:{port}", process, log, environment)
    try:
        wait_until_ready(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
    assert code == 0, log.read_text()[-4000:]
    assert "Traceback" not in log.read_text(), log.read_text()[-8000:]


def wait_until_ready(server: LiveServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if requests.get(f"{server.url}/_readyz", timeout=5).ok:
                return
        except requests.ConnectionError:
            pass
        if server.process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"The server does not start:\n{server.log.read_text()[-4000:]}")
        time.sleep(0.05)


@contextmanager
def database_of_its_own() -> Iterator[dict[str, str]]:
    """The environment of a server on the kind of database that the tests run on, an empty one."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield {"DATABASE_URL": ""}
        return
    name = f"posthog_clone_live_{uuid4().hex}"
    with psycopg.connect(urlsplit(url)._replace(path="/postgres").geturl(), autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
        try:
            yield {"DATABASE_URL": urlsplit(url)._replace(path=f"/{name}").geturl()}
        finally:
            db.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[LiveServer]:
    """One server per test process, with its first project and an all-scope key of ours."""
    with (
        database_of_its_own() as environment,
        serving(tmp_path_factory.mktemp("live"), **environment) as live,
    ):
        made = json.loads(live.manage("bootstrap", "--json", "--personal-api-key", "phx_live"))
        live.project_id, live.token = made["project_id"], made["project_token"]
        live.key = made["personal_api_key"]
        yield live


@pytest.fixture
def unique(request) -> str:
    """A distinct id, or part of one, that no other test has."""
    return f"{request.node.originalname}-{uuid4().hex[:8]}"


def run_node(script: Path, server: LiveServer, *arguments: str) -> Any:
    """Run a script with Node.js; what it prints last is a line of JSON: its answer."""
    done = subprocess.run(
        ["node", str(script), *arguments],
        cwd=NODE,
        env=os.environ
        | {
            "POSTHOG_HOST": server.url,
            "POSTHOG_TOKEN": server.token,
            "POSTHOG_KEY": server.key,
            "POSTHOG_PROJECT": str(server.project_id),
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    lines = done.stdout.splitlines()
    return json.loads(lines[-1]) if lines else None
