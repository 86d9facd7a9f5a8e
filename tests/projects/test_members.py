import threading
from contextlib import suppress

import pytest
from django.db import OperationalError, connection
from rest_framework.exceptions import ValidationError

from projects.memberships import remove
from projects.models import MembershipLevel, OrganizationMembership
from tests.conftest import ProjectClient
from tests.factories import (
    MembershipFactory,
    OrganizationFactory,
    PersonalAPIKeyFactory,
    ProjectFactory,
    UserFactory,
)

MEMBER, ADMIN, OWNER = MembershipLevel.MEMBER, MembershipLevel.ADMIN, MembershipLevel.OWNER


@pytest.fixture
def members(organization):
    return f"/api/organizations/{organization.id}/members/"


@pytest.fixture
def join(organization, project):
    """Makes a member of this level and a client that speaks for them."""

    def join(level, **fields):
        membership = MembershipFactory(
            organization=organization, user=UserFactory(**fields), level=level
        )
        key = PersonalAPIKeyFactory(user=membership.user)
        return membership, ProjectClient(project, key.value)

    return join


def test_list(api, members, user, join, django_assert_num_queries):
    membership, _ = join(MEMBER)
    MembershipFactory(organization=OrganizationFactory())

    with django_assert_num_queries(5):  # key, its last use, membership, count, rows
        r = api.get(members)

    assert r.json()["count"] == 2
    row = r.json()["results"][1]
    assert row == {
        "id": str(membership.id),
        "user": row["user"],
        "level": 1,
        "joined_at": row["joined_at"],
        "updated_at": row["updated_at"],
        "is_2fa_enabled": False,
        "has_social_auth": False,
        "last_login": None,
    }
    assert row["user"]["uuid"] == str(membership.user.uuid)
    assert api.get("/api/organizations/@current/members").json() == r.json()


def test_levels_are_changed(api, members, join):
    membership, _ = join(MEMBER)

    r = api.patch(f"{members}{membership.user.uuid}/", {"level": 8})

    assert (r.status_code, r.json()["level"]) == (200, 8)
    membership.refresh_from_db()
    assert membership.level == ADMIN
    assert api.patch(f"{members}{membership.user.uuid}/", {}).status_code == 200


@pytest.mark.parametrize("level", [2, 0, "x", None, [1]])
def test_unknown_levels(api, members, join, level):
    membership, _ = join(MEMBER)

    r = api.patch(f"{members}{membership.user.uuid}/", {"level": level})

    assert (r.status_code, r.json()["attr"]) == (400, "level")


def test_who_may_change_whom(members, join, user, api):
    member, member_api = join(MEMBER)
    admin, admin_api = join(ADMIN)
    other, _ = join(MEMBER)

    def change(client, whom, level):
        return client.patch(f"{members}{whom.user.uuid}/", {"level": level}).status_code

    owner = OrganizationMembership.objects.get(user=user)
    assert change(member_api, other, ADMIN) == 403
    assert change(admin_api, other, OWNER) == 403
    assert change(admin_api, other, ADMIN) == 200
    assert change(admin_api, admin, MEMBER) == 403
    assert change(api, owner, MEMBER) == 400
    assert change(api, other, OWNER) == 200
    assert change(admin_api, owner, MEMBER) == 403
    assert change(api, owner, MEMBER) == 403
    owner.refresh_from_db()
    assert owner.level == OWNER


def test_who_may_remove_whom(members, join, user, api):
    member, member_api = join(MEMBER)
    admin, admin_api = join(ADMIN)
    second_owner, _ = join(OWNER)

    def remove(client, whom):
        return client.delete(f"{members}{whom.uuid}/").status_code

    assert remove(member_api, admin.user) == 403
    assert remove(admin_api, second_owner.user) == 403
    assert remove(admin_api, member.user) == 204
    assert remove(admin_api, admin.user) == 204  # leaves
    assert remove(api, second_owner.user) == 204
    r = api.delete(f"{members}{user.uuid}/")
    assert (r.status_code, "last owner" in r.json()["detail"]) == (400, True)
    assert OrganizationMembership.objects.count() == 1


def test_who_is_removed_has_no_access_and_another_current_project(api, members, join, project):
    membership, theirs = join(MEMBER, current_project=project)
    user = membership.user
    user.current_organization = membership.organization
    user.save()
    elsewhere = ProjectFactory()
    MembershipFactory(organization=elsewhere.organization, user=user)

    api.delete(f"{members}{user.uuid}/")

    assert theirs.get("events/").status_code == 403
    assert theirs.get(members).status_code == 404
    user.refresh_from_db()
    assert user.current_organization == elsewhere.organization
    assert user.current_project == elsewhere
    assert api.get(members).json()["count"] == 1


def test_unknown_members(api, members):
    stranger = MembershipFactory().user
    for id in (stranger.uuid, "x", "00000000-0000-0000-0000-000000000000", "1"):
        assert api.patch(f"{members}{id}/", {"level": 1}).status_code == 404
        assert api.delete(f"{members}{id}/").status_code == 404


def test_scopes(api_with_scopes, members, join, stranger_api):
    membership, _ = join(MEMBER)
    reader = api_with_scopes("organization_member:read")

    assert reader.get(members).status_code == 200
    assert reader.delete(f"{members}{membership.user.uuid}/").status_code == 403
    refused = api_with_scopes("organization:read").get(members).json()["detail"]
    assert refused == "API key missing required scope 'organization_member:read'"
    assert stranger_api.get(members).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_leave_at_once_one_stays(organization):
    owners = [MembershipFactory(organization=organization, level=OWNER) for _ in range(2)]
    start = threading.Barrier(2)

    def leave(owner):
        start.wait()
        with suppress(ValidationError, OperationalError):  # refused, or one of two in a deadlock
            remove(owner, by=owner)
        connection.close()

    threads = [threading.Thread(target=leave, args=[owner]) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert organization.memberships.filter(level=OWNER).count() == 1
