import re
from uuid import uuid4

import pytest
import yaml
from django.contrib.staticfiles import finders

from events.models import PropertyDefinition
from persons.models import GroupType
from posthog_clone.api.docs import document
from posthog_clone.api.renderers import JSONRenderer
from tests.factories import TREND, InsightFactory, IssueFactory, MembershipFactory, PersonFactory


@pytest.fixture(scope="module")
def schema():
    return yaml.safe_load(document(JSONRenderer))


@pytest.mark.parametrize("path", ["/api/schema", "/api/schema/"])
def test_formats(anonymous, path):
    r = anonymous.get(path)
    assert r.status_code == 200
    assert r.headers["Content-Type"] == "application/vnd.oai.openapi"
    as_yaml = yaml.safe_load(r.content)

    for query, accept in [("?format=json", "*/*"), ("", "application/json")]:
        r = anonymous.get(path + query, headers={"Accept": accept})
        assert r.headers["Content-Type"] == "application/json"
        assert r.json() == as_yaml
    r = anonymous.get(path, headers={"Accept": "application/yaml"})
    assert r.headers["Content-Type"] == "application/yaml"
    assert yaml.safe_load(r.content) == as_yaml


@pytest.mark.parametrize("page", ["", "swagger-ui", "redoc"])
def test_failures_are_told_in_json(anonymous, page):
    url = f"/api/schema/{page}"
    for r, status in [
        (anonymous.get(f"{url}?format=nonsense"), 404),
        (anonymous.get(url, headers={"Accept": "image/png"}), 406),
        (anonymous.post(url), 405),
    ]:
        assert (r.status_code, r.headers["Content-Type"]) == (status, "application/json")
        assert set(r.json()) == {"type", "code", "detail", "attr"}


def test_head_of_the_document(schema):
    assert schema["openapi"].startswith("3.1")
    assert schema["info"]["title"] == "PostHog API"
    assert schema["components"]["securitySchemes"]["PersonalAPIKeyAuth"]["scheme"] == "bearer"


@pytest.mark.parametrize(
    ("path", "prefix", "tags"),
    [
        (
            "/api/environments/{project_id}/persisted_folder/",
            "environments_persisted_folder",
            ["environments", "persisted_folder"],
        ),
        ("/api/projects/{project_id}/persisted_folder/", "persisted_folder", ["persisted_folder"]),
    ],
)
def test_operations_of_persisted_folders(schema, path, prefix, tags):
    collection, item = schema["paths"][path], schema["paths"][f"{path}{{id}}/"]
    operations = {
        (collection["get"]["operationId"], "read"): collection["get"],
        (collection["post"]["operationId"], "write"): collection["post"],
        (item["get"]["operationId"], "read"): item["get"],
        (item["put"]["operationId"], "write"): item["put"],
        (item["patch"]["operationId"], "write"): item["patch"],
        (item["delete"]["operationId"], "write"): item["delete"],
    }

    assert [operation_id for operation_id, _ in operations] == [
        f"{prefix}_{action}"
        for action in ["list", "create", "retrieve", "update", "partial_update", "destroy"]
    ]
    for (_, verb), operation in operations.items():
        assert operation["tags"] == tags
        assert operation["security"] == [{"PersonalAPIKeyAuth": [f"persisted_folder:{verb}"]}]
        project_id = next(p for p in operation["parameters"] if p["name"] == "project_id")
        assert project_id["schema"] == {"type": "string"}
        error = operation["responses"]["default"]["content"]["application/json"]["schema"]
        assert error == {"$ref": "#/components/schemas/Error"}
    assert set(collection["post"]["requestBody"]["content"]) == {
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    }


def json_bodies(schema):
    """Each operation that takes JSON: its path, its method and the examples of its body."""
    for path, operations in schema["paths"].items():
        for method in ("post", "put", "patch"):
            content = operations.get(method, {}).get("requestBody", {}).get("content", {})
            if "application/json" in content:
                yield path, method, content["application/json"].get("examples", {})


def test_every_json_body_has_an_example(schema):
    bodies = list(json_bodies(schema))

    assert len(bodies) > 100
    assert [f"{method} {path}" for path, method, examples in bodies if not examples] == []


NOT_SENT = (
    "/api/environments/",  # the same as /api/projects/
    "/api/login/",
    "/api/personal_api_keys/",  # no key may
    "/api/projects/{project_id}/integrations/",  # would call GitLab
)
ISSUES = ["0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e", "0197a3c4-1f20-7d35-8b6a-92c0e4f7a1b3"]
LACKING = {"does_not_exist", "invalid_input", "not_found", "symbol_set_not_found"}
"""Codes of answers to examples with what each project has of its own."""


@pytest.fixture
def made(project):
    """What examples are about and none makes: ids by the address of the collection."""
    distinct_ids = ["ada@example.com", "grace@example.com"]
    person = PersonFactory(project=project, distinct_ids=distinct_ids)
    price = PropertyDefinition.objects.create(project=project, name="price")
    member = MembershipFactory(organization=project.organization)
    GroupType.objects.create(project=project, name="company", index=0)
    for id in ISSUES:
        IssueFactory(project=project, id=id)
    return {
        f"/api/projects/{project.id}/persons/": person.uuid,
        f"/api/projects/{project.id}/property_definitions/": price.id,
        f"/api/projects/{project.id}/error_tracking/symbol_sets/": uuid4(),
        "/api/organizations/": "@current",
        "/api/organizations/@current/members/": member.user.uuid,
        "/api/users/": "@me",
    }


def test_the_examples_of_requests_work(schema, api, project, user, made, analytics):
    """Each is sent: below an id, to what the first example of its collection has made."""
    own = {
        "insight": InsightFactory(project=project, query=TREND).id,
        "subscribed_users": [user.id],
        "assignee": {"type": "user", "id": user.id},
        "issueId": str(IssueFactory(project=project).id),
    }
    worked = 0
    for path, method, examples in json_bodies(schema):
        if path.startswith(NOT_SENT):
            continue
        path = path.replace("{project_id}", str(project.id)).replace(
            "{organization_id}", "@current"
        )
        collection, id, below = re.fullmatch(r"([^{]*)({\w+})?([^{]*)", path).groups()
        address = f"{collection}{made[collection]}{below}" if id else collection
        if address.endswith(("groups/delete_property/", "groups/update_property/")):
            address += "?group_type_index=0&group_key=acme"
        for name, example in examples.items():
            body = example["value"]
            if isinstance(body, dict):
                body = {key: own.get(key, value) for key, value in body.items()}
            r = getattr(api, method)(address, body)
            if r.status_code in (400, 404) and "description" in example:
                assert r.json()["code"] in LACKING, f"{method} {path} {name}: {r.content}"
                continue
            assert r.status_code in (200, 201, 202, 204), f"{method} {path} {name}: {r.content}"
            worked += 1
            if r.status_code == 201 and address == collection:
                made.setdefault(collection, r.json().get("short_id") or r.json().get("id"))
    assert worked > 120


def test_component_names(schema):
    names = set(schema["components"]["schemas"])

    assert {
        "Error",
        "PersistedFolder",
        "PatchedPersistedFolder",
        "PaginatedPersistedFolderList",
        "PersistedFolderTypeEnum",
    } <= names
    assert schema["components"]["schemas"]["PersistedFolderTypeEnum"]["enum"] == [
        "home",
        "pinned",
        "custom_products",
    ]


def test_every_reference_leads_somewhere(schema):
    references = set(re.findall(r"#/components/schemas/(\w+)", document(JSONRenderer).decode()))

    assert references <= set(schema["components"]["schemas"])


@pytest.mark.parametrize("page", ["swagger-ui", "redoc"])
def test_pages_load_nothing_from_elsewhere(anonymous, page):
    r = anonymous.get(f"/api/schema/{page}/", headers={"Accept": "text/html"})

    assert r.status_code == 200
    html = r.content.decode()
    assert "/api/schema" in html
    loaded = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert loaded
    assert "https://" not in html
    for url in loaded:
        assert finders.find(url.removeprefix("/assets/")), url
