import pytest

from projects.models import OrganizationMembership
from tests.factories import MembershipFactory, OrganizationFactory, ProjectFactory


def test_list(api, organization, project, user, django_assert_num_queries):
    OrganizationFactory()  # somebody else's
    MembershipFactory(organization=organization)
    second = MembershipFactory(user=user).organization
    ProjectFactory(organization=second)

    with django_assert_num_queries(5):  # key, its last use, count, rows, projects
        r = api.get("/api/organizations/")

    assert r.status_code == 200
    assert r.json()["count"] == 2
    row = r.json()["results"][0]
    assert row == {
        "id": str(organization.id),
        "name": organization.name,
        "slug": organization.slug,
        "logo_media_id": None,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "membership_level": 15,
        "plugins_access_level": 0,
        "teams": row["projects"],
        "projects": row["projects"],
        "available_product_features": [],
        "is_member_join_email_enabled": False,
        "metadata": {},
        "customer_id": None,
        "enforce_2fa": False,
        "members_can_invite": False,
        "members_can_use_personal_api_keys": True,
        "allow_publicly_shared_resources": False,
        "member_count": 2,
        "is_ai_data_processing_approved": False,
    }
    assert [(each["id"], each["name"]) for each in row["projects"]] == [(project.id, project.name)]
    assert row["projects"][0]["project_id"] == project.id


@pytest.mark.parametrize("name", ["@current", "%40current", None])
def test_retrieve(api, organization, name):
    r = api.get(f"/api/organizations/{name or organization.id}/")

    assert (r.status_code, r.json()["id"]) == (200, str(organization.id))
    assert r.json()["member_count"] == 1


@pytest.mark.parametrize("id", ["abc", "00000000-0000-0000-0000-000000000000", "1", "@me"])
def test_unknown(api, id):
    for url in [f"/api/organizations/{id}/", f"/api/organizations/{id}/projects/"]:
        r = api.get(url)
        assert (r.status_code, r.json()["detail"]) == (404, "Organization not found.")


def test_of_others(api):
    other = OrganizationFactory()

    for url in [f"/api/organizations/{other.id}/", f"/api/organizations/{other.id}/projects/"]:
        r = api.get(url)
        assert (r.status_code, r.json()["detail"]) == (404, "Organization not found.")


def test_no_current_organization(api, user):
    user.current_organization = None
    user.save()

    assert api.get("/api/organizations/@current/").status_code == 404


def test_patch_the_name(api, organization):
    r = api.patch(f"/api/organizations/{organization.id}/", {"name": "Acme", "slug": "x"})

    assert (r.status_code, r.json()["name"]) == (200, "Acme")
    assert r.json()["slug"] == organization.slug
    assert r.json()["member_count"] == 1
    r = api.patch("/api/organizations/@current/", {"name": "x" * 65})
    assert (r.status_code, r.json()["code"], r.json()["attr"]) == (400, "max_length", "name")


def test_patch_takes_an_admin(api, organization, user):
    OrganizationMembership.objects.filter(user=user).update(level=1)

    assert api.patch("/api/organizations/@current/", {"name": "Acme"}).status_code == 403


def test_keys_limited_to_an_organization(api_with_scopes, organization, user):
    other = MembershipFactory(user=user).organization
    client = api_with_scopes("*", scoped_organizations=[str(other.id)])

    assert [row["id"] for row in client.get("/api/organizations/").json()["results"]] == [
        str(other.id)
    ]
    assert client.get(f"/api/organizations/{other.id}/").status_code == 200
    for url in ["/api/organizations/@current/", "/api/organizations/@current/projects/"]:
        r = client.get(url)
        assert r.status_code == 403
        assert r.json()["detail"] == (
            f"API key does not have access to the requested organization: ID {organization.id}."
        )


def test_keys_limited_to_projects(api_with_scopes, project):
    client = api_with_scopes("*", scoped_teams=[project.id])

    assert client.get("/api/organizations/").status_code == 403
    assert client.get("/api/organizations/@current/").status_code == 403


def test_scopes(api_with_scopes):
    reader = api_with_scopes("organization:read")

    assert reader.get("/api/organizations/").status_code == 200
    r = reader.patch("/api/organizations/@current/", {"name": "x"})
    assert r.json()["detail"] == "API key missing required scope 'organization:write'"
    r = reader.get("/api/organizations/@current/projects/")
    assert r.json()["detail"] == "API key missing required scope 'project:read'"


def test_projects_of_an_organization(api, organization, project):
    r = api.get(f"/api/organizations/{organization.id}/projects/")

    assert [row["id"] for row in r.json()["results"]] == [project.id]
