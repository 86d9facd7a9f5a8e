"""`?format=csv`: the rows alone."""

import csv
import io
from datetime import UTC, datetime
from uuid import uuid4

import pytest

import clickhouse
from clickhouse.client import timestamp
from tests.hogql.store import insert

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]


@pytest.fixture
def read(api):
    def read(query):
        if isinstance(query, str):
            query = {"kind": "HogQLQuery", "query": query}
        answer = api.post("query/?format=csv", {"query": query}, format="json")
        if answer.status_code != 200:
            return answer
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        return list(csv.reader(io.StringIO(answer.getvalue().decode())))

    return read


def test_rows(read):
    assert read(
        "select number as n, 'a,\"b\"\\n' as `t x`, [1, 2], null, true, '=1+1', 0.5,"
        " toDateTime('2026-01-01 00:00:00') from numbers(2)"
    ) == [
        [
            "n",
            "t x",
            "[1, 2]",
            "NULL",
            "true",
            "'=1+1'",
            "0.5",
            "toDateTime('2026-01-01 00:00:00')",
        ],
        ["0", 'a,"b"\n', "[1,2]", "", "true", "'=1+1", "0.5", "2026-01-01T00:00:00Z"],
        ["1", 'a,"b"\n', "[1,2]", "", "true", "'=1+1", "0.5", "2026-01-01T00:00:00Z"],
    ]


def test_no_rows(read):
    assert read("select event from events") == [["event"]]


def test_an_export_has_more_rows_than_a_page(read):
    assert len(read("select number from numbers(60000)")) == 50_001
    assert len(read("select number from numbers(60000) limit 7")) == 8


def test_rows_come_as_the_store_has_them(api, monkeypatch):
    taken = []
    original = clickhouse.stream

    def noting(*args, **kwargs):
        for row in original(*args, **kwargs):
            taken.append(row)
            yield row

    monkeypatch.setattr(clickhouse, "stream", noting)
    query = {"kind": "HogQLQuery", "query": "select number from numbers(40000)"}
    answer = api.post("query/?format=csv", {"query": query}, format="json")
    parts = iter(answer.streaming_content)
    next(parts)
    assert 0 < len(taken) < 1000
    answer.close()


def test_what_is_wrong_is_said_before_the_first_row(read):
    for query in ("select nothing from events", "select intDiv(number, 0) from numbers(2)"):
        answer = read(query)
        assert answer.status_code == 400
        assert answer.json()["type"] == "validation_error"


def test_answers_in_objects(read, project):
    now = datetime.now(UTC)
    insert(
        "logs",
        [
            {
                "team_id": project.id,
                "uuid": str(uuid4()),
                "timestamp": timestamp(now),
                "observed_timestamp": timestamp(now),
                "body": "card refused",
                "attributes": {"step": "pay"},
            }
        ],
    )
    header, line = read({"kind": "LogsQuery"})
    row = dict(zip(header, line, strict=True))
    assert (row["body"], row["attributes.step"]) == ("card refused", "pay")


@pytest.mark.parametrize("kind", ["LogsQuery", "ErrorTrackingQuery"])
def test_objects_without_rows(read, kind):
    assert read({"kind": kind}) == [[]]


def test_kinds_without_rows(read):
    answer = read({"kind": "DatabaseSchemaQuery"})
    assert (answer.status_code, answer.json()["attr"]) == (400, "format")
