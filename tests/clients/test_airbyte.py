"""Airbyte's unmodified connector against a live server."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import requests

from tests.clients.programs import AIRBYTE, run

pytestmark = [pytest.mark.live, pytest.mark.pypi]

STREAMS = {
    *("projects", "cohorts", "feature_flags", "persons", "events", "annotations", "insights"),
}


@pytest.fixture
def connector(server, tmp_path):
    """Runs the connector; returns the messages it printed."""
    config = {
        "api_key": server.key,
        "base_url": server.url,
        "start_date": (datetime.now(UTC) - timedelta(days=10)).strftime("%Y-%m-%dT00:00:00Z"),
        "events_time_step": 91,
    }

    def call(verb: str, **files) -> list[dict]:
        options = []
        for name, content in {"config": config, **files}.items():
            path = tmp_path / f"{name}.json"
            path.write_text(json.dumps(content))
            options += [f"--{name}", path]
        done = run(AIRBYTE, "source-posthog", verb, *options)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    return call


def capture(server, names: list[str], unique: str, ago: timedelta = timedelta()) -> set[str]:
    """Events within the hour, several at each time."""
    start = datetime.now(UTC) - ago
    batch = [
        {
            "uuid": str(uuid4()),
            "event": name,
            "distinct_id": unique,
            "timestamp": (start + timedelta(seconds=n // 3)).isoformat(),
            "properties": {"n": n, "nothing": None, "$set": {"email": f"{unique}@example.com"}},
        }
        for n, name in enumerate(names)
    ]
    answer = requests.post(f"{server.url}/batch/", json={"api_key": server.token, "batch": batch})
    assert answer.ok
    server.events(len(names), distinct_id=unique, event=names[0])
    return {event["uuid"] for event in batch}


def configured(messages: list[dict]) -> dict:
    """All streams, incremental where the connector offers that."""
    [catalog] = [message["catalog"] for message in messages if message["type"] == "CATALOG"]
    return {
        "streams": [
            {
                "stream": stream,
                "sync_mode": stream["supported_sync_modes"][-1],
                "cursor_field": stream.get("default_cursor_field", []),
                "destination_sync_mode": "append",
            }
            for stream in catalog["streams"]
        ]
    }


def read(messages: list[dict]) -> tuple[dict[str, list[dict]], dict[str, str], list[dict]]:
    """Records and outcomes by stream, and the last state of each."""
    records, outcomes, states = defaultdict(list), {}, {}
    for message in messages:
        if message["type"] == "RECORD":
            records[message["record"]["stream"]].append(message["record"]["data"])
        elif message["type"] == "TRACE" and message["trace"]["type"] == "STREAM_STATUS":
            status = message["trace"]["stream_status"]
            outcomes[status["stream_descriptor"]["name"]] = status["status"]
        elif message["type"] == "STATE":
            states[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]
    return records, outcomes, list(states.values())


def test_every_stream_is_read_in_full_and_then_what_is_new(server, connector, unique):
    [status] = [each for each in connector("check") if each["type"] == "CONNECTION_STATUS"]
    assert status["connectionStatus"]["status"] == "SUCCEEDED"
    catalog = configured(connector("discover"))
    assert {each["stream"]["name"] for each in catalog["streams"]} == STREAMS

    captured = capture(server, [f"{unique} 1"] * 7, unique, timedelta(minutes=30))
    leaf = {"type": "person", "key": "email", "operator": "is_set", "value": "is_set"}
    filters = {"properties": {"type": "AND", "values": [leaf]}}
    cohort = server.post("cohorts/", {"name": unique, "filters": filters})
    insight = server.post("insights/", {"name": unique})
    person = server.person(unique)

    records, outcomes, state = read(connector("read", catalog=catalog))
    assert outcomes == dict.fromkeys(STREAMS, "COMPLETE")
    ids = [event["id"] for event in records["events"] if event["distinct_id"] == unique]
    assert sorted(ids) == sorted(captured)
    assert person["uuid"] in {each["uuid"] for each in records["persons"]}
    assert cohort["id"] in {each["id"] for each in records["cohorts"]}
    assert insight["id"] in {each["id"] for each in records["insights"]}
    assert server.project_id in {each["id"] for each in records["projects"]}
    assert records["feature_flags"] == records["annotations"] == []

    # Later than all that other tests have sent to this server.
    fresh = capture(server, [f"{unique} 2"] * 2, f"{unique}-later")
    records, outcomes, _ = read(connector("read", catalog=catalog, state=state))
    assert outcomes == dict.fromkeys(STREAMS, "COMPLETE")
    ids = {event["id"] for event in records["events"]}
    assert ids >= fresh
    assert not ids & captured
