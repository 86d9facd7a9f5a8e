"""Beside SQLite the queue is a file of its own: what happens when the two files disagree."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import requests
from django.conf import settings

from tests import live

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not settings.EMBEDDED_DATABASE, reason="PostgreSQL holds the queue itself"),
]
COLUMNS = "lane, project_id, received_at, events, size, payload"


def send(server) -> str:
    uuid = str(uuid4())
    event = {"event": "seen", "uuid": uuid, "distinct_id": "ada", "properties": {}}
    answer = requests.post(
        f"{server.url}/batch/",
        json={"api_key": server.token, "batch": [event]},
        timeout=live.ANSWER_SECONDS,
    )
    assert answer.status_code == 200
    return uuid


def write(file, statement, values=()):
    with closing(sqlite3.connect(file)) as connection, connection:
        return connection.execute(statement, values).fetchall()


def queued(project_id: int) -> tuple[str, tuple]:
    """A uuid, and the queue row of an event that has it."""
    uuid = str(uuid4())
    event = {
        "uuid": uuid,
        "event": "seen",
        "distinct_id": "ada",
        "timestamp": datetime.now(UTC).isoformat(),
        "properties": {},
    }
    payload = json.dumps(event).encode()
    return uuid, (0, project_id, datetime.now(UTC).isoformat(" "), 1, len(payload), payload)


def insert(file, row):
    write(file, f"INSERT INTO ingestion_queuedbatch ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", row)


def test_a_queue_file_that_is_new_counts_from_the_start(installation, tmp_path):
    with live.serving(installation) as server:
        first = [send(server) for _ in range(3)]
        server.events(3)
    for file in tmp_path.glob("db-queue.sqlite3*"):
        file.unlink()

    with live.serving(installation) as server:
        second = send(server)
        found = server.events(4)

    assert {event["id"] for event in found} == {*first, second}


def test_what_waited_before_the_queue_had_a_file_is_digested(installation, tmp_path):
    uuid, row = queued(installation.project_id)
    insert(tmp_path / "db.sqlite3", row)

    with live.serving(installation) as server:
        (event,) = server.events(1)

    assert event["id"] == uuid
    assert write(tmp_path / "db.sqlite3", "SELECT count(*) FROM ingestion_queuedbatch") == [(0,)]


def test_what_was_digested_before_a_crash_is_swept_and_not_digested_again(installation, tmp_path):
    """The process died between the commit of a batch and its removal from the queue's file."""
    with live.serving(installation) as server:
        project_id = server.project_id
        first = send(server)
        server.events(1)
    uuid, row = queued(project_id)
    insert(tmp_path / "db-queue.sqlite3", row)
    ((last,),) = write(tmp_path / "db-queue.sqlite3", "SELECT max(id) FROM ingestion_queuedbatch")
    write(tmp_path / "db.sqlite3", "UPDATE ingestion_lane SET digested_to = ?", (last,))

    with live.serving(installation) as server:
        second = send(server)
        found = server.events(2)

    assert {event["id"] for event in found} == {first, second}
    assert write(tmp_path / "db-queue.sqlite3", "SELECT count(*) FROM ingestion_queuedbatch") == [
        (0,)
    ]


def test_the_room_of_a_backlog_is_given_back(installation, tmp_path):
    with live.serving(installation):
        """Makes the file."""
    rows = [queued(installation.project_id)[1] for _ in range(20)]
    padding = json.dumps({"event": "seen", "properties": {"pad": "x" * 1_000_000}})[1:-1].encode()
    for row in rows:
        payload = row[-1].replace(b'"event": "seen", ', b"").replace(b'"properties": {}', padding)
        insert(tmp_path / "db-queue.sqlite3", (*row[:-1], payload))
    assert (tmp_path / "db-queue.sqlite3").stat().st_size > 20_000_000

    with live.serving(installation) as server:
        server.events(20)
        live.eventually(
            lambda: [1] if (tmp_path / "db-queue.sqlite3").stat().st_size < 5_000_000 else [], 1
        )
