"""POST query/: what is answered, and how what is wrong is said."""

import pytest

import clickhouse
from hogql import guard
from insights.serializers.queries import EXAMPLES
from tests.factories import ProjectFactory
from tests.hogql.store import add_events

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]

ALL_KEYS = {
    *("results", "hogql", "timings", "modifiers", "error", "cache_key", "cache_target_age"),
    *("is_cached", "last_refresh", "next_allowed_client_refresh", "timezone", "query_status"),
    *("calculation_trigger", "query_metadata", "resolved_date_range"),
}
HOGQL_KEYS = {
    *("columns", "types", "query", "clickhouse", "explain", "metadata", "limit", "offset"),
    "hasMore",
}


def test_rows_with_all_that_belongs_to_them(ask, events, project):
    events({"event": "a"}, {"event": "a"}, {"event": "b"})
    answer = ask("select event, count() as n from events group by event order by event").json()
    assert set(answer) == ALL_KEYS | HOGQL_KEYS
    assert answer["results"] == [["a", 2], ["b", 1]]
    assert answer["columns"] == ["event", "n"]
    assert answer["types"] == [["event", "String"], ["n", "UInt64"]]
    assert (answer["limit"], answer["offset"], answer["hasMore"]) == (100, 0, False)
    assert answer["timings"][-1]["k"] == "."
    assert {"./parse", "./execute"} <= {part["k"] for part in answer["timings"]}
    assert answer["timezone"] == "UTC"
    assert answer["is_cached"] is False
    assert answer["clickhouse"] is None
    assert answer["hogql"].startswith("SELECT event, count() AS n FROM events")


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("wrapper", ["InsightVizNode", "DataTableNode", "DataVisualizationNode"])
def test_wrappers_answer_as_what_they_wrap(ask, wrapper, depth):
    query = {"kind": "HogQLQuery", "query": "select 1"}
    for _ in range(depth):
        query = {"kind": wrapper, "source": query, "full": True}
    assert ask(query).json()["results"] == [[1]]


def test_values_filters_and_variables_fill_in_a_query(ask, events):
    events({"event": "a", "properties": {"n": 1}}, {"event": "b"}, {"event": "c"})
    answer = ask(
        {
            "kind": "HogQLQuery",
            "query": "select event from events where {filters} and event != {not_this}"
            " and event != {variables.nor_this}",
            "values": {"not_this": "b"},
            "filters": {"dateRange": {"date_from": "2026-06-01", "date_to": "2026-07-01"}},
            "variables": {"x": {"variableId": "x", "code_name": "nor_this", "value": "c"}},
        }
    ).json()
    assert answer["results"] == [["a"]]
    assert answer["resolved_date_range"] == {
        "date_from": "2026-06-01T00:00:00Z",
        "date_to": "2026-07-01T00:00:00Z",
    }


def test_overrides_of_a_dashboard(ask, events):
    events({"event": "a", "properties": {"n": "1"}}, {"event": "b"})
    query = {
        "kind": "DataVisualizationNode",
        "source": {
            "kind": "HogQLQuery",
            "query": "select event, {variables.v} from events where {filters}",
            "variables": {"x": {"variableId": "x", "code_name": "v", "value": 1}},
        },
    }
    answer = ask(
        query,
        filters_override={
            "date_from": "2026-06-01",
            "properties": [{"key": "n", "value": "1", "operator": "exact", "type": "event"}],
        },
        variables_override={"x": {"code_name": "v", "value": 7}},
    ).json()
    assert answer["results"] == [["a", 7]]
    answer = ask(query, filters_override={"date_from": "2026-06-16"}).json()
    assert answer["results"] == []


def test_fields_that_ask_for_nothing_are_passed_over(ask, events):
    query = {"kind": "HogQLQuery", "query": "select 1"}
    assert ask(query | {"connectionId": None, "sendRawQuery": False}).json()["results"] == [[1]]
    refused = ask(query | {"connectionId": "x"})
    assert refused.status_code == 400
    assert "has no field 'connectionId'" in refused.json()["detail"]


def test_explain_shows_the_plan_and_no_row(ask, events):
    events({"event": "secret-name"})
    answer = ask({"kind": "HogQLQuery", "query": "select event from events", "explain": True})
    assert answer.json()["results"] == [["secret-name"]]
    assert all(isinstance(line, str) for line in answer.json()["explain"])
    assert "secret-name" not in str(answer.json()["explain"])


@pytest.mark.parametrize("numbers", [150, 60_000])
def test_has_more_and_limits(ask, numbers):
    answer = ask(f"select number from numbers({numbers})").json()
    assert (len(answer["results"]), answer["limit"], answer["hasMore"]) == (100, 100, True)
    answer = ask(f"select number from numbers({numbers}) limit 55000").json()
    assert len(answer["results"]) == min(numbers, 50_000)
    assert answer["hasMore"] is (numbers > 50_000)


SHAPES = [
    ({}, "required", "query"),
    ({"query": None}, "null", "query"),
    ({"query": "select 1"}, "parse_error", "query"),
    ({"query": []}, "parse_error", "query"),
    ({"query": {}}, "parse_error", "query"),
    ({"query": {"kind": 1}}, "parse_error", "query"),
    ({"query": {"kind": "InsightVizNode"}}, "parse_error", "query"),
    ({"query": {"kind": "HogQLQuery"}}, "required", "query"),
    ({"query": {"kind": "HogQLQuery", "query": 1, "x": 1}}, "parse_error", "query"),
    ({"query": {"kind": "HogQLQuery", "query": "select 1"}, "limit": 1}, "parse_error", "limit"),
    (
        {"query": {"kind": "HogQLQuery", "query": "select 1"}, "refresh": "now"},
        "parse_error",
        "refresh",
    ),
    (
        {"query": {"kind": "HogQLQuery", "query": "select 1"}, "refresh": {}},
        "parse_error",
        "refresh",
    ),
    (
        {"query": {"kind": "HogQLQuery", "query": "select 1"}, "limit_context": "x"},
        "invalid_choice",
        "limit_context",
    ),
    (
        {"query": {"kind": "HogQLQuery", "query": "select 1"}, "client_query_id": "x" * 201},
        "max_length",
        "client_query_id",
    ),
    (
        {"query": {"kind": "HogQLQuery", "query": "select 1"}, "variables_override": {"a": 1}},
        "not_a_dict",
        "variables_override__a",
    ),
]


@pytest.mark.parametrize(("body", "code", "attr"), SHAPES)
def test_bodies_of_the_wrong_shape(api, body, code, attr):
    answer = api.post("query/", body, format="json")
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["attr"]) == (code, attr)


def test_malformed_json(api):
    answer = api.post("query/", '{"query":', content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_unknown_kinds_are_named(ask):
    answer = ask({"kind": "Tomato Soup"})
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
    assert answer.json()["detail"].startswith("1 validation error for QueryRequest")
    assert "Tomato Soup" in answer.json()["detail"]


def test_known_kinds_that_do_not_run_are_named(ask):
    answer = ask({"kind": "SavedInsightNode", "shortId": "abc"})
    assert answer.status_code == 400
    assert answer.json()["detail"] == "Unsupported query kind: SavedInsightNode"


@pytest.mark.parametrize(
    ("query", "code", "detail"),
    [
        ("selec 1", "invalid_input", "mismatched input 'selec'"),
        ("select 1; select 2", "invalid_input", "expecting <EOF>"),
        ("select 1 from nowhere", "invalid_input", "Unknown table `nowhere`."),
        ("select 1 from system.tables", "invalid_input", "system.tables"),
        ("select nothing from events", "invalid_input", "Unable to resolve field: nothing"),
        ("select cont() from events", "invalid_input", "Unsupported function call 'cont(...)'."),
        ("select cont() from events", "invalid_input", "Perhaps you meant 'count(...)'"),
        ("select lower() from events", "invalid_input", "'lower' expects 1 argument, found 0"),
        ("select {missing}", "invalid_input", "missing"),
        ("select arrayElement(1, 2)", "illegal_type_of_argument", "arrayElement"),
        ("select intDiv(1, 0)", "illegal_division", "Division by zero"),
    ],
)
def test_what_the_author_of_sql_can_mend(ask, query, code, detail):
    answer = ask(query)
    assert answer.status_code == 400, answer.json()
    assert answer.json()["type"] == "validation_error"
    assert answer.json()["code"] == code
    assert detail in answer.json()["detail"]


ENDLESS = "select count() from numbers(10000000) a cross join numbers(10000000) b"


def test_a_query_that_takes_too_long(ask, settings):
    settings.QUERY_MAX_SECONDS = 1
    answer = ask(ENDLESS)
    assert (answer.status_code, answer.json()["type"]) == (504, "server_error")
    assert "1 seconds" in answer.json()["detail"]
    assert "Narrow the date range" in answer.json()["detail"]


def test_a_query_that_takes_too_much_memory(ask, settings):
    settings.QUERY_MAX_MEMORY_BYTES = 20_000_000
    answer = ask("select length(groupArray(number)) from numbers(10000000)")
    assert answer.status_code == 504
    assert "memory" in answer.json()["detail"]


def fail_with(monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(clickhouse, "query", fail)


def test_a_store_that_is_at_capacity(ask, monkeypatch):
    fail_with(monkeypatch, clickhouse.Unavailable())
    assert ask("select 1").status_code == 503


def test_other_failures_of_the_store_say_nothing_of_it(ask, monkeypatch):
    fail_with(monkeypatch, clickhouse.Rejected("Code: 999. DB::Exception: internal /var/x", 999))
    answer = ask("select 1")
    assert (answer.status_code, answer.json()["type"]) == (500, "server_error")
    assert "/var/x" not in str(answer.json())


def test_a_breach_of_the_guard_is_not_run(ask, monkeypatch):
    def breach(compiled):
        raise guard.Breach("The statement reads 'secrets'.")

    monkeypatch.setattr(guard, "check", breach)
    with pytest.raises(guard.Breach):
        ask("select 1")


def test_only_rows_of_the_project_are_answered(ask, events):
    other = ProjectFactory()
    add_events(other.id, {"event": "theirs"})
    events({"event": "ours"})
    for query in (
        "select event from events",
        f"select event from events where team_id = {other.id} or 1",
        "select event from events union all select event from events where event = 'theirs'",
    ):
        found = {event for (event,) in ask(query).json()["results"]}
        assert found == {"ours"}


def test_scope(api_with_scopes, analytics):
    body = {"query": {"kind": "HogQLQuery", "query": "select 1"}}
    reader = api_with_scopes("query:read")
    assert reader.post("query/", body, format="json").status_code == 200
    assert reader.delete("query/some-id/").status_code == 200
    assert reader.get("query/some-id/").status_code == 404
    refused = api_with_scopes("insight:write").post("query/", body, format="json")
    assert refused.status_code == 403
    assert refused.json()["detail"] == "API key missing required scope 'query:read'"


def test_the_database_is_asked_little(ask, django_assert_num_queries):
    ask("select 1")
    with django_assert_num_queries(3):  # the key, the project, the kept answer
        ask("select 1")


def test_forms(api):
    answer = api.post(
        "query/", {"query": '{"kind": "HogQLQuery", "query": "select 5"}'}, format="multipart"
    )
    assert answer.json()["results"] == [[5]]


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "HogQLQuery", "query": "select {a}", "values": {"a": nested(900)}},
        {"kind": "HogQLQuery", "query": "select 1", "filters": {"properties": nested(900)}},
        {"kind": "EventsQuery", "select": ["event"], "properties": nested(500)},
        {"kind": "EventsQuery", "select": ["(" * 400 + "1" + ")" * 400]},
        {"kind": "ActorsQuery", "select": ["person", "count()"], "orderBy": [""]},
        {"kind": "EventsQuery", "select": [""]},
        {"kind": "EventsQuery", "select": ["* -- all", "count()"]},
        {"kind": "HogQLQuery", "query": ""},
        {"kind": "HogQLQuery", "query": "select 1", "variables": {"a": {}}},
        {"kind": "HogQLMetadata", "query": "select {a}", "globals": {"a": nested(90)}},
    ],
)
@pytest.mark.parametrize("path", ["query/", "insights/"])
def test_odd_queries_are_no_crash(api, path, query):
    assert api.post(path, {"query": query}, format="json").status_code < 500


@pytest.mark.parametrize(
    "fields",
    [
        {"refresh": nested(900)},
        {"filters_override": {"properties": nested(900)}},
        {"variables_override": {"a": {"value": nested(900)}}},
        {"filters": {"a": nested(900)}},
        {"tags": nested(900)},
    ],
)
def test_bodies_nested_too_deep(api, fields):
    body = {"query": {"kind": "HogQLQuery", "query": "select 1"}, **fields}
    for path in ("query/", "insights/"):
        assert api.post(path, body, format="json").status_code in (400, 201)


def test_null_characters(api):
    query = '{"kind": "HogQLQuery", "query": "select 1", "values": {"a": "\\u0000"}}'
    for path in ("query/", "insights/"):
        assert api.post(path, {"query": query}, format="multipart").status_code == 400
        body = f'{{"query": {query}}}'
        assert api.post(path, body, content_type="application/json").status_code == 400


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_examples_of_the_document_are_answered(ask, kind):
    answer = ask(EXAMPLES[kind])
    assert answer.status_code == 200, answer.json()


@pytest.mark.parametrize("kind", ["TrendsQuery", "FunnelsQuery", "RetentionQuery"])
def test_charts_have_what_every_answer_has(ask, kind):
    answer = ask({"kind": "InsightVizNode", "source": EXAMPLES[kind]}).json()
    assert set(answer) >= ALL_KEYS
    assert isinstance(answer["results"], list)
    assert answer["timings"][-1]["k"] == "."
    again = ask(EXAMPLES[kind]).json()
    assert again == {**answer, "is_cached": True}
