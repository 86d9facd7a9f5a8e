import re

import pytest
import yaml
from django.contrib.staticfiles import finders

from posthog_clone.api.docs import document
from posthog_clone.api.renderers import JSONRenderer


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


REFERS = {"alerts": "insight", "exports": "export_context__path", "integrations": "config"}
"""Examples with what each project has of its own: ids, tokens."""


def test_the_examples_of_requests_work(schema, api, project, analytics):
    tried = 0
    for path, operations in schema["paths"].items():
        match = re.fullmatch(r"/api/projects/{project_id}/([^{]*)", path)
        content = operations.get("post", {}).get("requestBody", {}).get("content", {})
        examples = content.get("application/json", {}).get("examples", {}) if match else {}
        for name, example in examples.items():
            r = api.post(match[1], example["value"])
            if r.status_code == 400 and r.json()["attr"] == REFERS.get(match[1].strip("/")):
                continue
            assert r.status_code in (200, 201, 202), f"{match[1]} {name}: {r.content}"
            tried += 1
    assert tried > 30


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
