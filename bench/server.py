"""A server of our own for a benchmark: a fresh data directory, a free port, a real process."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.measuring import allocated_bytes

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Server:
    url: str
    pid: int
    data_dir: Path
    project_id: int
    token: str
    key: str
    start_seconds: float

    def status(self) -> dict:
        try:
            with urllib.request.urlopen(f"{self.url}/_readyz", timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as late:  # 503 says so, in the same words
            return json.load(late)

    def resident_mb(self) -> float:
        text = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in text.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def disk_bytes(self) -> int:
        return allocated_bytes([str(self.data_dir)])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, process: subprocess.Popen, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"The server did not start at {url}.")
            time.sleep(0.02)


@contextmanager
def serving(data_dir: Path | None = None, **environment: str) -> Iterator[Server]:
    """`manage.py serve` for a while; `environment` sets DATABASE_URL and the like."""
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        data_dir = data_dir or Path(temporary)
        env = {**os.environ, "DATA_DIR": str(data_dir), "LOG_LEVEL": "WARNING", **environment}
        manage = [sys.executable, str(ROOT / "manage.py")]
        subprocess.run([*manage, "migrate", "-v0"], env=env, check=True)
        made = subprocess.run(
            [*manage, "bootstrap", "--json"], env=env, check=True, capture_output=True, text=True
        )
        first = json.loads(made.stdout)
        port = free_port()
        started = time.monotonic()
        process = subprocess.Popen(
            [*manage, "serve", "--host", "127.0.0.1", "--port", str(port)],
            env=env,
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/_readyz", process)
            yield Server(
                url=f"http://127.0.0.1:{port}",
                pid=process.pid,
                data_dir=data_dir,
                project_id=first["project_id"],
                token=first["project_token"],
                key=first["personal_api_key"] or "",
                start_seconds=time.monotonic() - started,
            )
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
