import pytest

from projects.models import MembershipLevel, Role, RoleMembership
from tests.conftest import ProjectClient
from tests.factories import (
    MembershipFactory,
    OrganizationFactory,
    PersonalAPIKeyFactory,
    RoleFactory,
    UserFactory,
)


@pytest.fixture
def roles(organization):
    return f"/api/organizations/{organization.id}/roles/"


@pytest.fixture
def role(organization):
    return RoleFactory(organization=organization, name="Backend")


@pytest.fixture
def member(organization):
    return MembershipFactory(organization=organization)


def test_create_and_read(api, roles, organization):
    r = api.post(roles, {"name": "Backend"})

    role = Role.objects.get()
    assert (r.status_code, r.json()) == (
        201,
        {
            "id": str(role.id),
            "name": "Backend",
            "created_at": role.created_at.isoformat().replace("+00:00", "Z"),
            "created_by": None,
            "members": [],
            "is_default": False,
        },
    )
    assert role.organization == organization
    assert api.get(f"{roles}{role.id}/").json() == r.json()
    assert api.get("/api/organizations/@current/roles").json()["results"] == [r.json()]


def test_names_are_unique_whatever_their_case(api, roles, role, organization):
    other = RoleFactory(organization=organization, name="Frontend")
    RoleFactory(organization=OrganizationFactory(), name="Mobile")

    refused = {
        "type": "validation_error",
        "code": "unique",
        "detail": "There is a role named BACKEND already.",
        "attr": "name",
    }
    assert api.post(roles, {"name": "BACKEND"}).json() == refused
    assert api.patch(f"{roles}{other.id}/", {"name": "BACKEND"}).json() == refused
    assert api.post(roles, {"name": "Mobile"}).status_code == 201
    assert api.patch(f"{roles}{role.id}/", {"name": "BACKEND"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"name": ""}, "blank"),
        ({"name": None}, "null"),
        ({"name": "x" * 201}, "max_length"),
    ],
)
def test_bad_names(api, roles, body, code):
    r = api.post(roles, body)

    assert (r.status_code, r.json()["code"], r.json()["attr"]) == (400, code, "name")


def test_rename_and_delete(api, roles, role, member):
    RoleMembership.objects.create(role=role, organization_member=member)

    assert api.patch(f"{roles}{role.id}/", {"name": "Platform"}).json()["name"] == "Platform"
    assert api.put(f"{roles}{role.id}/", {"name": "x"}).status_code == 405
    r = api.delete(f"{roles}{role.id}/")
    assert (r.status_code, r.content) == (204, b"")
    assert not Role.objects.exists()
    assert not RoleMembership.objects.exists()


def test_members_join_and_leave(api, roles, role, member):
    path = f"{roles}{role.id}/role_memberships/"

    r = api.post(path, {"user_uuid": str(member.user.uuid)})

    membership = RoleMembership.objects.get()
    row = r.json()
    assert r.status_code == 201
    assert set(row) == {"id", "role_id", "organization_member", "user", "joined_at", "updated_at"}
    assert (row["id"], row["role_id"]) == (str(membership.id), str(role.id))
    assert row["user"]["uuid"] == str(member.user.uuid)
    assert row["organization_member"]["id"] == str(member.id)
    assert api.get(f"{path}{row['id']}/").json() == row
    assert api.get(path).json()["results"] == [row]
    assert api.get(f"{roles}{role.id}/").json()["members"] == [row]
    assert api.patch(f"{path}{row['id']}/", {}).status_code == 405

    again = api.post(path, {"user_uuid": str(member.user.uuid)})
    assert again.status_code == 400
    assert again.json()["detail"] == "User is already part of the role."

    assert api.delete(f"{path}{row['id']}/").status_code == 204
    assert api.get(path).json()["results"] == []


def test_only_members_of_the_organization_join(api, roles, role):
    path = f"{roles}{role.id}/role_memberships/"

    for uuid in (MembershipFactory().user.uuid, "00000000-0000-0000-0000-000000000000"):
        r = api.post(path, {"user_uuid": str(uuid)})
        assert (r.status_code, r.json()["detail"]) == (400, "User does not exist.")
    assert api.post(path, {}).json()["attr"] == "user_uuid"
    assert api.post(path, {"user_uuid": "x"}).json()["attr"] == "user_uuid"


def test_who_leaves_the_organization_leaves_its_roles(api, organization, role, member):
    RoleMembership.objects.create(role=role, organization_member=member)

    api.delete(f"/api/organizations/{organization.id}/members/{member.user.uuid}/")

    assert not RoleMembership.objects.exists()


def test_list_costs_the_same_whatever_its_length(
    api, roles, organization, django_assert_num_queries
):
    for n in range(3):
        role = RoleFactory(organization=organization, name=f"Role {n}")
        for _ in range(2):
            member = MembershipFactory(organization=organization)
            RoleMembership.objects.create(role=role, organization_member=member)

    with django_assert_num_queries(6):  # key, its last use, membership, count, roles, members
        rows = api.get(roles).json()["results"]

    assert [(row["name"], len(row["members"])) for row in rows] == [
        (f"Role {n}", 2) for n in range(3)
    ]


def test_others_roles_are_not_found(api, roles, role):
    other = RoleFactory(organization=OrganizationFactory(), name="Backend")
    for id in (other.id, "x", "1"):
        assert api.get(f"{roles}{id}/").status_code == 404
        assert api.patch(f"{roles}{id}/", {"name": "x"}).status_code == 404
        assert api.get(f"{roles}{id}/role_memberships/").status_code == 404
        assert api.post(f"{roles}{id}/role_memberships/", {}).status_code == 404
        assert api.get(f"{roles}{role.id}/role_memberships/{id}/").status_code == 404


def test_scopes_and_levels(api_with_scopes, roles, role, organization, project, stranger_api):
    reader = api_with_scopes("organization:read")
    assert reader.get(roles).status_code == 200
    assert reader.get(f"{roles}{role.id}/role_memberships/").status_code == 200
    assert reader.post(roles, {"name": "x"}).status_code == 403
    assert reader.delete(f"{roles}{role.id}/").status_code == 403
    assert stranger_api.get(roles).status_code == 404

    def client_of(level):
        member = MembershipFactory(organization=organization, user=UserFactory(), level=level)
        return ProjectClient(project, PersonalAPIKeyFactory(user=member.user).value)

    member, admin = client_of(MembershipLevel.MEMBER), client_of(MembershipLevel.ADMIN)
    assert member.get(roles).status_code == 200
    refused = member.post(roles, {"name": "x"})
    assert refused.status_code == 403
    assert "admin" in refused.json()["detail"]
    assert member.post(f"{roles}{role.id}/role_memberships/", {}).status_code == 403
    assert admin.post(roles, {"name": "x"}).status_code == 201
