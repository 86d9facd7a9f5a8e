"""Kinds of lines."""

import re

import pytest

from logs import patterns
from tests.logs.exporting import nanoseconds


@pytest.fixture
def find(api):
    def find(**query):
        response = api.post("logs/patterns/", {"query": query})
        assert response.status_code == 200, response.content
        return response.json()

    return find


def test_lines_alike_are_one_pattern(log, find):
    log(
        {"body": "user 17 not found", "severity_number": 17},
        {"body": "user 4711  not\nfound", "severity_number": 17},
        {"body": "user 5 not found", "severity_number": 9},
        {"body": "started"},
    )
    answer = find()
    first, second = answer["patterns"]

    assert first["pattern"] == "user <num> not found"
    assert (first["count"], first["estimated_count"], first["volume_share_pct"]) == (3, 3, 75)
    assert (first["error_count"], first["estimated_error_count"]) == (2, 2)
    assert first["severity_counts"] == {"error": 2, "info": 1}
    assert first["services"] == ["checkout"]
    assert first["first_seen"] <= first["last_seen"]
    assert sum(first["sparkline"]) == 3
    assert len(first["sparkline"]) == len(answer["sparkline_buckets"])
    assert {example["body"] for example in first["examples"]} == {
        "user 17 not found",
        "user 4711 not found",
        "user 5 not found",
    }
    assert re.search(first["match_regex"], "user 99 not found")
    assert not re.search(first["match_regex"], "user ada not found")
    assert first["match_literal"] == "not found"
    assert second["pattern"] == "started"
    assert (answer["scanned_count"], answer["total_count"], answer["sampled"]) == (4, 4, False)


@pytest.mark.parametrize(
    ("one", "other", "pattern"),
    [
        ("took 12 ms", "took 1.5 ms", "took <num> ms"),
        ("took 12ms", "took 1.5ms", "took <num>ms"),
        ("from 10.0.0.1:80", "from 192.168.1.20:8080", "from <ip>:<num>"),
        ("fault at 0xDEADBEEF", "fault at 0x1f", "fault at <hex>"),
        ("commit 9f3a71c2", "commit deadbeef00", "commit <hex>"),
        ("order 123456789", "order 5", "order <num>"),
        (
            "user 0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e",
            "user FFFFFFFF-0000-0000-0000-000000000000",
            "user <uuid>",
        ),
    ],
)
def test_what_varies(log, find, one, other, pattern):
    log({"body": one}, {"body": other})
    (found,) = find()["patterns"]
    assert (found["pattern"], found["count"]) == (pattern, 2)
    assert re.search(found["match_regex"], one)


def test_the_pattern_finds_its_lines_again(log, find, api):
    log({"body": "GET /a?x=1 (5 ms) [ok]"}, {"body": "GET /a?x=23 (14 ms) [ok]"}, {"body": "z"})
    pattern = find()["patterns"][0]
    filters = [
        {"key": "message", "type": "log", "operator": "regex", "value": pattern["match_regex"]}
    ]
    response = api.post("logs/count/", {"query": {"filterGroup": filters}})
    assert response.json() == {"count": 2}


def test_nothing_but_variables_has_no_regex(log, find):
    log({"body": "12 34"})
    (found,) = find()["patterns"]
    assert (found["match_regex"], found["match_literal"]) == (None, None)


def test_many_lines_are_sampled(log, find, monkeypatch):
    monkeypatch.setattr(patterns, "MAX_SAMPLE", 50)
    log(*({"body": f"line {n}", "time_unix_nano": nanoseconds(n)} for n in range(400)))
    answer = find()
    assert (answer["total_count"], answer["sampled"]) == (400, True)
    assert 10 <= answer["scanned_count"] <= 120
    (found,) = answer["patterns"]
    assert (found["count"], found["estimated_count"]) == (answer["scanned_count"], 400)


def test_no_lines(analytics, find):
    answer = find()
    assert (answer["patterns"], answer["total_count"]) == ([], 0)
