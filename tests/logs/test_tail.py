"""`manage.py tail_logs`, against a live server and by its parts."""

import io
import signal
import subprocess
import sys
import time

import pytest
import requests
from django.core.management import CommandError, call_command

from logs.tailing import Tail, show
from tests.live import ROOT, STOP_SECONDS
from tests.logs.exporting import nanoseconds, protobuf

LINE = {
    "uuid": "u",
    "timestamp": "2026-11-21T12:30:15.123456Z",
    "level": "error",
    "service_name": "shop",
    "body": "no \x1b[31mstock\nleft",
    "attributes": {"sku": "a 1", "n": "2"},
}


def test_a_line_cannot_command_the_terminal():
    shown = show(LINE, color=False, attributes=False)
    assert shown == "12:30:15.123 ERROR shop: no \\x1b[31mstock\nleft"


def test_attributes_and_colors():
    shown = show(LINE, color=False, attributes=True)
    assert shown.endswith(' n="2" sku="a 1"')
    assert "\x1b[31;1mERROR\x1b[0m" in show(LINE, color=True, attributes=False)
    show({**LINE, "level": "unknown", "service_name": ""}, color=True, attributes=False)


def test_late_lines_are_shown_and_none_twice(monkeypatch):
    def line(uuid, second):
        return {**LINE, "uuid": uuid, "timestamp": f"2026-11-21T12:30:{second:02}Z"}

    tail = Tail("http://server", 1, "phx_x", {})
    answers = iter(
        [
            [line("b", 20), line("a", 10)],
            [line("b", 20), line("late", 15), line("a", 10)],
            [line("c", 30), line("b", 20), line("late", 15), line("a", 10)],
        ]
    )
    monkeypatch.setattr(tail, "ask", lambda query: next(answers))
    assert [row["uuid"] for row in tail.last(10, "-1h")] == ["a", "b"]
    assert [row["uuid"] for row in tail.more()] == ["late"]
    assert [row["uuid"] for row in tail.more()] == ["c"]


@pytest.mark.django_db
def test_no_project_and_no_server(project, user):
    with pytest.raises(CommandError, match="no such project"):
        call_command("tail_logs", "--project-id", "999999")
    for url in ["http://127.0.0.1:9", "nonsense"]:
        with pytest.raises(CommandError, match="does not answer"):
            call_command("tail_logs", "--url", url, stdout=io.StringIO())
    assert not user.personal_api_keys.exists()
    with pytest.raises(CommandError, match="KEY=VALUE"):
        call_command("tail_logs", "--attribute", "oops")


def send(server, *records, **options):
    answer = requests.post(
        f"{server.url}/v1/logs",
        protobuf(*records, **options),
        headers={
            "Authorization": f"Bearer {server.token}",
            "Content-Type": "application/x-protobuf",
        },
        timeout=120,
    )
    assert answer.status_code == 200


@pytest.mark.live
def test_following_a_server(server, unique):
    at = nanoseconds(2)
    resource = {"service.name": unique}
    send(
        server,
        {"time_unix_nano": at, "body": "first", "severity_number": 17, "attributes": {"a": "1"}},
        {"time_unix_nano": at + 1000, "body": "ignored", "severity_number": 9},
        resource=resource,
    )
    time.sleep(1)
    command = [sys.executable, "manage.py", "tail_logs", "--url", server.url, "--level", "warn"]
    with subprocess.Popen(
        [*command, "--service", unique, "-a"],
        cwd=ROOT,
        env=server.installation.environment,
        stdout=subprocess.PIPE,
        text=True,
        # Shells have what they run in the background ignore Ctrl-C, and so would this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            assert process.stdout.readline().endswith(f'ERROR {unique}: first a="1"\n')
            send(server, {"body": "second", "severity_number": 21}, resource=resource)
            assert process.stdout.readline().endswith(f"FATAL {unique}: second\n")
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(STOP_SECONDS) == 0


@pytest.mark.live
def test_a_key_that_may_not(server):
    command = [
        "tail_logs",
        "--url",
        server.url,
        "--project-id",
        "1",
        "--personal-api-key",
        "phx_no",
    ]
    with pytest.raises(CommandError, match="401: Personal API key"):
        call_command(*command, stdout=io.StringIO())
