"""Scopes, memberships and the project of the URL, on the endpoint of persisted folders."""

import pytest
from django.test import RequestFactory
from rest_framework.exceptions import PermissionDenied
from rest_framework.viewsets import ModelViewSet

from folders.models import PersistedFolder
from projects import access
from projects.models import PersonalAPIKey
from tests.conftest import ProjectClient
from tests.factories import (
    OrganizationFactory,
    PersonalAPIKeyFactory,
    ProjectFactory,
    UserFactory,
)


def denied(r):
    assert r.status_code == 403
    assert (r.json()["type"], r.json()["code"]) == ("authentication_error", "permission_denied")
    assert r.json()["attr"] is None
    return r.json()["detail"]


@pytest.mark.parametrize("scopes", [[], ["error_tracking:write"], ["persisted_folder"], ["*:read"]])
def test_missing_scope_is_named(api_with_scopes, scopes):
    client = api_with_scopes(*scopes)

    for call, verb in [(client.get, "read"), (client.options, "read"), (client.post, "write")]:
        assert denied(call("persisted_folder/")) == (
            f"API key missing required scope 'persisted_folder:{verb}'"
        )


@pytest.mark.parametrize("scope", ["persisted_folder:read", "persisted_folder:write", "*"])
def test_scopes_that_read(api_with_scopes, scope):
    client = api_with_scopes(scope)

    assert client.get("persisted_folder/").status_code == 200
    assert client.head("persisted_folder/").status_code == 200
    assert client.options("persisted_folder/").status_code == 200


@pytest.mark.parametrize(
    ("held", "required", "missing"),
    [
        (["a:read"], ["a:read"], None),
        (["a:write"], ["a:read"], None),
        (["*"], ["a:write", "b:read"], None),
        ([], [], None),
        (["a:read"], ["a:write"], "a:write"),
        (["a:read"], ["a:read", "b:read"], "b:read"),
        (["b:write"], [("a:read", "b:read")], None),
        (["a:read"], [("a:read", "b:read")], None),
        (["c:read"], [("a:read", "b:read")], "b:read"),
        (["c:read"], [("a:read", "b:read"), "c:read"], "b:read"),
    ],
)
def test_required_scopes(held, required, missing):
    key = PersonalAPIKey(scopes=held)

    if missing is None:
        access.check_scopes(key, required)
    else:
        with pytest.raises(PermissionDenied, match=f"missing required scope '{missing}'"):
            access.check_scopes(key, required)


def test_actions_closed_to_keys_are_closed_to_all_of_them():
    with pytest.raises(PermissionDenied, match="This action does not support personal API key"):
        access.check_scopes(PersonalAPIKey(scopes=["*"]), None)


@pytest.mark.parametrize("scope", ["*", "error_tracking:read", "persisted_folder:write"])
def test_valid_scopes(scope):
    assert access.is_scope(scope)


@pytest.mark.parametrize(
    "scope", ["", ":", "error_tracking", "error_tracking:", "error_tracking:delete", "foo:read"]
)
def test_invalid_scopes(scope):
    assert not access.is_scope(scope)


def test_a_view_without_base_is_shut(project, user):
    class Forgetful(ModelViewSet):
        queryset = PersistedFolder.objects.all()

    request = RequestFactory().get("/")
    request.META["HTTP_AUTHORIZATION"] = f"Bearer {PersonalAPIKeyFactory(user=user).value}"

    r = Forgetful.as_view({"get": "list"})(request)

    assert r.status_code == 403


@pytest.mark.parametrize("prefix", ["environments", "projects"])
def test_both_prefixes_with_and_without_slash(project, api, prefix):
    for path in ["persisted_folder/", "persisted_folder"]:
        assert api.get(f"/api/{prefix}/{project.id}/{path}").status_code == 200
        r = api.post(f"/api/{prefix}/{project.id}/{path}", {"type": "home"})
        assert r.status_code == 201


@pytest.mark.parametrize("name", ["@current", "%40current"])
def test_current_project(api, user, organization, name):
    assert api.get(f"/api/environments/{name}/persisted_folder/").status_code == 200

    user.current_project = None
    user.save()

    r = api.get(f"/api/environments/{name}/persisted_folder/")
    assert (r.status_code, r.json()["detail"]) == (404, "Project not found.")


@pytest.mark.parametrize(
    "id", ["999999", "0", "-1", "1.5", "abc", "@me", "٣", "1" * 60, "%00", "1%2F..%2F1", "%20"]
)
def test_unknown_projects(api, api_with_scopes, id):
    for client in [api, api_with_scopes("alert:read")]:
        r = client.get(f"/api/projects/{id}/persisted_folder/")
        assert r.status_code == 404
        assert r.json()["type"] == "invalid_request"
        if "2F" not in id:
            assert r.json()["detail"] == "Project not found."


def test_credentials_come_before_the_project(anonymous):
    r = anonymous.get("/api/projects/999999/persisted_folder/")

    assert r.status_code == 401


def test_project_of_another_organization(stranger_api):
    assert denied(stranger_api.get("persisted_folder/")) == "You don't have access to the project."


def test_scope_comes_before_membership(project):
    stranger = ProjectClient(project, PersonalAPIKeyFactory(scopes=["alert:read"]).value)

    assert "missing required scope" in denied(stranger.get("persisted_folder/"))


def test_user_who_left_the_organization(api, user):
    user.memberships.all().delete()

    assert denied(api.get("persisted_folder/")) == "You don't have access to the project."


def test_sessions_need_membership_but_no_scopes(session, project):
    assert session.get("persisted_folder/").status_code == 200

    session.force_login(UserFactory(is_staff=True, is_superuser=True))
    assert denied(session.get("persisted_folder/")) == "You don't have access to the project."


def test_key_limited_to_projects(api_with_scopes, project, organization):
    other = ProjectFactory(organization=organization)
    client = api_with_scopes("*", scoped_teams=[other.id])

    assert client.get(f"/api/projects/{other.id}/persisted_folder/").status_code == 200
    assert denied(client.get("persisted_folder/")) == (
        f"API key does not have access to the requested project: ID {project.id}."
    )


def test_key_limited_to_organizations(api_with_scopes, organization):
    inside = api_with_scopes("*", scoped_organizations=[str(organization.id)])
    outside = api_with_scopes("*", scoped_organizations=[str(OrganizationFactory().id)])

    assert inside.get("persisted_folder/").status_code == 200
    assert denied(outside.get("persisted_folder/")) == (
        f"API key does not have access to the requested organization: ID {organization.id}."
    )


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "QUERY", "FOO"])
def test_methods_not_offered(api, session, api_with_scopes, method):
    for client in [api, session, api_with_scopes("alert:read")]:
        r = client.generic(method, "persisted_folder/")
        assert r.status_code == 405
        assert r.json() == {
            "type": "invalid_request",
            "code": "method_not_allowed",
            "detail": f'Method "{method}" not allowed.',
            "attr": None,
        }
        assert r.headers["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_methods_not_offered_still_take_credentials_and_membership(anonymous, stranger_api):
    assert anonymous.put("persisted_folder/").status_code == 401
    assert stranger_api.put("persisted_folder/").status_code == 403
