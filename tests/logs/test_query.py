"""Finding lines: what comes back, in which order, and page by page."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logs.search import Search
from tests.conftest import ProjectClient
from tests.factories import ProjectFactory
from tests.logs.exporting import nanoseconds, protobuf


@pytest.fixture
def query(api):
    """POSTs a query and returns the answer's JSON."""

    def query(status=200, **fields):
        response = api.post("logs/query/", {"query": fields})
        assert response.status_code == status, response.content
        return response.json()

    return query


@pytest.fixture
def bodies(query):
    """The bodies that a query finds, in order."""

    def bodies(**fields):
        return [row["body"] for row in query(**fields)["results"]]

    return bodies


def iso(moment):
    return moment.isoformat().replace("+00:00", "Z")


def test_a_line_in_full(log, query):
    at = datetime.now(UTC) - timedelta(minutes=5)
    log(
        {
            "time_unix_nano": int(at.timestamp()) * 10**9 + 123_456_789,
            "severity_number": 18,
            "severity_text": "ERROR",
            "body": "no stock",
            "trace_id": b"\xab" * 16,
            "span_id": b"\xcd" * 8,
            "flags": 1,
            "event_name": "failed",
            "attributes": {"items": 3},
        },
        resource={"service.name": "shop", "host": "a"},
    )
    (row,) = query()["results"]

    assert len(row.pop("uuid")) == 36
    assert row.pop("resource_fingerprint").isdecimal()
    observed = datetime.fromisoformat(row.pop("observed_timestamp"))
    assert datetime.now(UTC) - observed < timedelta(minutes=1)
    assert row == {
        "timestamp": iso(at.replace(microsecond=123_456)),
        "body": "no stock",
        "severity_text": "error",
        "level": "error",
        "severity_number": 18,
        "service_name": "shop",
        "trace_id": "AB" * 16,
        "span_id": "CD" * 8,
        "trace_flags": 1,
        "attributes": {"items": "3"},
        "resource_attributes": {"service.name": "shop", "host": "a"},
        "instrumentation_scope": "app@1.0",
        "event_name": "failed",
        "live_logs_checkpoint": None,
    }


def test_no_ids_are_zeros(log, query):
    log({})
    (row,) = query()["results"]
    assert (row["trace_id"], row["span_id"]) == ("0" * 32, "0" * 16)


def test_the_answer_around_the_lines(log, query):
    log({"body": "a"}, {"body": "b"})
    sent = {"limit": 1, "searchTerm": "", "unknownKey": [1]}
    answer = query(**sent)
    assert answer["query"] == sent
    assert (answer["hasMore"], answer["maxExportableLogs"]) == (True, 10_000)
    assert answer["nextCursor"]
    answer = query(limit=2)
    assert (answer["hasMore"], answer["nextCursor"]) == (False, None)


def test_both_prefixes_with_and_without_slash(log, api, project):
    log({"body": "a"})
    for prefix in ("environments", "projects"):
        for id in (project.id, "@current"):
            for path in ("logs/query", "logs/query/"):
                response = api.post(f"/api/{prefix}/{id}/{path}", {"query": {}})
                assert [row["body"] for row in response.json()["results"]] == ["a"]


@pytest.mark.parametrize("order", ["latest", "earliest"])
@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_have_no_gaps_and_no_repeats_on_equal_times(log, query, order, limit):
    start = nanoseconds(seconds_ago=100)
    log(*({"time_unix_nano": start + n // 8 * 1000, "body": str(n)} for n in range(20)))

    found, fields = [], {"orderBy": order, "limit": limit}
    while True:
        answer = query(**fields)
        found += [row["body"] for row in answer["results"]]
        assert answer["hasMore"] == (len(found) < 20)
        if not answer["hasMore"]:
            break
        fields["after"] = answer["nextCursor"]

    expected = [str(n) for n in range(20)]
    assert found == (expected if order == "earliest" else expected[::-1])


@pytest.mark.parametrize("order", ["latest", "earliest"])
def test_pages_of_a_long_range_have_no_gaps_either(log, query, order):
    """A long range is searched in two parts, one after the other."""
    log(*({"time_unix_nano": nanoseconds(n * 1200), "body": str(n)} for n in range(60)))
    dates = {"date_from": "-23h", "date_to": datetime.now(UTC).isoformat()}
    found, fields = [], {"orderBy": order, "limit": 7, "dateRange": dates}
    while True:
        answer = query(**fields)
        found += [int(row["body"]) for row in answer["results"]]
        if not answer["hasMore"]:
            break
        fields["after"] = answer["nextCursor"]
    assert found == sorted(range(60), reverse=order == "earliest")


@given(st.integers(0, 10**12), st.integers(1, 10**12), st.booleans(), st.sampled_from([0.01, 0.05]))
def test_the_parts_of_a_search_are_the_whole(start, length, newest_first, share):
    begin = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(microseconds=start)
    end = begin + timedelta(microseconds=length)
    search = Search(1, begin, end, now=end, newest_first=newest_first)
    parts = search.parts(share)
    parts = parts if not newest_first else parts[::-1]
    assert parts[0].date_from == begin
    assert parts[-1].date_to == end
    for part, following in zip(parts, parts[1:], strict=False):
        assert following.date_from - part.date_to == timedelta(microseconds=1)


def test_lines_of_other_projects_are_not_found(log, export, deliver, bodies, organization):
    log({"body": "ours"})
    other = ProjectFactory(organization=organization)
    export(protobuf({"body": "theirs"}), token=other.api_token)
    deliver()
    assert bodies() == ["ours"]


def test_the_last_hour_is_the_default(log, bodies):
    log(
        {"time_unix_nano": nanoseconds(seconds_ago=3500), "body": "recent"},
        {"time_unix_nano": nanoseconds(seconds_ago=3700), "body": "old"},
    )
    assert bodies() == ["recent"]
    assert bodies(dateRange=None) == ["recent"]
    assert bodies(dateRange={}) == ["recent"]
    assert bodies(dateRange={"date_from": "-2h"}) == ["recent", "old"]
    assert bodies(dateRange={"date_from": "-62M", "date_to": "-1h"}) == ["old"]
    assert bodies(dateRange={"date_from": "all"}) == ["recent", "old"]
    assert bodies(dateRange={"date_from": "-3h", "date_to": "all"}) == ["recent", "old"]
    assert bodies(dateRange={"date_from": "1900-01-01", "date_to": "9999-12-31"}) == [
        "recent",
        "old",
    ]


def test_both_bounds_are_inclusive_and_naive_times_are_utc(log, bodies):
    at = (datetime.now(UTC) - timedelta(hours=3)).replace(microsecond=0)
    for offset in (-1, 0, 1):
        log({"time_unix_nano": (int(at.timestamp()) + offset) * 10**9, "body": str(offset)})
    naive = at.replace(tzinfo=None).isoformat()
    assert bodies(dateRange={"date_from": naive, "date_to": naive}) == ["0"]
    assert bodies(dateRange={"date_from": naive, "date_to": iso(at + timedelta(seconds=1))}) == [
        "1",
        "0",
    ]


def test_levels_and_services(log, bodies):
    log({"body": "a", "severity_number": 9}, {"body": "b", "severity_number": 17})
    log({"body": "c", "severity_number": 21}, resource={"service.name": "billing"})

    assert bodies(severityLevels=["error", "fatal"]) == ["c", "b"]
    assert bodies(severityLevels=[]) == bodies(severityLevels=None) == ["c", "b", "a"]
    assert bodies(serviceNames=["billing"]) == ["c"]
    assert bodies(serviceNames=["checkout"], severityLevels=["error"]) == ["b"]
    assert bodies(serviceNames=["none"]) == []


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("Card", ["card refused 100%"]),
        ("CARD REFUSED", ["card refused 100%"]),
        ("rd re", ["card refused 100%"]),
        ("100%", ["card refused 100%"]),
        ("%", ["card refused 100%"]),
        ("_", ["user_id"]),
        ("\\", ["C:\\temp"]),
        ("c:\\TEMP", ["C:\\temp"]),
        ("ärger", ["Großer ÄRGER"]),
        ("SSER", []),
        ("großer är", ["Großer ÄRGER"]),
        ("наличии", ["нет в НАЛИЧИИ"]),
        ("'; DROP TABLE logs --", []),
        ("absent", []),
        ("", ["нет в НАЛИЧИИ", "Großer ÄRGER", "C:\\temp", "user_id", "card refused 100%"]),
        (None, ["нет в НАЛИЧИИ", "Großer ÄRGER", "C:\\temp", "user_id", "card refused 100%"]),
    ],
)
def test_search_is_literal_and_knows_no_case(log, bodies, term, found):
    log(
        {"body": "card refused 100%"},
        {"body": "user_id"},
        {"body": "C:\\temp"},
        {"body": "Großer ÄRGER"},
        {"body": "нет в НАЛИЧИИ"},
    )
    assert bodies(searchTerm=term) == found


def test_attributes_can_be_left_out(log, query):
    log({"attributes": {"a": "b"}})
    (row,) = query(excludeAttributes=True)["results"]
    assert (row["attributes"], row["resource_attributes"]) == ({}, {})


def test_limits(log, query):
    log(*[{}] * 5)
    assert len(query(limit=5000)["results"]) == 5
    assert len(query(limit="2")["results"]) == 2
    assert len(query(limit=None)["results"]) == 5
    assert len(query(orderBy="sideways")["results"]) == 5


@pytest.mark.parametrize(
    ("fields", "attr"),
    [
        ({"limit": 0}, "query__limit"),
        ({"limit": -1}, "query__limit"),
        ({"limit": "many"}, "query__limit"),
        ({"limit": 1.5}, "query__limit"),
        ({"after": "garbage"}, "query__after"),
        ({"after": "e30="}, "query__after"),
        ({"after": "W10="}, "query__after"),
        ({"after": 7}, "query__after"),
        ({"severityLevels": ["loud"]}, "query__severityLevels__0"),
        ({"severityLevels": "error"}, "query__severityLevels"),
        ({"serviceNames": {}}, "query__serviceNames"),
        ({"searchTerm": ["a"]}, "query__searchTerm"),
        ({"dateRange": "-1h"}, "query__dateRange"),
        ({"dateRange": {"date_from": "soon"}}, "query__dateRange__date_from"),
        ({"dateRange": {"date_to": "soon"}}, "query__dateRange__date_to"),
        ({"filterGroup": "x"}, "query__filterGroup"),
        ({"filterGroup": [{"key": "a", "type": "event"}]}, "query__filterGroup"),
    ],
)
def test_what_makes_no_sense_is_refused(analytics, query, fields, attr):
    answer = query(400, **fields)
    assert (answer["type"], answer["attr"]) == ("validation_error", attr)
    assert answer["code"] in ("invalid_input", "min_value", "invalid_choice", "not_a_list")
    assert answer["detail"]


@pytest.mark.parametrize("body", [{}, {"query": None}, []])
def test_no_query(api, body):
    response = api.post("logs/query/", body)
    assert response.status_code == 400
    answer = response.json()
    assert answer["type"] == "validation_error"
    if body != []:
        assert answer["error"] == "No query provided"
        assert set(answer) == {"type", "code", "detail", "attr", "error"}


@pytest.mark.parametrize("query", ["text", 5, [], True])
def test_a_query_that_is_no_object(api, query):
    response = api.post("logs/query/", {"query": query})
    assert response.status_code == 400
    assert response.json()["attr"] == "query"


def test_form_encoded_as_in_the_documentations_examples(log, api):
    log({"body": "a"}, {"body": "b"})
    options = {"content_type": "application/x-www-form-urlencoded"}
    response = api.post("logs/query/", 'query={"searchTerm":"a"}', **options)
    assert [row["body"] for row in response.json()["results"]] == ["a"]
    response = api.post("logs/query/", "query=undefined", **options)
    assert (response.status_code, response.json()["attr"]) == (400, "query")


@pytest.mark.parametrize("scope", ["logs:read", "logs:write", "error_tracking:read", "*"])
def test_either_scope_opens_it(analytics, api_with_scopes, scope):
    client = api_with_scopes(scope)
    assert client.post("logs/query/", {"query": {}}).status_code == 200
    assert client.get("logs/has_logs/").status_code == 200


def test_other_scopes_do_not(analytics, api_with_scopes):
    response = api_with_scopes("query:read", "person:write").post("logs/query/", {"query": {}})
    assert response.status_code == 403
    assert "error_tracking:read" in response.json()["detail"]


def test_strangers_and_methods(analytics, api, anonymous, stranger_api):
    assert anonymous.post("logs/query/", {"query": {}}).status_code == 401
    assert stranger_api.post("logs/query/", {"query": {}}).status_code == 403
    assert api.get("logs/query/").status_code == 405
    assert api.post("logs/nothing/", {}).status_code == 404


def test_a_page_costs_no_query_per_line(log, api: ProjectClient, django_assert_max_num_queries):
    log(*({"body": str(n)} for n in range(50)))
    with django_assert_max_num_queries(4):
        assert len(api.post("logs/query/", {"query": {}}).json()["results"]) == 50
