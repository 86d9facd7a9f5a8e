"""What can be wrong at the start is said in one sentence, with exit code 1 and no traceback."""

import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError

from posthog_clone.management.commands.serve import check_address

ROOT = Path(__file__).resolve().parent.parent.parent


def run(*arguments: str, data_dir, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "posthog_clone.settings",
            "DATA_DIR": str(data_dir),
            "DATABASE_URL": "",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=300,
    )


def run_installed(installation, *arguments: str, **environment: str):
    environment = {"DATABASE_URL": installation.database, **environment}
    return run(*arguments, data_dir=installation.data_dir, **environment)


def refused(done: subprocess.CompletedProcess) -> str:
    """What it said, checked to be one clear sentence or two."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.strip().splitlines() if line]
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--workers", "2"], "--workers 2 needs PostgreSQL and a ClickHouse server"),
        (["--no-worker"], "--no-worker needs PostgreSQL and a ClickHouse server"),
        (["--workers", "0"], "at least 1"),
    ],
)
def test_serve_refuses_processes_that_embedded_stores_forbid(tmp_path, arguments, words):
    assert words in refused(run("serve", *arguments, data_dir=tmp_path))


def test_worker_refuses_embedded_stores(tmp_path):
    assert "needs PostgreSQL" in refused(run("worker", data_dir=tmp_path))


def test_a_data_directory_in_use_is_refused(tmp_path):
    with open(tmp_path / "serve.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711")
        lock.flush()
        said = refused(run("serve", "--port", "1", data_dir=tmp_path))

    assert "in use by another server (process 4711)" in said
    assert str(tmp_path) in said


def test_a_database_that_is_not_reachable_is_named(tmp_path):
    said = refused(run("serve", data_dir=tmp_path, DATABASE_URL="postgres://nobody@127.0.0.1:9/x"))

    assert "database can't be used" in said
    assert "DATABASE_URL" in said


def test_a_clickhouse_that_is_not_reachable_is_named(installation):
    elsewhere = {"CLICKHOUSE_URL": "http://127.0.0.1:9/default"}
    said = refused(run_installed(installation, "serve", **elsewhere))

    assert "127.0.0.1:9 can't be used: [Errno 111] Connection refused. Check CLICKHOUSE_URL" in said


def test_a_database_of_a_newer_version_is_refused(installation):
    newer = "from django.db import connection\nfrom django.db.migrations.recorder import (\n"
    newer += "    MigrationRecorder)\nMigrationRecorder(connection)"
    newer += ".record_applied('projects', '9999_future')"
    installation.manage("shell", "-c", newer)

    assert "projects.9999_future" in refused(run_installed(installation, "serve"))


def test_a_port_in_use_is_named_before_anything_is_made(tmp_path):
    """The login of the first start is shown once: a start that fails must not use it up."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("serve", "--host", "127.0.0.1", "--port", port, data_dir=tmp_path)

    assert refused(done).endswith(f"Can't listen on 127.0.0.1:{port}: Address already in use.")
    assert done.stdout == ""
    assert not (tmp_path / "db.sqlite3").exists()


@pytest.mark.parametrize("port", [0, 65536, -1])
def test_a_port_out_of_range_is_refused(port):
    with pytest.raises(CommandError, match=f"from 1 to 65535, not {port}"):
        check_address("127.0.0.1", port)


def test_a_data_directory_that_is_a_file_is_named(tmp_path):
    (tmp_path / "file").touch()

    assert "Check DATA_DIR." in refused(run("serve", data_dir=tmp_path / "file"))
