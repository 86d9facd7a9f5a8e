"""Workers that are killed in the middle of an export."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
import requests
from django.conf import settings
from django.db import connection
from django.utils import timezone

from insights.exports import files, running
from insights.models import Export
from tests.factories import PersonFactory
from tests.insights.test_exports import content, of_path, rows_of
from tests.live import eventually

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("clickhouse_schema"),
]
# Says what it has written, and writes no more once it has the number of rows it is told.
WORK = """
import os, sys, time, django
django.setup()
from django.utils import timezone
from insights.exports import formats, paths, running
write = formats.WRITERS["application/x-ndjson"]
def slowly(rows, most):
    for number, row in enumerate(rows):
        if number == most:
            print("writing", flush=True)
            time.sleep(600)
        yield row
def hang(table, out):
    write(formats.Table(table.columns, slowly(table.rows, int(sys.argv[1]))), out)
formats.WRITERS["application/x-ndjson"] = hang
paths.PAGE_ROWS = 3
print(running.run_due(timezone.now()), flush=True)
"""


def start_worker(rows: int) -> subprocess.Popen:
    """A process of its own on the tests' database."""
    database = connection.settings_dict
    url = f"sqlite:///{database['NAME']}"
    if connection.vendor == "postgresql":
        user, host, port = (database[key] for key in ("USER", "HOST", "PORT"))
        url = f"postgres://{user}:{database['PASSWORD']}@{host}:{port}/{database['NAME']}"
    return subprocess.Popen(
        [sys.executable, "-c", WORK, str(rows)],
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "posthog_clone.settings",
            "DATABASE_URL": url,
            "SECRET_KEY": settings.SECRET_KEY,
            "EXPORTS_DIR": str(settings.EXPORTS_DIR),
        },
    )


@pytest.fixture
def export(api, project) -> dict:
    PersonFactory.create_batch(10, project=project)
    return api.post("exports/", of_path(f"/api/projects/{project.id}/persons/")).json()


def test_an_export_whose_worker_was_killed_is_written_anew_and_once(api, export):
    worker = start_worker(5)
    assert worker.stdout.readline() == "writing\n"
    other = start_worker(0)
    assert other.communicate(timeout=600)[0] == "0\n"  # two never write the same one
    worker.send_signal(signal.SIGKILL)
    worker.wait()

    assert api.get(f"exports/{export['id']}/").json()["status"] == "running"
    assert running.run_due(timezone.now()) == 0
    assert running.run_due(timezone.now() + Export.LEASE + timedelta(seconds=5)) == 1

    done = api.get(f"exports/{export['id']}/").json()
    assert (done["status"], done["rows"], done["total_rows"]) == ("success", 10, 10)
    rows = rows_of(content(api.get(f"exports/{export['id']}/content/")))
    assert len({row["uuid"] for row in rows}) == len(rows) == 10
    folder = settings.EXPORTS_DIR / str(api.project.id)
    assert [file.name for file in folder.glob(f"{export['id']}-*")] == [f"{export['id']}-2"]


def test_a_worker_prolongs_its_claim_and_shows_how_far_it_is(api, export):
    worker = start_worker(4)
    assert worker.stdout.readline() == "writing\n"
    before = Export.objects.get().next_attempt_at
    while (seen := Export.objects.get()).next_attempt_at == before:
        time.sleep(0.1)
    worker.kill()
    worker.wait()

    assert (seen.rows, seen.total_rows) == (4, 10)
    assert not files.storage().exists(seen.key_of_attempt(1))


@pytest.mark.live
def test_a_running_server_writes_exports(server, unique):
    batch = [{"event": unique, "distinct_id": f"{unique}-{n}"} for n in range(3)]
    sent = requests.post(
        f"{server.url}/batch/", json={"api_key": server.token, "batch": batch}, timeout=120
    )
    assert sent.ok
    server.events(3, event=unique)

    path = f"/api/projects/{server.project_id}/events/?event={unique}"
    export = server.post("exports/", of_path(path))

    def done():
        found = server.get(f"exports/{export['id']}/")
        return [found] if found["status"] == "success" else []

    [found] = eventually(done, 1)
    file = requests.get(found["download_url"], timeout=120)
    assert len(rows_of(file.content)) == found["rows"] == 3
    history = server.get("app_metrics/0/historical_exports/")["results"]
    assert [row["status"] for row in history if row["job_id"] == str(export["id"])] == ["success"]
