"""The log lines of an exception's trace and session."""

from datetime import UTC, datetime, timedelta

import pytest

import clickhouse
from error_tracking.models import Issue
from logs import otlp
from tests.error_tracking.asking import EVENTS, NOW, ask, happen
from tests.factories import ProjectFactory
from tests.logs.exporting import protobuf

TRACE = "0af7651916cd43dd8448eb211c80319c"
SESSION = "0192d5a1-0000-7000-8000-000000000001"


@pytest.fixture
def log(project, analytics):
    def log(body, minutes=0, project=project, resource=None, **fields):
        at = NOW - timedelta(hours=1) + timedelta(minutes=minutes)
        record = {"body": body, "time_unix_nano": int(at.timestamp() * 1e9), **fields}
        decoded = otlp.decode(
            protobuf(record, resource=resource),
            "application/x-protobuf",
            project_id=project.id,
            retention_days=30,
            received_at=datetime.now(UTC),
            max_bytes=10**6,
        )
        clickhouse.insert("logs", b"\n".join(decoded.lines))

    return log


def lines(api, **body):
    issue = Issue.objects.get()
    results = ask(api, EVENTS, issueId=str(issue.id), **body)["results"]
    return [event["logs"] for event in results]


def bodies(api, **body):
    (found,) = lines(api, **body)
    return [line["body"] for line in found]


def test_lines_of_the_trace(api, project, log):
    event = happen(project, "A", **{"$trace_id": TRACE})
    log("after", minutes=2, trace_id=bytes.fromhex(TRACE))
    log("before", minutes=-2, trace_id=bytes.fromhex(TRACE), severity_number=13)
    log("another trace", trace_id=b"\xab" * 16)
    log("long before", minutes=-31, trace_id=bytes.fromhex(TRACE))
    log("another project", project=ProjectFactory(), trace_id=bytes.fromhex(TRACE))
    assert bodies(api) == ["before", "after"]
    ((first, _),) = lines(api)
    assert first == {
        "uuid": first["uuid"],
        "timestamp": (event.timestamp - timedelta(minutes=2)).isoformat().replace("+00:00", "Z"),
        "severity_text": "warn",
        "service_name": "checkout",
        "body": "before",
        "trace_id": TRACE.upper(),
        "span_id": "0" * 16,
    }


@pytest.mark.parametrize("key", ["sessionId", "session.id", "$session_id"])
def test_lines_of_the_session(api, project, log, key):
    happen(project, "A", **{"$session_id": SESSION})
    log("mine", attributes={key: SESSION})
    log("of a session's resource", resource={"service.name": "app", key: SESSION})
    log("someone else's", attributes={key: "another"})
    log("something else", attributes={"order": SESSION})
    assert sorted(bodies(api)) == ["mine", "of a session's resource"]


def test_whole_lines(api, project, log):
    happen(project, "A", trace_id=TRACE.upper())
    log("x" * 2000, trace_id=bytes.fromhex(TRACE), attributes={"sku": "a-1"})
    (((line,)), ((raw,))) = (lines(api)[0], lines(api, verbosity="raw")[0])
    assert len(line["body"]) == 1000
    assert len(raw["body"]) == 2000
    assert raw["attributes"] == {"sku": "a-1"}


def test_each_event_has_its_own_lines(api, project, log):
    other = "1" * 32
    happen(project, "A", **{"$trace_id": TRACE})
    happen(project, "A", hours_ago=2, **{"$trace_id": other})
    happen(project, "A", hours_ago=3)
    log("of the last", trace_id=bytes.fromhex(TRACE))
    log("of the one before", minutes=-60, trace_id=bytes.fromhex(other))
    found = [[line["body"] for line in each] for each in lines(api, limit=3)]
    assert found == [["of the last"], ["of the one before"], []]


def test_the_nearest_lines_are_kept(api, project, log, monkeypatch):
    monkeypatch.setattr("logs.around.MAX_LINES", 2)
    happen(project, "A", **{"$trace_id": TRACE})
    for minutes in (-9, -1, 2, 8):
        log(f"{minutes}", minutes=minutes, trace_id=bytes.fromhex(TRACE))
    assert bodies(api) == ["-1", "2"]


@pytest.mark.parametrize("value", ["", "0" * 32, "xyz", 5, None, ["a"], {"a": 1}, "é" * 32])
def test_odd_ids_find_nothing(api, project, log, value):
    happen(project, "A", **{"$trace_id": value, "$session_id": value if value != "xyz" else 7})
    log("unrelated")
    assert bodies(api) == []
