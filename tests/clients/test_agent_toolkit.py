"""The unmodified @posthog/agent-toolkit: the tools of agents that are built on it."""

import json
from datetime import UTC, datetime

import pytest
import requests

from tests.live import NODE, eventually, run_node

pytestmark = [pytest.mark.live, pytest.mark.node]


@pytest.fixture
def tool(server):
    def call(name: str, **arguments):
        calls = json.dumps([[name, arguments]])
        (answer,) = run_node(NODE / "agent_toolkit.mjs", server, calls)
        return answer

    return call


@pytest.fixture
def bought(server, unique):
    """An event of a name that only this test has, sent twice."""
    name = f"bought {unique}"
    batch = [
        {
            "event": name,
            "distinct_id": person,
            "timestamp": datetime.now(UTC).isoformat(),
            "properties": {"amount": amount},
        }
        for person, amount in (("ada", 10), ("ben", 20))
    ]
    answer = requests.post(
        f"{server.url}/batch/", json={"api_key": server.token, "batch": batch}, timeout=120
    )
    assert answer.ok
    server.events(2, event=name)
    return name


def test_a_question_in_plain_english(server, tool, bought):
    def known():
        return server.get("event_definitions/", search=bought)["results"]

    eventually(known, 1)

    viz, results = tool(
        "query-generate-hogql-from-question", question=f'total amount of "{bought}" today'
    )

    assert viz["data"]["type"] == "ai/viz"
    assert viz["data"]["answer"]["kind"] == "HogQLQuery"
    assert results["data"]["type"] == "tool"
    assert results["data"]["content"].splitlines() == ["sum_amount", "30.0"]


def test_a_question_that_cannot_be_answered(tool):
    [failure] = tool("query-generate-hogql-from-question", question="Why is the sky blue?")
    assert failure["data"]["type"] == "ai/failure"
    assert "“sky”" in failure["data"]["content"]


def test_a_query(tool, bought):
    query = {
        "kind": "DataVisualizationNode",
        "source": {
            "kind": "HogQLQuery",
            "query": f"SELECT count() FROM events WHERE event = '{bought}'",
        },
    }
    assert tool("query-run", query=query) == [[2]]


SQL = {
    "kind": "DataVisualizationNode",
    "source": {
        "kind": "HogQLQuery",
        "query": "select 7 as lucky",
        "filters": {"dateRange": {"date_from": "-7d"}},
    },
}
CHART = {
    "kind": "InsightVizNode",
    "source": {
        "kind": "TrendsQuery",
        "series": [{"kind": "EventsNode", "event": "$pageview", "math": "total"}],
        "dateRange": {"date_from": "-7d", "date_to": None},
        "interval": "day",
        "filterTestAccounts": False,
        "properties": [],
    },
}


def test_insights_are_kept_asked_and_deleted(tool, unique):
    fields = {"name": unique, "query": SQL, "description": "An agent's", "favorited": False}
    made = tool("insight-create-from-query", data=fields)
    assert (made["name"], made["description"], made["filters"]) == (unique, "An agent's", {})
    short_id = made["short_id"]
    assert tool("insight-get", insightId=short_id)["id"] == made["id"]
    assert tool("insight-query", insightId=short_id)["results"] == [[7]]
    changed = tool("insight-update", insightId=short_id, data={"name": f"{unique} 2"})
    assert changed["name"] == f"{unique} 2"
    listed = tool("insights-get-all", data={"search": unique})
    assert [insight["short_id"] for insight in listed] == [short_id]
    assert tool("insight-delete", insightId=short_id)["success"] is True


def test_queries_are_answered(tool):
    assert tool("query-run", query=SQL) == [[7]]
    [series] = tool("query-run", query=CHART)
    assert len(series["data"]) == 8
