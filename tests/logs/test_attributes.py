"""What can be filtered by: attribute keys, their values, facets."""

import json

import pytest

from tests.logs.exporting import nanoseconds


@pytest.fixture
def some_lines(log):
    log(
        {"attributes": {"http.method": "GET", "user": "ada"}},
        {"attributes": {"http.method": "GET", "user": "Bob"}, "severity_number": 17},
        {"attributes": {"http.method": "POST"}},
        {"attributes": {"old": "x"}, "time_unix_nano": nanoseconds(7200)},
    )
    log({"attributes": {"mail": "ada@example.com"}}, resource={"service.name": "mailer"})


@pytest.fixture
def get(api):
    def get(path, **params):
        params = {
            name: value if isinstance(value, str | int) else json.dumps(value)
            for name, value in params.items()
        }
        response = api.get(f"logs/{path}/", params)
        assert response.status_code == 200, response.content
        return response.json()

    return get


@pytest.fixture
def names(get):
    def names(path="attributes", **params):
        return [row["name"] for row in get(path, **params)["results"]]

    return names


def test_keys_most_frequent_first_then_by_name(get, some_lines):
    answer = get("attributes")
    assert answer == {
        "results": [
            {
                "name": name,
                "propertyFilterType": "log_attribute",
                "matchedOn": "key",
                "matchedValue": None,
            }
            for name in ("http.method", "user", "mail")
        ],
        "count": 3,
    }


def test_resource_keys(get, some_lines):
    (row,) = get("attributes", attribute_type="resource")["results"]
    assert (row["name"], row["propertyFilterType"]) == ("service.name", "log_resource_attribute")


def test_keys_are_searched_filtered_and_paged(get, names, some_lines):
    assert names(search="HTTP") == ["http.method"]
    assert names(search="%") == []
    assert names(limit=1) == ["http.method"]
    assert names(limit=1, offset=1) == ["user"]
    assert get("attributes", limit=1, offset=9) == {"results": [], "count": 3}
    assert names(limit="many", offset="-1") == ["http.method", "user", "mail"]
    assert names(limit=0) == ["http.method", "user", "mail"]
    assert names(serviceNames=["mailer"]) == ["mail"]
    filters = [{"key": "severity_level", "type": "log", "value": "error"}]
    assert names(filterGroup=filters) == ["http.method", "user"]


def test_values_can_be_searched_too(get, some_lines):
    assert [
        (row["name"], row["matchedOn"], row["matchedValue"])
        for row in get("attributes", search="ADA", search_values="true")["results"]
    ] == [("mail", "value", "ada@example.com"), ("user", "value", "ada")]
    assert get("attributes", search="ada", search_values="false")["count"] == 0


def test_date_ranges(names, some_lines):
    assert "old" in names(dateRange={"date_from": "-3h"})
    for bad in ("not json", '{"date_from": "soon"}', "[]", "5", '"-3h"'):
        assert names(dateRange=bad) == ["http.method", "user", "mail"]


def test_attribute_types_other_than_resource_are_log(names, some_lines):
    assert names(attribute_type="nonsense") == ["http.method", "user", "mail"]


def test_values(get, names, some_lines):
    assert get("values", key="http.method") == {
        "results": [{"id": "GET", "name": "GET"}, {"id": "POST", "name": "POST"}],
        "refreshing": False,
    }
    assert names("values", key="user", value="BO") == ["Bob"]
    assert names("values", key="none") == []
    assert names("values", key="user", limit=1, offset=1) == ["ada"]
    assert names("values", key="service.name", attribute_type="resource") == ["checkout", "mailer"]


def test_values_need_a_key(api):
    response = api.get("logs/values/")
    assert response.status_code == 400
    assert (response.json()["code"], response.json()["attr"]) == ("required", "key")


@pytest.mark.parametrize("path", ["attributes/", "values/?key=a"])
@pytest.mark.parametrize("name", ["serviceNames", "filterGroup"])
@pytest.mark.parametrize("value", ["{not json", '"x"'])
def test_parameters_that_make_no_sense(analytics, api, path, name, value):
    mark = "&" if "?" in path else "?"
    response = api.get(f"logs/{path}{mark}{name}={value}")
    assert (response.status_code, response.json()["attr"]) == (400, name)


def test_has_logs(api, log, analytics):
    assert api.get("logs/has_logs/").json() == {"hasLogs": False}
    log({})
    assert api.get("logs/has_logs/").json() == {"hasLogs": True}


@pytest.fixture
def facet(api):
    def facet(status=200, **query):
        response = api.post("logs/facet_values/", {"query": query})
        assert response.status_code == status, response.content
        answer = response.json()
        if status == 200:
            return {row["value"]: row["count"] for row in answer["results"]}
        return answer

    return facet


def test_facets_of_columns(facet, some_lines):
    levels = {"info": 3, "error": 1}
    assert facet(facetField="severity_text") == levels
    assert facet(facetField="severity_text", severityLevels=["error"]) == levels
    assert facet(facetField="severity_text", serviceNames=["mailer"]) == {"info": 1}
    assert facet(facetField="service_name", serviceNames=["mailer"]) == {
        "checkout": 3,
        "mailer": 1,
    }
    assert facet(facetField="service_name", facetSearch="MAIL") == {"mailer": 1}
    assert facet(facetField="service_name", facetSearch="_") == {}


def test_facets_of_attributes(facet, some_lines):
    assert facet(facetAttribute="http.method") == {"GET": 2, "POST": 1}
    own = [{"key": "http.method", "type": "log_attribute", "value": "POST"}]
    assert facet(facetAttribute="http.method", filterGroup=own) == {"GET": 2, "POST": 1}
    assert facet(facetAttribute="user", filterGroup=own) == {}
    assert facet(facetResourceAttribute="service.name") == {"checkout": 3, "mailer": 1}
    assert facet(facetResourceAttribute="none") == {}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"facetField": "body"},
        {"facetField": "service_name", "facetAttribute": "a"},
        {"facetResourceAttribute": "a", "facetAttribute": "a"},
    ],
)
def test_a_facet_is_one_thing(analytics, facet, fields):
    assert facet(400, **fields)["type"] == "validation_error"
