"""The tools of the unmodified @posthog/cli (its JavaScript part), which agents call."""

import json
import subprocess

import pytest
import requests

from tests.clients.conftest import CLI, environment
from tests.live import PATIENCE_SECONDS, eventually
from tests.logs.exporting import protobuf

pytestmark = [pytest.mark.live, pytest.mark.node]

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


@pytest.mark.parametrize("tool", READING_TOOLS)
def test_tools_that_read_get_their_answer(cli, tool):
    cli(tool, **READING_TOOLS[tool])


def test_the_program_by_itself(server, tmp_path):
    def run(tool: str, arguments: dict) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["node", str(CLI), "call", "--json", tool, json.dumps(arguments)],
            env=environment(server, tmp_path),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )

    done = run("projects-get", {})
    assert (done.returncode, done.stderr) == (0, "")
    assert [project["id"] for project in json.loads(done.stdout)] == [server.project_id]
    refused = run("execute-sql", {"query": "select nothing from events"})
    assert refused.returncode == 1
    assert "Unable to resolve field: nothing" in refused.stderr


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
        timeout=120,
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
        f"{server.url}/capture/", json={"api_key": server.token, **event}, timeout=120
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
