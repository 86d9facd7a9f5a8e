import pytest

from logs.models import LogsView
from tests.factories import ProjectFactory

FIELDS = {"id", "short_id", "name", "filters", "pinned", "created_at", "created_by", "updated_at"}


@pytest.fixture
def saved(project, user):
    return LogsView.objects.create(
        project=project, name="Errors", filters={"severityLevels": ["error"]}, created_by=user
    )


def test_create(api, project, user):
    response = api.post("logs/views/", {"name": "Errors", "filters": {"a": [1]}, "pinned": True})
    assert response.status_code == 201
    answer = response.json()
    assert set(answer) == FIELDS
    assert (answer["name"], answer["filters"], answer["pinned"]) == ("Errors", {"a": [1]}, True)
    assert answer["created_by"]["email"] == user.email
    assert LogsView.objects.get().short_id == answer["short_id"]


def test_defaults_and_what_is_required(api):
    answer = api.post("logs/views/", {"name": "All"}).json()
    assert (answer["filters"], answer["pinned"]) == ({}, False)
    response = api.post("logs/views/", {"filters": {}})
    assert (response.status_code, response.json()["attr"]) == (400, "name")
    response = api.post("logs/views/", {"name": "x", "filters": []})
    assert (response.status_code, response.json()["attr"]) == (400, "filters")


def test_list_newest_first(api, project, saved, django_assert_max_num_queries):
    for n in range(3):
        api.post("logs/views/", {"name": str(n)})
    LogsView.objects.create(project=ProjectFactory(), name="theirs")
    with django_assert_max_num_queries(6):
        answer = api.get("logs/views/").json()
    assert [row["name"] for row in answer["results"]] == ["2", "1", "0", "Errors"]
    assert answer["count"] == 4


def test_retrieve_update_delete_by_short_id(api, saved):
    path = f"logs/views/{saved.short_id}/"
    assert api.get(path).json()["name"] == "Errors"
    assert api.patch(path, {"pinned": True}).json()["pinned"] is True
    answer = api.put(path, {"name": "All errors"}).json()
    assert (answer["name"], answer["filters"]) == ("All errors", {"severityLevels": ["error"]})
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


def test_others_views_are_not_found(api, organization):
    theirs = LogsView.objects.create(project=ProjectFactory(organization=organization), name="x")
    assert api.get(f"logs/views/{theirs.short_id}/").status_code == 404
    assert api.delete(f"logs/views/{theirs.short_id}/").status_code == 404


def test_scopes(api_with_scopes, saved):
    path = f"logs/views/{saved.short_id}/"
    for scope in ("logs:read", "error_tracking:read"):
        reader = api_with_scopes(scope)
        assert reader.get("logs/views/").status_code == 200
        assert reader.get(path).status_code == 200
        response = reader.patch(path, {"name": "x"})
        assert response.status_code == 403
        assert "logs:write" in response.json()["detail"]
    assert api_with_scopes("logs:write").patch(path, {"name": "x"}).status_code == 200
