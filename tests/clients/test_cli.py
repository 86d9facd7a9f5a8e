"""The tools of the unmodified @posthog/cli (its JavaScript part), which agents call."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.live import NODE, eventually
from tests.logs.exporting import protobuf

pytestmark = [pytest.mark.live, pytest.mark.node]

CLI = NODE / "node_modules" / "@posthog" / "cli" / "lib" / "posthog-api-cli.mjs"


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


HOUR = {"dateRange": {"date_from": "-1h"}}
READING_TOOLS = {
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

    with ThreadPoolExecutor(2) as pool:
        failures = list(filter(None, pool.map(call, READING_TOOLS)))
    assert not failures, "\n".join(failures)


def test_logs(cli, server, unique):
    records = [
        {"body": f"card {n} refused", "severity_number": 17, "attributes": {"step": "pay"}}
        for n in range(3)
    ]
    answer = requests.post(
        f"{server.url}/v1/logs",
        protobuf(*records, resource={"service.name": unique}),
        headers={
            "Authorization": f"Bearer {server.token}",
            "Content-Type": "application/x-protobuf",
        },
        timeout=30,
    )
    assert answer.status_code == 200
    query = {"query": {**HOUR, "serviceNames": [unique]}}
    lines = eventually(lambda: cli("query-logs", **query)["results"], 3)
    assert {line["body"] for line in lines} == {
        "card 0 refused",
        "card 1 refused",
        "card 2 refused",
    }
    assert cli("logs-count", **query)["count"] == 3
    ranges = cli("logs-count-ranges", query={**query["query"], "targetBuckets": 5})["ranges"]
    assert sum(bucket["count"] for bucket in ranges) == 3
    [service] = cli("logs-services-create", **query)["services"]
    assert (service["service_name"], service["error_rate"]) == (unique, 1)
    [pattern] = cli("logs-patterns", **query)["patterns"]
    assert (pattern["pattern"], pattern["estimated_count"]) == ("card <num> refused", 3)
    facet = {"query": {**query["query"], "facetAttribute": "step"}}
    assert cli("logs-facet-values-create", **facet)["results"] == [{"value": "pay", "count": 3}]
    only = {**HOUR, "serviceNames": [unique]}
    [key] = cli("logs-attributes-list", **only)["results"]
    assert (key["name"], key["propertyFilterType"]) == ("step", "log_attribute")
    [value] = cli("logs-attribute-values-list", key="step", **only)["results"]
    assert value == {"id": "pay", "name": "pay"}


def test_data(cli, server, unique):
    event = {"event": unique, "distinct_id": unique, "properties": {"plan": "paid", "n": 5}}
    answer = requests.post(
        f"{server.url}/capture/", json={"api_key": server.token, **event}, timeout=30
    )
    assert answer.status_code == 200
    server.events(1, event=unique)

    sql = f"select event, properties.n, properties.plan from events where event = '{unique}'"
    found = cli("execute-sql", query=sql)
    assert found["columns"] == ["event", "n", "plan"]
    assert found["results"].splitlines()[1].split(" | ")[::2] == [unique, "paid"]
    assert unique in cli("read-data-schema", query={"kind": "events"})
    properties = cli("read-data-schema", query={"kind": "event_properties", "event_name": unique})
    assert "plan (String): paid" in properties
    assert "n (Numeric): 5" in properties
    values = {"kind": "event_property_values", "event_name": unique, "property_name": "plan"}
    assert cli("read-data-schema", query=values) == "paid (1)"
    assert "not part of this server" in str(cli("docs-search", query="trends"))


def test_sql_that_fails(cli):
    with pytest.raises(AssertionError, match="Unable to resolve field: nothing"):
        cli("execute-sql", query="select nothing from events")


def test_insights(cli, unique):
    query = {
        "kind": "DataVisualizationNode",
        "source": {"kind": "HogQLQuery", "query": "select 7 as lucky"},
    }
    made = cli("insight-create", name=unique, query=query)
    assert made["query"] == query
    short_id = made["short_id"]
    assert cli("insight-get", id=short_id)["id"] == made["id"]
    assert [each["name"] for each in cli("insights-list", search=unique)["results"]] == [unique]
    shown = cli("insight-query", insightId=short_id)
    assert (shown["results"]["columns"], shown["results"]["results"]) == (["lucky"], [[7]])
    assert cli("insight-update", id=made["id"], name=f"{unique} 2")["name"] == f"{unique} 2"
    cli("insight-delete", id=made["id"])
    assert cli("insights-list", search=unique)["results"] == []
