import csv
import io
import json
from datetime import UTC, datetime

import pytest

from logs import exporting
from logs.models import LogsExport
from tests.factories import ProjectFactory


@pytest.fixture
def fetch(api, analytics):
    """Asks for an export and returns its description and its text."""

    def fetch(**body):
        response = api.post("logs/export/", body)
        assert response.status_code == 201, response.content
        described = response.json()
        content = api.get(f"logs/export/{described['id']}/content/")
        assert content.status_code == 200
        return described, content, b"".join(content.streaming_content).decode()

    return fetch


def test_csv(log, fetch):
    log({"body": "a, b", "attributes": {"k": "v"}}, {"body": "c"})
    described, content, text = fetch(query={})

    assert set(described) == {"id", "export_format", "created_at", "has_content", "filename"}
    assert (described["export_format"], described["has_content"]) == ("text/csv", True)
    assert content["Content-Type"].startswith("text/csv")
    assert f'filename="{described["filename"]}.csv"' in content["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == list(exporting.DEFAULT_COLUMNS)
    assert [row["body"] for row in rows] == ["c", "a, b"]
    assert json.loads(rows[1]["attributes"]) == {"k": "v"}


def test_columns(log, fetch):
    log({"body": "=1+1", "attributes": {"http.route": "/a", "n": 5}})
    columns = ["attributes.http.route", "body", "attributes.none"]
    _, _, text = fetch(query={}, columns=columns)
    assert list(csv.reader(io.StringIO(text))) == [columns, ["/a", "'=1+1", ""]]


def test_json_lines(log, fetch):
    log({"body": "a"}, {"body": "b"})
    described, content, text = fetch(
        query={"orderBy": "earliest"}, export_format="application/jsonl"
    )
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["body"] for line in lines] == ["a", "b"]
    assert "resource_attributes" in lines[0]
    assert content["Content-Type"].startswith("application/jsonl")
    _, _, text = fetch(query={}, export_format="application/jsonl", columns=["body"])
    assert [json.loads(line) for line in text.splitlines()] == [{"body": "b"}, {"body": "a"}]


def test_filters_apply_and_the_limit_does_not(log, fetch):
    log(*({"body": f"keep {n}"} for n in range(7)), {"body": "drop"})
    _, _, text = fetch(query={"searchTerm": "keep", "limit": 2})
    assert len(text.splitlines()) == 8


def test_no_more_lines_than_allowed(log, fetch, monkeypatch):
    monkeypatch.setattr(exporting, "MAX_LINES", 3)
    log(*[{}] * 5)
    _, _, text = fetch(query={})
    assert len(text.splitlines()) == 4


def test_relative_times_are_those_of_the_request(log, fetch, api):
    log({"body": "before"})
    described, _, _ = fetch(query={})
    log({"body": "after"})
    content = api.get(f"logs/export/{described['id']}/content/")
    text = b"".join(content.streaming_content).decode()
    assert "before" in text
    assert "after" not in text


@pytest.mark.parametrize(
    ("services", "name"),
    [
        ([], "all-services"),
        (["check out/2"], "check-out-2"),
        (["a", "b"], "2-services"),
        ([""], "no-service"),
    ],
)
def test_filenames(api, analytics, services, name):
    dates = {"date_from": "2026-11-01T00:00:00Z", "date_to": "2026-11-02T12:30:00Z"}
    query = {"serviceNames": services, "dateRange": dates}
    answer = api.post("logs/export/", {"query": query}).json()
    assert answer["filename"] == f"logs-{name}-2026-11-01T00-00-00-to-2026-11-02T12-30-00"


def test_what_makes_no_sense(api, analytics):
    response = api.post("logs/export/", {})
    assert (response.status_code, response.json()["error"]) == (400, "No query provided")
    response = api.post("logs/export/", {"query": {"limit": 0}})
    assert (response.status_code, response.json()["attr"]) == (400, "query__limit")
    response = api.post("logs/export/", {"query": {}, "columns": ["password"]})
    assert (response.status_code, response.json()["attr"]) == (400, "columns")
    response = api.post("logs/export/", {"query": {}, "export_format": "image/png"})
    assert (response.status_code, response.json()["attr"]) == (400, "export_format")


def test_the_read_scopes_suffice(api_with_scopes, analytics):
    client = api_with_scopes("logs:read")
    response = client.post("logs/export/", {"query": {}})
    assert response.status_code == 201
    assert client.get(f"logs/export/{response.json()['id']}/").status_code == 200


def test_others_exports_are_not_found(api, organization):
    other = ProjectFactory(organization=organization)
    theirs = LogsExport.objects.create(project=other, query={}, created_at=datetime.now(UTC))
    assert api.get(f"logs/export/{theirs.id}/").status_code == 404
    assert api.get(f"logs/export/{theirs.id}/content/").status_code == 404
