"""Log lines through the project's query endpoint: as LogsQuery, and as a table of HogQL."""

import pytest

from tests.conftest import ProjectClient
from tests.factories import PersonalAPIKeyFactory, ProjectFactory


@pytest.fixture
def ask(api):
    def ask(status=200, client=api, **query):
        r = client.post("query/", {"query": query})
        assert r.status_code == status, r.content
        return r.json()

    return ask


@pytest.fixture
def rows(ask):
    return lambda sql: ask(kind="HogQLQuery", query=sql)["results"]


@pytest.fixture
def three_lines(log):
    log(
        {
            "body": "card refused",
            "severity_number": 17,
            "attributes": {"order": 7, "http.route": "/pay"},
            "trace_id": bytes(range(16)),
            "span_id": bytes(range(8)),
        },
        {"body": "card accepted", "severity_number": 9, "attributes": {"order": 8}},
        {"body": "cart opened", "severity_number": 5},
        resource={"service.name": "shop", "host.name": "a1"},
    )


def test_a_logs_query_answers_as_the_logs_endpoint_does(ask, api, three_lines):
    query = {"searchTerm": "card", "limit": 1, "orderBy": "earliest"}
    found = ask(kind="LogsQuery", **query)
    [line] = found["results"]
    assert found["hasMore"] is True
    again = ask(kind="LogsQuery", **query, after=found["nextCursor"])
    assert [each["body"] for each in again["results"]] == ["card accepted"]
    assert (again["hasMore"], again["nextCursor"]) == (False, None)
    direct = api.post("logs/query/", {"query": query}).json()["results"]
    assert direct == [line]


def test_a_logs_query_takes_query_read(ask, api_with_scopes, three_lines):
    found = ask(client=api_with_scopes("query:read"), kind="LogsQuery")
    assert len(found["results"]) == 3
    ask(403, client=api_with_scopes("insight:read"), kind="LogsQuery")


def test_a_logs_query_that_makes_no_sense(ask):
    refused = ask(400, kind="LogsQuery", severityLevels=["loud"])
    assert refused["type"] == "validation_error"
    assert "loud" in refused["detail"]


def test_the_table_has_every_column_of_the_contract(ask, three_lines):
    columns = [
        "uuid, timestamp, body, message, severity_text, level, severity_number, service_name",
        "trace_id, span_id, attributes, resource_attributes",
    ]
    found = ask(kind="HogQLQuery", query=f"SELECT {', '.join(columns)} FROM logs ORDER BY body")
    row = dict(zip(found["columns"], found["results"][1], strict=True))
    assert row["body"] == row["message"] == "card refused"
    assert row["level"] == row["severity_text"] == "error"
    assert (row["severity_number"], row["service_name"]) == (17, "shop")
    assert row["trace_id"] == bytes(range(16)).hex().upper()
    assert row["span_id"] == bytes(range(8)).hex().upper()
    assert row["resource_attributes"] == {"service.name": "shop", "host.name": "a1"}


def test_attributes_in_sql(rows, three_lines):
    assert rows(
        "SELECT attributes['http.route'], attributes.order, resource_attributes['host.name']"
        " FROM logs WHERE attributes.order = '7'"
    ) == [["/pay", "7", "a1"]]
    assert rows(
        "SELECT level, count() FROM logs WHERE timestamp > now() - INTERVAL 1 HOUR"
        " AND body ILIKE '%car%' GROUP BY level ORDER BY level"
    ) == [["debug", 1], ["error", 1], ["info", 1]]


def test_sql_sees_no_other_projects_lines(rows, organization, user, three_lines):
    other = ProjectFactory(organization=organization)
    client = ProjectClient(other, PersonalAPIKeyFactory(user=user).value)
    query = {"kind": "HogQLQuery", "query": "SELECT count() FROM logs"}
    assert client.post("query/", {"query": query}).json()["results"] == [[0]]
    assert rows("SELECT count() FROM logs") == [[3]]
