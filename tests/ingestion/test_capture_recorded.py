"""Requests of unmodified SDKs, as they were recorded, at their own paths and in their encoding."""

import base64
import gzip
import json
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.factories import PersonalAPIKeyFactory

RECORDINGS = Path(__file__).parents[1] / "fixtures" / "sdk"
RECORDED_TOKEN = "phc_fixture_token"

pytestmark = pytest.mark.django_db


def recordings(*paths: str) -> list[str]:
    names = sorted(file.stem for file in RECORDINGS.glob("*.json"))
    return [name for name in names if recording(name)["path"].rstrip("/") in paths]


def recording(name: str, token: str = RECORDED_TOKEN) -> dict:
    text = (RECORDINGS / f"{name}.json").read_text()
    return json.loads(text.replace(RECORDED_TOKEN, token))


def replay(client, recorded: dict):
    body = b"" if recorded["body"] is None else json.dumps(recorded["body"]).encode()
    if recorded["wire_encoding"] == "gzip":
        body = gzip.compress(body)
    elif recorded["wire_encoding"] == "form-base64":
        body = urlencode({"data": base64.b64encode(body)}).encode()
    headers = dict(recorded["headers"])
    content_type = headers.pop("content-type", "")
    path = recorded["path"] + ("?" + urlencode(recorded["query"]) if recorded["query"] else "")
    return client.generic(recorded["method"], path, body, content_type, headers=headers)


def sent_events(recorded: dict) -> list[dict]:
    body = recorded["body"]
    if isinstance(body, dict) and "batch" in body:
        return body["batch"]
    return body if isinstance(body, list) else [body]


@pytest.mark.parametrize("name", recordings("/batch", "/e"))
def test_events(client, project, queued, name):
    recorded = recording(name, project.api_token)

    r = replay(client, recorded)

    assert (r.status_code, r.json()) == (200, {"status": "Ok"})
    events = queued()
    sent = sent_events(recorded)
    assert len(events) == len(sent) > 0
    for event, original in zip(events, sent, strict=True):
        properties = original["properties"]
        assert event["event"] == original["event"]
        expected_id = original.get("distinct_id", properties.get("distinct_id"))
        assert event["distinct_id"] == expected_id
        if original.get("uuid"):
            assert event["uuid"] == original["uuid"]
        stored = event["properties"]
        assert stored["$ip"] == properties.get("$ip", "127.0.0.1")
        for key in ("$set", "$set_once"):
            merged = {**properties.get(key, {}), **original.get(key, {})}
            assert stored.get(key, {}) == merged
        for key in properties.keys() - {"$set", "$set_once"}:
            assert stored[key] == properties[key]
        assert stored.get("$sent_at") is not None or "sent_at" not in recorded["body"]


@pytest.mark.parametrize("name", recordings("/batch", "/e"))
def test_clocks(client, project, queued, name):
    """Events keep their distance from the moment the client sent them."""
    recorded = recording(name, project.api_token)
    replay(client, recorded)

    for event, original in zip(queued(), sent_events(recorded), strict=True):
        sent_at = event["properties"].get("$sent_at")
        if "offset" in original or sent_at is None:
            continue
        age_by_client = moment(sent_at) - moment(original["timestamp"])
        received_at = moment(event["timestamp"]) + age_by_client
        age_of_request = datetime.now(received_at.tzinfo) - received_at
        assert abs(age_of_request.total_seconds()) < 60


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("name", recordings("/i/v1/analytics/events"))
def test_batches_of_the_newer_protocol(client, project, queued, name):
    recorded = recording(name, project.api_token)

    r = replay(client, recorded)

    sent = recorded["body"]["batch"]
    assert r.status_code == 200
    assert r.json() == {"results": {event["uuid"]: {"result": "ok"} for event in sent}}
    for event, original in zip(queued(), sent, strict=True):
        properties = event["properties"]
        assert (event["uuid"], event["event"]) == (original["uuid"], original["event"])
        assert (properties["$lib"], properties["$lib_version"]) == ("posthog-python", "7.91.1")
        if "process_person_profile" in original["options"]:
            assert properties["$process_person_profile"] is False


@pytest.mark.parametrize("name", recordings("/flags"))
def test_flags(client, project, name):
    r = replay(client, recording(name, project.api_token))
    assert r.status_code == 200
    assert r.json()["featureFlags"] == {}
    assert r.json()["errorsWhileComputingFlags"] is False


def test_decide(client, project):
    r = replay(client, recording("web_1_180_decide_form_base64", project.api_token))
    assert r.status_code == 200
    assert r.json()["featureFlags"] == {}
    assert r["Access-Control-Allow-Origin"] == "https://shop.example.com"
    assert r["Access-Control-Allow-Credentials"] == "true"


@pytest.mark.parametrize("name", ["web_config", "web_config_js"])
def test_configuration(client, project, name):
    r = replay(client, recording(name, project.api_token))
    assert r.status_code == 200
    assert project.api_token in r.content.decode()


def test_flag_definitions(client, project, user):
    recorded = recording("node_flag_definitions", project.api_token)
    assert replay(client, recorded).status_code == 401
    key = PersonalAPIKeyFactory(user=user, scopes=["feature_flag:read"])
    recorded["headers"]["authorization"] = f"Bearer {key.value}"
    assert replay(client, recorded).status_code == 200


def test_every_recording_is_replayed():
    replayed = recordings(
        "/batch", "/e", "/i/v1/analytics/events", "/flags", "/decide", "/flags/definitions"
    ) + recordings(f"/array/{RECORDED_TOKEN}/config", f"/array/{RECORDED_TOKEN}/config.js")
    assert len(replayed) == len(list(RECORDINGS.glob("*.json")))
