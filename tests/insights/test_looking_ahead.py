"""HogQLMetadata and DatabaseSchemaQuery: what SQL may say, before it runs."""

import pytest

from hogql.database import PUBLIC_TABLES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]


@pytest.fixture
def look(ask):
    def look(text, language="hogQL", **fields):
        query = {"kind": "HogQLMetadata", "language": language, "query": text, **fields}
        answer = ask(query)
        assert answer.status_code == 200, answer.json()
        return answer.json()

    return look


def test_what_would_run(look):
    answer = look("select e.event, p.id from events e join persons p on e.person_id = p.id")
    assert answer["isValid"] is True
    assert (answer["errors"], answer["warnings"], answer["notices"]) == ([], [], [])
    assert answer["table_names"] == ["events", "persons"]


@pytest.mark.parametrize(
    ("text", "message", "marked"),
    [
        ("select nothing from events", "Unable to resolve field: nothing", "nothing"),
        ("select 1 from nowhere", "Unknown table `nowhere`.", "nowhere"),
        ("select event, cont() from events", "Unsupported function call 'cont(...)'.", "cont()"),
        ("select event from events where", "", ""),
        ("select {missing}", "missing", "{missing}"),
    ],
)
def test_what_is_wrong_and_where(look, text, message, marked):
    answer = look(text)
    assert answer["isValid"] is False
    [error] = answer["errors"]
    assert message in error["message"]
    assert text[error["start"] : error["end"]].startswith(marked)
    assert 0 <= error["start"] <= error["end"] <= len(text)
    assert set(error) == {"message", "start", "end", "fix"}


def test_expressions(look):
    assert look("properties.$browser", "hogQLExpr")["isValid"]
    assert look("count()", "hogQLExpr")["isValid"]
    assert not look("nothing", "hogQLExpr")["isValid"]
    assert not look("select 1", "hogQLExpr")["isValid"]
    source = {"kind": "HogQLQuery", "query": "select 1 from persons"}
    assert look("is_identified", "hogQLExpr", sourceQuery=source)["isValid"]
    assert not look("event", "hogQLExpr", sourceQuery=source)["isValid"]


def test_what_fills_in_the_query_is_looked_at_too(look):
    text = "select event from events where {filters} and event = {variables.v}"
    variables = {"x": {"code_name": "v", "value": 1}}
    assert look(text, filters={}, variables=variables)["isValid"]
    assert not look(text)["isValid"]
    assert not look(text, filters={"dateRange": {"date_from": "soon"}}, variables=variables)[
        "isValid"
    ]


def test_nothing_runs(look):
    assert look("select count() from numbers(1e12) a cross join numbers(1e12) b")


@pytest.mark.parametrize("language", ["hog", "liquid", None, 5])
def test_other_languages(ask, language):
    answer = ask({"kind": "HogQLMetadata", "query": "x", "language": language})
    assert (answer.status_code, answer.json()["attr"]) == (400, "language")


def test_the_schema_names_what_can_be_asked(ask):
    tables = ask({"kind": "DatabaseSchemaQuery"}).json()["tables"]
    assert set(tables) == set(PUBLIC_TABLES)
    events = tables["events"]
    assert (events["id"], events["name"], events["type"]) == ("events", "events", "posthog")
    fields = events["fields"]
    assert fields["event"]["type"] == "string"
    assert fields["timestamp"]["type"] == "datetime"
    assert fields["properties"]["type"] == "json"
    assert fields["person"]["type"] == "lazy_table"
    assert fields["person"]["table"] == "persons"
    assert "override" not in fields
    for name, table in tables.items():
        columns = [
            field["hogql_value"]
            for field in table["fields"].values()
            if field["type"] != "lazy_table"
        ]
        answer = ask(f"select {', '.join(columns)} from {name}")
        assert answer.status_code == 200, (name, answer.json())
