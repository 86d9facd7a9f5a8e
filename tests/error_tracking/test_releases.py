import threading
from uuid import uuid4

import pytest
from django.db import connection

from error_tracking.models import Release
from tests.conftest import ProjectClient
from tests.factories import ProjectFactory, ReleaseFactory, SymbolSetFactory

HASH = "a1" * 64


@pytest.fixture
def release(project):
    return ReleaseFactory(project=project, hash_id="h1", version="1.0", metadata={"git": {}})


def row(release):
    return {
        "id": str(release.id),
        "hash_id": release.hash_id,
        "team_id": release.project_id,
        "created_at": release.created_at.isoformat().replace("+00:00", "Z"),
        "metadata": release.metadata,
        "version": release.version,
        "project": release.app,
    }


def test_create(api, project):
    body = {
        "hash_id": HASH,
        "version": "1.2",
        "project": "shop",
        "metadata": {"git": {"branch": "main", "commit_id": "c0ffee"}},
    }
    r = api.post("error_tracking/releases", body)
    release = Release.objects.get()
    assert (r.status_code, r.json()) == (201, row(release))
    assert {key: r.json()[key] for key in body} == body
    assert release.project == project


@pytest.mark.parametrize("hash_id", [{}, {"hash_id": None}, {"hash_id": ""}])
def test_the_id_stands_in_for_a_hash(api, hash_id):
    r = api.post("error_tracking/releases/", {"version": 2, "project": "shop", **hash_id})
    assert r.status_code == 201
    assert r.json()["hash_id"] == r.json()["id"]
    assert (r.json()["version"], r.json()["metadata"]) == ("2", None)


@pytest.mark.parametrize(
    ("changes", "attr", "code"),
    [
        ({"version": ""}, "version", "blank"),
        ({"version": None}, "version", "null"),
        ({"project": ""}, "project", "blank"),
        ({"hash_id": "x" * 129}, "hash_id", "max_length"),
        ({"version": {}}, "version", "invalid_input"),
    ],
)
def test_create_refuses(api, changes, attr, code):
    r = api.post("error_tracking/releases/", {"version": "1", "project": "shop", **changes})
    assert (r.status_code, r.json()["attr"], r.json()["code"]) == (400, attr, code)


@pytest.mark.parametrize("missing", ["version", "project"])
def test_create_needs_version_and_project(api, missing):
    body = {"version": "1", "project": "shop"}
    del body[missing]
    r = api.post("error_tracking/releases/", body)
    assert (r.status_code, r.json()["attr"], r.json()["code"]) == (400, missing, "required")


def test_a_hash_is_taken_once_per_project(api, release, organization):
    body = {"version": "2", "project": "shop", "hash_id": "h1"}
    r = api.post("error_tracking/releases/", body)
    assert r.status_code == 400
    assert (r.json()["code"], r.json()["detail"]) == (
        "release_hash_in_use",
        "Hash id h1 already in use",
    )
    api.project = ProjectFactory(organization=organization)
    assert api.post("error_tracking/releases/", body).status_code == 201


def test_update(api, release):
    path = f"error_tracking/releases/{release.id}/"
    r = api.patch(path, {"version": "2", "project": "", "metadata": None, "hash_id": "h1"})
    release.refresh_from_db()
    assert (r.status_code, r.json()) == (200, row(release))
    assert (release.version, release.app, release.metadata) == ("2", "shop", {"git": {}})
    r = api.put(path, {"project": "app", "metadata": [1], "hash_id": "h2"})
    assert r.status_code == 200
    assert (r.json()["project"], r.json()["metadata"], r.json()["hash_id"]) == ("app", [1], "h2")


def test_update_with_a_form(api, release):
    r = api.patch(
        f"error_tracking/releases/{release.id}/",
        "hash_id=string&metadata=undefined",
        content_type="application/x-www-form-urlencoded",
    )
    assert (r.status_code, r.json()["attr"]) == (400, "metadata")
    r = api.patch(
        f"error_tracking/releases/{release.id}/",
        'hash_id=string&metadata={"a":1}',
        content_type="application/x-www-form-urlencoded",
    )
    assert (r.json()["hash_id"], r.json()["metadata"]) == ("string", {"a": 1})


def test_update_to_a_hash_that_is_taken(api, release, project):
    other = ReleaseFactory(project=project)
    r = api.patch(f"error_tracking/releases/{other.id}/", {"hash_id": "h1"})
    assert (r.status_code, r.json()["code"]) == (400, "release_hash_in_use")


def test_find_by_hash(api, release):
    r = api.get("error_tracking/releases/hash/h1")
    assert (r.status_code, r.json()) == (200, row(release))
    ReleaseFactory(hash_id="elsewhere")
    for unknown in ["h2", "elsewhere", str(uuid4())]:
        assert api.get(f"error_tracking/releases/hash/{unknown}/").status_code == 404


def test_list_is_newest_first(api, project):
    first, second = ReleaseFactory(project=project), ReleaseFactory(project=project)
    ReleaseFactory()
    r = api.get("error_tracking/releases/")
    assert r.json()["results"] == [row(second), row(first)]
    assert r.json()["count"] == 2


def test_delete_takes_symbol_sets_along(api, release, project):
    SymbolSetFactory(project=project, release=release)
    other = SymbolSetFactory(project=project)
    path = f"error_tracking/releases/{release.id}/"
    r = api.delete(path)
    assert (r.status_code, r.content) == (204, b"")
    assert api.get(path).status_code == 404
    assert list(type(other).objects.all()) == [other]


@pytest.mark.parametrize("id", ["nonsense", str(uuid4())])
def test_unknown_releases_are_not_found(api, id):
    for method in ["get", "patch", "put", "delete"]:
        assert getattr(api, method)(f"error_tracking/releases/{id}/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_builds_at_once_one_makes_the_release(api):
    start, answers = threading.Barrier(2), []

    def create():
        client = ProjectClient(api.project)
        client.credentials(**api._credentials)
        start.wait()
        body = {"hash_id": HASH, "version": "1", "project": "shop"}
        r = client.post("error_tracking/releases", body)
        answers.append((r.status_code, r.json().get("code")))
        connection.close()

    threads = [threading.Thread(target=create) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [(201, None), (400, "release_hash_in_use")]
