"""dlt's unmodified rest_api source against a live server: every row once, by `next`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from tests.clients.programs import DLT, run
from tests.live import eventually

pytestmark = [pytest.mark.live, pytest.mark.pypi]

PROGRAM = Path(__file__).with_name("dlt_program.py")


@pytest.fixture
def load(server, tmp_path):
    def load(path: str, **params) -> list:
        url = f"{server.url}/api/projects/{server.project_id}/"
        done = run(
            DLT,
            "python",
            PROGRAM,
            url,
            server.key,
            path,
            json.dumps(params),
            DLT_DATA_DIR=str(tmp_path),
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout.splitlines()[-1])

    return load


def capture(server, event: str, distinct_ids: list[str]) -> list[str]:
    """Events that share their time by threes."""
    start = datetime.now(UTC) - timedelta(minutes=10)
    batch = [
        {
            "uuid": str(uuid4()),
            "event": event,
            "distinct_id": distinct_id,
            "timestamp": (start + timedelta(seconds=n // 3)).isoformat(),
            "properties": {"n": n, "$set": {"of": event}},
        }
        for n, distinct_id in enumerate(distinct_ids)
    ]
    answer = requests.post(f"{server.url}/batch/", json={"api_key": server.token, "batch": batch})
    assert answer.ok
    server.events(len(batch), event=event)
    return [event["uuid"] for event in batch]


@pytest.mark.parametrize("order", ["-timestamp", "timestamp"])
def test_events(server, load, unique, order):
    captured = capture(server, unique, [unique] * 11)
    wanted = json.dumps([{"key": "n", "operator": "gte", "value": 2}])

    found = load("events/", event=unique, limit=2, orderBy=json.dumps([order]))
    assert len(found) == 11
    assert sorted(found) == sorted(captured)
    found = load("events/", event=unique, limit=4, properties=wanted, orderBy=json.dumps([order]))
    assert sorted(found) == sorted(captured[2:])


def test_persons(server, load, unique):
    capture(server, unique, [f"{unique}-{n}" for n in range(7)])
    wanted = json.dumps([{"type": "person", "key": "of", "value": unique}])

    def persons():
        return server.get("persons/", properties=wanted)["results"]

    expected = {person["id"] for person in eventually(persons, 7)}
    found = load("persons/", limit=2, properties=wanted)
    assert len(found) == 7
    assert set(found) == expected
