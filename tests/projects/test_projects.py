import time
from uuid import UUID

import orjson
import pytest

from projects.models import MembershipLevel, Project
from tests.conftest import ProjectClient
from tests.factories import (
    MembershipFactory,
    OrganizationFactory,
    PersonalAPIKeyFactory,
    PersonFactory,
    ProjectFactory,
    UserFactory,
)

BASIC_KEYS = [
    "id",
    "uuid",
    "organization",
    "project_id",
    "api_token",
    "name",
    "completed_snippet_onboarding",
    "has_completed_onboarding_for",
    "ingested_event",
    "is_demo",
    "timezone",
    "access_control",
]


@pytest.fixture
def member_api(organization, project):
    """A client of a plain member."""
    user = UserFactory(current_organization=organization, current_project=project)
    MembershipFactory(organization=organization, user=user)
    return ProjectClient(project, PersonalAPIKeyFactory(user=user).value)


@pytest.mark.parametrize("url", ["/api/projects/", "/api/environments", "/api/projects?limit=100"])
def test_list(api, project, django_assert_num_queries, url):
    ProjectFactory()  # somebody else's
    second = ProjectFactory(organization=project.organization, name="Second")

    with django_assert_num_queries(4):  # key, its last use, count, rows
        r = api.get(url)

    assert r.status_code == 200
    assert (r.json()["count"], r.json()["next"], r.json()["previous"]) == (2, None, None)
    first_row, second_row = r.json()["results"]
    assert second_row["id"] == second.id
    assert first_row == {
        "id": project.id,
        "uuid": str(project.uuid),
        "organization": str(project.organization_id),
        "project_id": project.id,
        "api_token": project.api_token,
        "name": project.name,
        "completed_snippet_onboarding": False,
        "has_completed_onboarding_for": None,
        "ingested_event": False,
        "is_demo": False,
        "timezone": "UTC",
        "access_control": False,
    }


def test_list_search(api, project):
    ProjectFactory(organization=project.organization, name="Web shop")

    names = [row["name"] for row in api.get("/api/projects/?search=WEB").json()["results"]]

    assert names == ["Web shop"]
    assert api.get("/api/projects/?search=%00nothing").json()["results"] == []


def test_list_is_narrowed_to_the_organizations_of_the_key(api_with_scopes, user, project):
    other = OrganizationFactory()
    MembershipFactory(organization=other, user=user)
    elsewhere = ProjectFactory(organization=other)
    client = api_with_scopes("*", scoped_organizations=[str(other.id)])

    assert [row["id"] for row in client.get("/api/projects/").json()["results"]] == [elsewhere.id]


def test_lists_are_closed_to_keys_limited_to_projects(api_with_scopes, project):
    client = api_with_scopes("*", scoped_teams=[project.id])

    for url in ["/api/projects/", "/api/environments/", "/api/organizations/@current/projects/"]:
        r = client.get(url)
        assert r.status_code == 403
        assert r.json()["detail"] == (
            "API keys with scoped projects are only supported on project-based endpoints."
        )
    assert client.get(f"/api/projects/{project.id}/").status_code == 200


@pytest.mark.parametrize("scope", ["organization:write", "persisted_folder:read"])
def test_scopes(api_with_scopes, project, scope):
    client = api_with_scopes(scope)

    for method, verb in [("get", "read"), ("patch", "write"), ("delete", "write")]:
        r = getattr(client, method)(f"/api/projects/{project.id}/")
        assert r.status_code == 403
        assert r.json()["detail"] == f"API key missing required scope 'project:{verb}'"


@pytest.mark.parametrize(
    "url",
    [
        "/api/projects/{id}/",
        "/api/projects/{id}",
        "/api/projects/@current/",
        "/api/environments/{id}/",
        "/api/environments/%40current/",
        "/api/organizations/{organization}/projects/{id}/",
        "/api/organizations/@current/projects/@current",
    ],
)
def test_retrieve(api, project, url):
    r = api.get(url.format(id=project.id, organization=project.organization_id))

    assert r.status_code == 200
    body = r.json()
    assert set(BASIC_KEYS) < set(body)
    assert body["effective_membership_level"] == 15
    assert body["user_access_level"] == "admin"
    assert body["app_urls"] == body["test_account_filters"] == body["product_intents"] == []
    assert body["group_types"] == []
    assert body["has_group_types"] is False
    assert body["default_modifiers"] == {}
    assert body["week_start_day"] is None
    assert body["data_attributes"] == ["data-attr"]


def test_retrieve_shows_group_types(api, project):
    project.group_types.create(name="workspace", index=1)
    project.group_types.create(name="company", index=0)

    body = api.get(f"/api/projects/{project.id}/").json()

    assert body["has_group_types"] is True
    assert [(each["group_type"], each["group_type_index"]) for each in body["group_types"]] == [
        ("company", 0),
        ("workspace", 1),
    ]


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_projects_out_of_reach_are_not_found(api, project, method):
    foreign = ProjectFactory()
    urls = [f"/api/projects/{id}/" for id in [foreign.id, 999999, "abc", "1e3"]]
    urls.append(f"/api/organizations/{foreign.organization_id}/projects/{foreign.id}/")
    other = OrganizationFactory()
    urls.append(f"/api/organizations/{other.id}/projects/{project.id}/")

    for url in urls:
        r = getattr(api, method)(url)
        assert r.status_code == 404, url
    assert Project.objects.count() == 2


def test_a_project_is_not_found_below_another_organization_of_the_user(api, user, project):
    other = OrganizationFactory()
    MembershipFactory(organization=other, user=user)

    r = api.get(f"/api/organizations/{other.id}/projects/{project.id}/")

    assert (r.status_code, r.json()["detail"]) == (404, "Not found.")


def test_patch_changes_what_is_given(api, project):
    before = api.get(f"/api/projects/{project.id}/").json()
    changes = {
        "name": "Renamed",
        "timezone": "Europe/Paris",
        "week_start_day": 1,
        "anonymize_ips": True,
        "app_urls": ["https://example.com", None],
        "test_account_filters": [
            {"key": "email", "value": "@example.com", "operator": "icontains"}
        ],
        "person_display_name_properties": ["email"],
        "product_description": "A shop",
    }

    r = api.patch(f"/api/projects/{project.id}/", changes)

    assert r.status_code == 200
    assert r.json() == {**before, **changes, "updated_at": r.json()["updated_at"]}
    assert r.json()["updated_at"] > before["updated_at"]
    assert api.get(f"/api/environments/{project.id}/").json() == r.json()

    r = api.patch(f"/api/environments/{project.id}/", {"surveys_opt_in": True})
    assert r.json()["anonymize_ips"] is True
    project.refresh_from_db()
    assert project.settings["surveys_opt_in"] is True
    assert "is_demo" not in project.settings


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({"name": ""}, "blank", "name"),
        ({"name": "x" * 201}, "max_length", "name"),
        ({"timezone": "Mars/Base"}, "invalid_choice", "timezone"),
        ({"timezone": "localtime"}, "invalid_choice", "timezone"),
        ({"timezone": ""}, "blank", "timezone"),
        ({"week_start_day": 3}, "invalid_choice", "week_start_day"),
        ({"app_urls": "https://example.com"}, "not_a_list", "app_urls"),
        ({"app_urls": [1, {}]}, "invalid_input", "app_urls__1"),
        ({"product_description": "x" * 1001}, "max_length", "product_description"),
        ({"anonymize_ips": None}, "null", "anonymize_ips"),
        ({"anonymize_ips": "maybe"}, "invalid_input", "anonymize_ips"),
        ({"test_account_filters": [1]}, "not_a_dict", "test_account_filters__0"),
        ({"primary_dashboard": 2**63}, "max_value", "primary_dashboard"),
    ],
)
def test_patch_refuses(api, project, body, code, attr):
    r = api.patch(f"/api/projects/{project.id}/", body)

    assert (r.status_code, r.json()["code"], r.json()["attr"]) == (400, code, attr)


def test_patch_by_form(api, project):
    r = api.patch(
        f"/api/projects/{project.id}/",
        "app_urls=[]&anonymize_ips=true&week_start_day=",
        content_type="application/x-www-form-urlencoded",
    )

    assert r.status_code == 200
    assert r.json()["anonymize_ips"] is True
    assert r.json()["week_start_day"] is None


@pytest.mark.parametrize(
    "url",
    ["/api/projects/", "/api/organizations/@current/projects", "/api/organizations/{}/projects/"],
)
def test_create(api, user, project, organization, url):
    r = api.post(url.format(organization.id), {"name": "New", "timezone": "Asia/Tokyo"})

    assert r.status_code == 201
    created = Project.objects.get(id=r.json()["id"])
    assert (created.organization, created.name, created.timezone) == (
        organization,
        "New",
        "Asia/Tokyo",
    )
    assert created.settings == {}
    assert r.json()["api_token"].startswith("phc_")
    assert r.json()["effective_membership_level"] == 15
    assert api.get(f"/api/projects/{created.id}/").json() == r.json()
    user.refresh_from_db()
    assert user.current_project == project


def test_members_may_change_settings_but_neither_create_nor_delete(member_api, project):
    assert member_api.patch(f"/api/projects/{project.id}/", {"name": "New"}).status_code == 200
    for r in [
        member_api.post("/api/projects/", {"name": "New"}),
        member_api.post("/api/organizations/@current/projects/", {"name": "New"}),
        member_api.delete(f"/api/projects/{project.id}/"),
        member_api.patch(f"/api/projects/{project.id}/reset_token/"),
    ]:
        assert r.status_code == 403
        assert r.json()["detail"] == (
            "Your organization access level is insufficient: this takes admin rights."
        )
    assert Project.objects.count() == 1


def test_create_needs_an_organization(api, user):
    user.current_organization = None
    user.save()

    r = api.post("/api/projects/", {"name": "New"})

    assert (r.status_code, r.json()["detail"]) == (404, "Organization not found.")


def test_delete(api, user, project, organization):
    oldest = ProjectFactory(organization=organization)
    ProjectFactory(organization=organization)
    PersonFactory(project=project, distinct_ids=["a"])

    r = api.delete(f"/api/projects/{project.id}/")

    assert (r.status_code, r.content) == (204, b"")
    assert api.get(f"/api/projects/{project.id}/").status_code == 404
    assert not Project.objects.filter(id=project.id).exists()
    user.refresh_from_db()
    assert user.current_project == oldest


def test_delete_takes_the_analytics_along(
    api, project, analytics, django_capture_on_commit_callbacks
):
    other = ProjectFactory()
    for owner in [project, other]:
        analytics.insert(
            "person_distinct_ids",
            orjson.dumps(
                {
                    "team_id": owner.id,
                    "distinct_id": "a",
                    "person_id": UUID(int=1),
                    "is_deleted": 0,
                    "version": 0,
                }
            ),
        )

    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"/api/projects/{project.id}/").status_code == 204

    for _ in range(100):
        left = analytics.rows("SELECT team_id FROM person_distinct_ids")
        if left == [(other.id,)]:
            break
        time.sleep(0.05)
    assert left == [(other.id,)]


def test_delete_the_last_project(api, user, project):
    assert api.delete("/api/projects/@current/").status_code == 204

    user.refresh_from_db()
    assert user.current_project is None
    assert api.get("/api/projects/@current/").status_code == 404
    assert api.get("/api/users/@me/").json()["team"] is None


def test_environments_are_neither_created_nor_deleted(api, project):
    assert api.post("/api/environments/", {"name": "x"}).status_code == 405
    assert api.delete(f"/api/environments/{project.id}/").status_code == 405
    assert api.put(f"/api/projects/{project.id}/", {"name": "x"}).status_code == 405


def test_reset_token(api, project):
    r = api.patch(f"/api/projects/{project.id}/reset_token/")

    assert r.status_code == 200
    assert r.json()["api_token"].startswith("phc_")
    assert r.json()["api_token"] != project.api_token
    project.refresh_from_db()
    assert r.json()["api_token"] == project.api_token


def test_reading_does_not_depend_on_the_current_project(api, user, project):
    user.current_project = user.current_organization = None
    user.save()

    assert api.get("/api/projects/").json()["count"] == 1
    assert api.get(f"/api/projects/{project.id}/").status_code == 200
    assert api.get(f"/api/organizations/{project.organization_id}/").status_code == 200
    assert (
        api.get("/api/organizations/").json()["results"][0]["membership_level"]
        == MembershipLevel.OWNER
    )


@pytest.mark.parametrize("name", ["annotations", "feature_flags"])
@pytest.mark.parametrize("prefix", ["environments", "projects"])
def test_resources_that_there_are_none_of(api, project, name, prefix):
    r = api.get(f"/api/{prefix}/{project.id}/{name}?limit=100")

    assert r.status_code == 200
    assert r.json() == {"count": 0, "next": None, "previous": None, "results": []}
    assert api.post(f"/api/{prefix}/{project.id}/{name}/", {}).status_code == 405
