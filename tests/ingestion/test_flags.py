"""What SDKs ask about feature flags, surveys and the like."""

import base64
import gzip
import json
import time
from uuid import UUID

import pytest

from tests.factories import PersonalAPIKeyFactory

pytestmark = pytest.mark.django_db

ORIGIN = "https://shop.example.com"
DEFINITIONS = ["/flags/definitions", "/api/feature_flag/local_evaluation/"]
EMPTY_LISTS = {
    "/api/surveys/": {"surveys": [], "survey_config": None},
    "/api/early_access_features/": {"earlyAccessFeatures": []},
    "/api/web_experiments/": {"experiments": []},
}


@pytest.fixture
def ask(client, project):
    def post(path="/flags/?v=2", *, raw=None, content_type="application/json", **fields):
        question = {"token": project.api_token, "distinct_id": "ada", **fields}
        if raw is None:
            raw = json.dumps(question).encode()
        return client.generic("POST", path, raw, content_type, HTTP_ORIGIN=ORIGIN)

    return post


@pytest.mark.parametrize("path", ["/flags/?v=1", "/flags?v=2", "/flags/?v=4", "/flags/"])
def test_there_are_no_flags(ask, path):
    r = ask(path, groups={"company": "acme"}, person_properties={"plan": "pro"})

    answer = r.json()
    assert r.status_code == 200
    assert UUID(answer.pop("requestId"))
    assert abs(answer.pop("evaluatedAt") - time.time() * 1000) < 60_000
    assert answer == {
        "errorsWhileComputingFlags": False,
        "flags": {},
        "featureFlags": {},
        "featureFlagPayloads": {},
    }
    assert r["Access-Control-Allow-Origin"] == ORIGIN


def test_flags_with_configuration(ask, project):
    answer = ask("/flags/?v=2&config=true").json()
    assert (answer["token"], answer["hasFeatureFlags"]) == (project.api_token, False)
    assert answer["featureFlags"] == {}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("", {"featureFlags": []}),
        ("?v=1", {"featureFlags": []}),
        ("?v=2", {"featureFlags": {}}),
        (
            "?v=3",
            {"featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": False},
        ),
        (
            "?v=4",
            {"featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": False},
        ),
    ],
)
def test_decide(ask, version, expected):
    answer = ask(f"/decide/{version}").json()
    assert {key: answer.get(key) for key in expected} == expected
    assert ("featureFlagPayloads" in answer) == ("featureFlagPayloads" in expected)
    assert answer["supportedCompression"] == ["gzip", "gzip-js"]


@pytest.mark.parametrize("path", ["/flags/?v=2", "/decide/?v=3"])
def test_other_names_of_the_fields(ask, project, path):
    question = {"api_key": project.api_token, "$distinct_id": "ada"}
    assert ask(path, raw=json.dumps(question).encode()).status_code == 200


def test_questions_come_in_every_encoding(ask, client, project):
    question = json.dumps({"token": project.api_token, "distinct_id": "ada"}).encode()
    form = b"data=" + base64.b64encode(question)
    assert ask(raw=gzip.compress(question), content_type="text/plain").status_code == 200
    assert ask(raw=base64.b64encode(question), content_type="text/plain").status_code == 200
    assert ask(raw=form, content_type="application/x-www-form-urlencoded").status_code == 200
    assert client.get("/flags/", {"data": question.decode()}).status_code == 200
    query = {"token": project.api_token, "distinct_id": "ada"}
    assert client.get("/flags/", query).status_code == 200


@pytest.mark.parametrize("path", ["/flags/?v=2", "/decide/?v=3"])
@pytest.mark.parametrize(
    ("request_", "status", "code", "attr"),
    [
        ({"token": None}, 401, "missing_api_key", None),
        ({"token": ""}, 401, "missing_api_key", None),
        ({"raw": b""}, 401, "missing_api_key", None),
        ({"token": "phc_of_no_project"}, 401, "invalid_api_key", None),
        ({"token": "phx_secret"}, 401, "invalid_api_key", None),
        ({"token": "a\0b\ud83d"}, 401, "invalid_api_key", None),
        ({"token": 17}, 400, "malformed_data", None),
        ({"raw": b"{"}, 400, "malformed_data", None),
        ({"raw": b"[]"}, 400, "malformed_data", None),
        ({"raw": b"\x1f\x8b\x08x"}, 400, "malformed_data", None),
        ({"distinct_id": None}, 400, "missing_distinct_id", "distinct_id"),
        ({"distinct_id": ""}, 400, "missing_distinct_id", "distinct_id"),
    ],
)
def test_refusals_are_those_of_the_api(ask, path, request_, status, code, attr):
    r = ask(path, **request_)
    assert (r.status_code, r.json()["code"], r.json()["attr"]) == (status, code, attr)
    assert set(r.json()) == {"type", "code", "detail", "attr"}
    kind = "authentication_error" if status == 401 else "validation_error"
    assert r.json()["type"] == kind
    assert r["Access-Control-Allow-Origin"] == ORIGIN


def test_a_question_too_large(ask, settings):
    settings.CAPTURE_MAX_BYTES = 1000
    r = ask(raw=b"x" * 1001)
    assert (r.status_code, r.json()["code"]) == (413, "content_too_large")


@pytest.mark.parametrize("path", EMPTY_LISTS)
@pytest.mark.parametrize("slash", [True, False])
def test_empty_lists(client, project, path, slash):
    path = path if slash else path.rstrip("/")
    r = client.get(path, {"token": project.api_token}, HTTP_ORIGIN=ORIGIN)
    assert (r.status_code, r.json()) == (200, EMPTY_LISTS[path.rstrip("/") + "/"])
    assert r["Access-Control-Allow-Origin"] == ORIGIN

    assert client.get(path).json()["code"] == "missing_api_key"
    r = client.get(path, {"token": "phc_of_no_project"})
    assert (r.status_code, r.json()["code"]) == (401, "invalid_api_key")


def test_no_flag_carries_settings(client):
    r = client.get("/api/projects/@current/feature_flags/some-flag/remote_config")
    assert (r.status_code, r.json()["code"]) == (404, "not_found")


# Definitions


@pytest.fixture
def definitions(client, project, user):
    key = PersonalAPIKeyFactory(user=user, scopes=["feature_flag:read"]).value

    def get(path=DEFINITIONS[0], key=key, token=project.api_token, **headers):
        query = {"token": token, "send_cohorts": ""} if token else {}
        if key:
            headers["authorization"] = f"Bearer {key}"
        return client.get(path, query, headers=headers)

    return get


@pytest.mark.parametrize("path", DEFINITIONS + [path.rstrip("/") for path in DEFINITIONS])
def test_definitions(definitions, path):
    r = definitions(path)
    assert r.status_code == 200
    assert r.json() == {"flags": [], "group_type_mapping": {}, "cohorts": {}}
    assert r["ETag"]

    again = definitions(path, **{"if-none-match": r["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", r["ETag"])
    assert definitions(path, **{"if-none-match": '"other"'}).status_code == 200


def test_definitions_of_the_current_project(definitions):
    assert definitions(token=None).status_code == 200


def test_definitions_need_a_key_that_may(definitions, user, project, stranger_api):
    for key in (None, "phx_unknown"):
        r = definitions(key=key)
        assert r.status_code == 401
        assert r.json()["detail"]
    other_scope = PersonalAPIKeyFactory(user=user, scopes=["insight:read"]).value
    assert definitions(key=other_scope).status_code == 403
    stranger = PersonalAPIKeyFactory(scopes=["*"]).value
    assert definitions(key=stranger).status_code == 403
    everything = PersonalAPIKeyFactory(user=user, scopes=["*"]).value
    assert definitions(key=everything).status_code == 200


@pytest.mark.parametrize("token", ["phc_of_no_project", "phc_é", "a\0b"])
def test_definitions_of_no_project(definitions, token):
    r = definitions(token=token)
    assert (r.status_code, r.json()["code"]) == (401, "invalid_api_key")


def test_other_methods(client):
    for r, allowed in [
        (client.put("/flags/"), "GET, POST, OPTIONS"),
        (client.post("/api/surveys/"), "GET, HEAD, OPTIONS"),
    ]:
        assert (r.status_code, r["Allow"]) == (405, allowed)
        assert (r.json()["type"], r.json()["code"]) == ("invalid_request", "method_not_allowed")
