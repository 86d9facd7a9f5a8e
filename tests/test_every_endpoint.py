"""What holds for every endpoint below a project, whichever app it is in.

The URL resolver is asked for them, so that a new endpoint is covered from its first day.
"""

import json
import re
from dataclasses import dataclass

import pytest
from django.contrib.admindocs.views import simplify_regex
from django.urls import URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from rest_framework import serializers

from posthog_clone.api.docs import document
from posthog_clone.api.openapi import AutoSchema
from posthog_clone.api.pagination import Pagination
from posthog_clone.api.renderers import JSONRenderer
from posthog_clone.api.serializers import FormBodies
from projects.viewsets import ProjectViewSet
from tests.conftest import ProjectClient
from tests.factories import PersonalAPIKeyFactory

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
MISSING_SCOPE = re.compile(r"API key missing required scope '(\w+:(?:read|write))'")
CLOSED_TO_KEYS = "This action does not support personal API key access"
NO_ACCESS = "You don't have access to the project."
# The last that fits; `rate_limit` on the viewset or the action names it.
RATE_LIMITS = {
    r"(events|persons|insights)\b": "clickhouse",
    r"error_tracking/query\b": "clickhouse",
    r"(events|persons)/values$": "values",
    r"(query|mcp_tools)\b": "query",
    r"max_tools\b": "ai",
}


@dataclass(frozen=True)
class Endpoint:
    method: str
    path: str
    """Below the project, without the slash at the end: `persisted_folder/<pk>`."""
    action: str
    view: type
    fixed_format: bool
    """Another address of an endpoint, such as `events.csv`."""
    rate_limit: str

    def __str__(self):
        return f"{self.method} {self.path}"

    def urls(self, project_id, id=UNKNOWN_ID) -> list[str]:
        """Both prefixes, with and without the slash."""
        path = re.sub(r"<\w+>", str(id), self.path)
        return [
            f"/api/{prefix}/{project_id}/{path}{slash}"
            for prefix in ["environments", "projects"]
            for slash in ["/", ""]
        ]


def routes(patterns, prefix=""):
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        else:
            yield path, pattern


def endpoints_below(prefix):
    root = f"api/{prefix}/<str:project_id>/"
    for path, pattern in routes(get_resolver().url_patterns):
        callback = pattern.callback
        if not (path.startswith(root) and hasattr(callback, "actions")):
            continue
        # Django's simplifier makes `/persisted_folder/<pk>/` of the regex.
        readable = simplify_regex(path.removeprefix(root)).strip("/").replace("\\", "")
        for method, action in callback.actions.items():
            yield Endpoint(
                method.upper(),
                readable,
                action,
                callback.cls,
                fixed_format="format" in pattern.default_args,
                rate_limit=callback.initkwargs.get("rate_limit", callback.cls.rate_limit),
            )


ENDPOINTS = [each for each in endpoints_below("environments") if each.method != "HEAD"]
PATHS = {each.path: each for each in ENDPOINTS}
LISTS = [
    each
    for each in ENDPOINTS
    if each.action == "list"
    and issubclass(each.view.pagination_class or object, Pagination)
    and not each.fixed_format
]
READS = [each for each in ENDPOINTS if each.method == "GET"]
READS_OF_ONE = [each for each in READS if "<" in each.path]
WRITES = [each for each in ENDPOINTS if each.method in ("POST", "PUT", "PATCH")]


def each(endpoints):
    return pytest.mark.parametrize("endpoint", endpoints, ids=str)


@pytest.fixture(scope="module")
def schema():
    return json.loads(document(JSONRenderer))


def is_empty_405(r):
    return r.status_code == 405 and r.content == b""


def test_there_are_endpoints():
    assert "GET persisted_folder" in map(str, ENDPOINTS)
    assert "PATCH persisted_folder/<pk>" in map(str, ENDPOINTS)


def test_both_prefixes_have_the_same():
    assert set(ENDPOINTS) == {e for e in endpoints_below("projects") if e.method != "HEAD"}


@each(ENDPOINTS)
def test_stands_on_the_base_that_checks_callers(endpoint):
    assert issubclass(endpoint.view, ProjectViewSet)


@each(ENDPOINTS)
def test_401_without_credentials(endpoint, anonymous, project):
    for url in endpoint.urls(project.id):
        r = anonymous.generic(endpoint.method, url)
        assert (r.status_code, r.json()["code"]) == (401, "not_authenticated")


def operation_of(schema, endpoint) -> dict | None:
    path = re.sub("<(.*?)>", "{\\1}", f"{endpoint.path}/".replace("<pk>", "<id>"))
    operations = schema["paths"].get(f"/api/projects/{{project_id}}/{path}", {})
    return operations.get(endpoint.method.lower())


@each(ENDPOINTS)
def test_403_without_the_scope(endpoint, api, project, user, schema):
    client = ProjectClient(project, PersonalAPIKeyFactory(user=user, scopes=[]).value)
    operation = operation_of(schema, endpoint)
    if operation is None and not endpoint.fixed_format:
        assert api.generic(endpoint.method, endpoint.urls(project.id)[0]).status_code == 405

    for url in endpoint.urls(project.id):
        r = client.generic(endpoint.method, url)
        if is_empty_405(r):
            assert operation["security"] == [{"PersonalAPIKeyAuth": []}]
            continue
        assert r.status_code == 403
        match = MISSING_SCOPE.fullmatch(r.json()["detail"])
        assert match or r.json()["detail"] == CLOSED_TO_KEYS
        if match and operation:
            assert match[1] in {
                scope
                for alternative in operation["security"]
                for scope in alternative["PersonalAPIKeyAuth"]
            }
        elif operation:
            assert operation["security"] == [{"SessionAuth": []}]


@each(ENDPOINTS)
def test_403_for_somebody_else(endpoint, stranger_api, project):
    for url in endpoint.urls(project.id):
        r = stranger_api.generic(endpoint.method, url)
        assert (r.status_code, r.json()["detail"]) == (403, NO_ACCESS)


@each(ENDPOINTS)
def test_404_below_an_unknown_project(endpoint, api):
    for url in endpoint.urls(project_id=987654):
        r = api.generic(endpoint.method, url)
        assert (r.status_code, r.json()["detail"]) == (404, "Project not found.")


@each(ENDPOINTS)
def test_rate_limit(endpoint):
    expected = "default"
    for pattern, name in RATE_LIMITS.items():
        if re.match(pattern, endpoint.path):
            expected = name
    assert endpoint.rate_limit == expected


@pytest.mark.parametrize("path", PATHS)
def test_405_for_odd_methods(path, api, project):
    for method in ["TRACE", "QUERY"]:
        r = api.generic(method, PATHS[path].urls(project.id)[0])
        assert (r.status_code, r.json()["code"]) == (405, "method_not_allowed")
        assert r.headers["Allow"]


@each(LISTS)
def test_lists_have_pages(endpoint, api, project, analytics):
    first, *others = endpoint.urls(project.id)
    queries = ["", "?limit=0&offset=-1", "?limit=abc&limit=2&offset=x"]
    for url in [first + query for query in queries] + others:
        r = api.get(url)
        if r.status_code == 400 and r.json()["code"] == "required":
            continue
        assert r.status_code == 200, r.content
        assert {"count", "next", "previous", "results"} <= set(r.json())


@each(READS_OF_ONE)
def test_no_id_breaks_it(endpoint, api, project, analytics):
    for id in [UNKNOWN_ID, "nonsense", "0", "9" * 30, "%00", "a b", "-1", "é"]:
        r = api.get(endpoint.urls(project.id, id)[0])
        assert r.status_code < 500


@each(READS)
def test_no_parameter_breaks_it(endpoint, api, project, analytics, schema):
    operation = operation_of(schema, endpoint) or {}
    for parameter in operation.get("parameters", []):
        for value in ["%00", "{", "[1]", "9" * 20] if parameter["in"] == "query" else []:
            r = api.get(f"{endpoint.urls(project.id)[0]}?{parameter['name']}={value}")
            assert r.status_code < 500, r.request


@each(WRITES)
def test_no_body_breaks_it(endpoint, api, project, analytics):
    url = endpoint.urls(project.id)[0]
    for body in ["[]", "[{}]", '"text"', "5", "null", "{}", '{"id": {}}', "{"]:
        r = api.generic(endpoint.method, url, body, content_type="application/json")
        assert r.status_code < 500, body


@each(WRITES)
def test_forms_are_read(endpoint, api, project, analytics):
    url = endpoint.urls(project.id)[0]
    forms = {
        "application/x-www-form-urlencoded": "a=b",
        "multipart/form-data; boundary=x": "--x--\r\n",
    }
    for content_type, body in forms.items():
        r = api.generic(endpoint.method, url, body, content_type=content_type)
        assert r.status_code < 500
        assert r.status_code != 415


def test_operation_ids_are_unique(schema):
    ids = [
        operation["operationId"] for path in schema["paths"].values() for operation in path.values()
    ]

    assert len(ids) == len(set(ids))


def test_bodies_are_read_by_serializers_that_understand_forms(monkeypatch):
    found = {}
    original = AutoSchema.get_request_serializer

    def noting(schema):
        answer = original(schema)
        serializer = getattr(answer, "child", answer)
        cls = serializer if isinstance(serializer, type) else type(serializer)
        found[f"{schema.method} {schema.path}"] = cls
        return answer

    monkeypatch.setattr(AutoSchema, "get_request_serializer", noting)
    SchemaGenerator().get_schema(public=True)

    assert found
    assert {
        name: cls
        for name, cls in found.items()
        if issubclass(cls, serializers.BaseSerializer) and not issubclass(cls, FormBodies)
    } == {}
