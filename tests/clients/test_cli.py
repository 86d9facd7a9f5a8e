"""The tools of the unmodified @posthog/cli (its JavaScript part), which agents call."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from posthog import Posthog

from tests.live import NODE

pytestmark = [pytest.mark.live, pytest.mark.node]

CLI = NODE / "node_modules" / "@posthog" / "cli" / "lib" / "posthog-api-cli.mjs"


class OrderError(Exception):
    pass


@pytest.fixture
def cli(server, tmp_path):
    """Calls a tool and returns its answer."""

    def call(tool: str, **arguments):
        done = subprocess.run(
            ["node", str(CLI), "call", "--json", "--confirm", tool, json.dumps(arguments)],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "POSTHOG_CLI_HOST": server.url,
                "POSTHOG_CLI_API_KEY": server.key,
                "POSTHOG_CLI_PROJECT_ID": str(server.project_id),
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return json.loads(done.stdout)

    return call


@pytest.fixture
def exception(server, unique):
    """An exception that arrived: its event."""
    client = Posthog(server.token, host=server.url)
    try:
        raise OrderError(unique)
    except OrderError as error:
        client.capture_exception(error, distinct_id=unique)
    client.shutdown()
    [event] = server.events(distinct_id=unique)
    return event


def test_an_agent_finds_and_resolves_an_issue(cli, server, exception):
    issue_id = exception["properties"]["$exception_issue_id"]

    listed = cli("query-error-tracking-issues-list", searchQuery=exception["distinct_id"])
    assert issue_id in json.dumps(listed)
    shown = cli("query-error-tracking-issue", issueId=issue_id)
    assert "OrderError" in json.dumps(shown)
    events = cli("query-error-tracking-issue-events", issueId=issue_id)
    assert exception["id"] in json.dumps(events)

    cli("error-tracking-issues-partial-update", id=issue_id, status="resolved")
    assert server.issue_of(exception)["status"] == "resolved"


def test_an_agent_asks_with_sql(cli, exception):
    person = exception["distinct_id"]
    answer = cli(
        "execute-sql", query=f"SELECT count() AS found FROM events WHERE distinct_id = '{person}'"
    )
    assert "1" in json.dumps(answer)
    assert "found" in json.dumps(answer)


def test_an_agent_finds_out_what_there_is(cli, exception):
    assert "$exception" in json.dumps(cli("read-data-schema", query={"kind": "events"}))


HOUR = {"dateRange": {"date_from": "-1h"}}
READING_TOOLS = {
    "alerts-list": {},
    "cohorts-list": {},
    "error-tracking-alerts-list": {},
    "error-tracking-grouping-rules-list": {},
    "error-tracking-settings-get": {},
    "error-tracking-symbol-sets-list": {},
    "feature-flag-get-all": {},
    "insights-list": {},
    "integrations-list": {},
    "logs-attributes-list": {},
    "logs-count": {"query": HOUR},
    "logs-sparkline-query": {"query": HOUR},
    "organization-get": {},
    "persons-list": {},
    "project-get": {},
    "projects-get": {},
    "query-logs": {"query": HOUR},
    "user-get": {},
}


def test_every_tool_that_reads_gets_its_answer(cli):
    def call(tool):
        try:
            cli(tool, **READING_TOOLS[tool])
        except AssertionError as error:
            return f"{tool}: {error}"

    with ThreadPoolExecutor(4) as pool:
        failures = list(filter(None, pool.map(call, READING_TOOLS)))
    assert not failures, "\n".join(failures)
