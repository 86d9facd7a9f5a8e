"""A real server for tests of real clients: `manage.py serve` in a process of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
import requests

ROOT = Path(__file__).resolve().parent.parent
NODE = ROOT / "tests" / "node"
KEY = "phx_live"
# Only ever waited for in full by a test that fails; a busy machine may need most of it.
START_SECONDS = 300
STOP_SECONDS = 120
PATIENCE_SECONDS = 180
ANSWER_SECONDS = 120


@dataclass(frozen=True)
class Installation:
    """A data directory and a database, with a first project and an all-scope key of ours."""

    data_dir: Path
    database: str
    """DATABASE_URL; empty for SQLite in the data directory."""
    project_id: int = 0
    token: str = ""

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "posthog_clone.settings",
            "DATA_DIR": str(self.data_dir),
            "DATABASE_URL": self.database,
            "BROWSER_SDK_DIR": str(NODE / "node_modules" / "posthog-js" / "dist"),
            "PYTHONUNBUFFERED": "1",
        }

    def manage(self, *arguments: str) -> str:
        """Run a command of manage.py, beside a server or without, and return what it prints."""
        done = manage(*arguments, **self.environment)
        assert done.returncode == 0, done.stderr
        return done.stdout


@dataclass
class LiveServer:
    url: str
    process: subprocess.Popen
    log: Path
    installation: Installation

    def __post_init__(self):
        self.project_id, self.token = self.installation.project_id, self.installation.token
        self.key = KEY
        self.manage = self.installation.manage

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
            timeout=ANSWER_SECONDS,
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
def serving(installation: Installation) -> Iterator[LiveServer]:
    """A server of the installation on a free port; it has to stop cleanly on SIGTERM."""
    port = free_port()
    log = installation.data_dir / "server.log"
    command = ["manage.py", "serve", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=installation.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = LiveServer(f"http://127.0.0.1:{port}", process, log, installation)
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
        except requests.RequestException:
            pass
        if server.process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"The server does not start:\n{server.log.read_text()[-4000:]}")
        time.sleep(0.05)


@contextmanager
def database_of_its_own(template: str = "") -> Iterator[str]:
    """The DATABASE_URL of a new database of the kind that the tests run on, a copy or empty."""
    url = urlsplit(os.environ.get("DATABASE_URL", ""))
    if not url.scheme.startswith("postgres"):
        yield ""
        return
    name = f"posthog_clone_live_{uuid4().hex}"
    source = urlsplit(template).path.lstrip("/") or "template1"
    with psycopg.connect(url._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
        try:
            yield url._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def first_installation(tmp_path_factory) -> Iterator[Installation]:
    """What others are copies of: migrating takes far longer than copying."""
    with database_of_its_own() as database:
        first = Installation(tmp_path_factory.mktemp("installation"), database)
        made = json.loads(first.manage("bootstrap", "--json", "--personal-api-key", KEY))
        yield replace(first, project_id=made["project_id"], token=made["project_token"])


@contextmanager
def copied(installation: Installation, data_dir: Path) -> Iterator[Installation]:
    shutil.copytree(installation.data_dir, data_dir, dirs_exist_ok=True)
    with database_of_its_own(installation.database) as database:
        yield replace(installation, data_dir=data_dir, database=database)


@pytest.fixture
def installation(first_installation, tmp_path) -> Iterator[Installation]:
    """A new installation of the test's own."""
    with copied(first_installation, tmp_path) as installation:
        yield installation


@pytest.fixture(scope="session")
def server(first_installation, tmp_path_factory) -> Iterator[LiveServer]:
    """One server per test process."""
    with (
        copied(first_installation, tmp_path_factory.mktemp("live")) as installation,
        serving(installation) as live,
    ):
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
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    lines = done.stdout.splitlines()
    return json.loads(lines[-1]) if lines else None
