import pytest

from tests.factories import (
    MembershipFactory,
    OrganizationFactory,
    ProjectFactory,
    UserFactory,
)


@pytest.mark.parametrize("url", ["/api/users/@me/", "/api/users/@me", "/api/users/%40me/"])
def test_me(api, user, organization, project, url):
    r = api.get(url)

    assert r.status_code == 200
    body = r.json()
    assert body["email"] == user.email
    assert body["uuid"] == str(user.uuid)
    assert body["distinct_id"] == user.distinct_id
    assert body["id"] == user.id
    assert body["team"]["id"] == body["team"]["project_id"] == project.id
    assert body["team"]["api_token"] == project.api_token
    assert body["organization"]["id"] == str(organization.id)
    assert body["organization"]["member_count"] == 1
    assert body["organizations"] == [
        {
            "id": str(organization.id),
            "name": organization.name,
            "slug": organization.slug,
            "logo_media_id": None,
            "membership_level": 15,
            "members_can_use_personal_api_keys": True,
        }
    ]
    assert body["notification_settings"] == {}
    assert body["events_column_config"] == {"active": "DEFAULT"}
    assert body["scene_personalisation"] == []
    assert body["has_password"] is False
    assert "password" not in body


def test_me_takes_few_queries(api, user, django_assert_num_queries):
    for _ in range(3):
        ProjectFactory(organization=MembershipFactory(user=user).organization)

    with django_assert_num_queries(4):  # key, its last use, organizations, projects
        api.get("/api/users/@me/")


def test_by_own_uuid(api, user):
    for uuid in [str(user.uuid), str(user.uuid).upper()]:
        assert api.get(f"/api/users/{uuid}/").json() == api.get("/api/users/@me/").json()


def test_others_are_not_found(api, organization):
    colleague = UserFactory()
    MembershipFactory(organization=organization, user=colleague)

    for id in [colleague.uuid, colleague.id, "abc", "@current"]:
        assert api.get(f"/api/users/{id}/").status_code == 404
        assert api.patch(f"/api/users/{id}/", {"first_name": "x"}).status_code == 404


def test_patch(api, user):
    changes = {
        "first_name": "Grace",
        "theme_mode": "dark",
        "notification_settings": {"plugin_disabled": False},
        "hedgehog_config": {"enabled": True},
        "role_at_organization": "engineering",
    }
    before = api.get("/api/users/@me/").json()

    r = api.patch("/api/users/@me/", {**changes, "email": "x@y.z", "is_staff": True, "id": 5})

    assert r.status_code == 200
    assert r.json() == {**before, **changes}
    user.refresh_from_db()
    assert (user.is_staff, user.first_name) == (False, "Grace")
    assert api.patch("/api/users/@me/", {}).json() == {**before, **changes}


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({"theme_mode": "pink"}, "invalid_choice", "theme_mode"),
        ({"first_name": "x" * 151}, "max_length", "first_name"),
        ({"hedgehog_config": []}, "not_a_dict", "hedgehog_config"),
        ({"set_current_organization": "x"}, "invalid_input", "set_current_organization"),
        ({"set_current_team": "x"}, "invalid_input", "set_current_team"),
        ({"set_current_team": 999999}, "does_not_exist", "set_current_team"),
        ({"set_current_team": 2**64 - 1}, "does_not_exist", "set_current_team"),
    ],
)
def test_patch_refuses(api, body, code, attr):
    r = api.patch("/api/users/@me/", body)

    assert (r.status_code, r.json()["code"], r.json()["attr"]) == (400, code, attr)


def test_switch_project(api, user, project):
    second = ProjectFactory(organization=MembershipFactory(user=user).organization)

    r = api.patch("/api/users/@me/", {"set_current_team": second.id})

    assert r.status_code == 200
    assert r.json()["team"]["id"] == second.id
    assert r.json()["organization"]["id"] == str(second.organization_id)
    assert api.get("/api/projects/@current/").json()["id"] == second.id


def test_switch_organization(api, user):
    second = MembershipFactory(user=user).organization
    oldest, _ = ProjectFactory.create_batch(2, organization=second)

    r = api.patch("/api/users/@me/", {"set_current_organization": str(second.id)})

    assert r.json()["team"]["id"] == oldest.id
    assert r.json()["organization"]["id"] == str(second.id)


def test_switching_to_what_is_not_yours(api, user, project):
    foreign = ProjectFactory()
    for body, attr in [
        ({"set_current_team": foreign.id}, "set_current_team"),
        ({"set_current_organization": str(foreign.organization_id)}, "set_current_organization"),
    ]:
        r = api.patch("/api/users/@me/", body)
        assert (r.status_code, r.json()["code"], r.json()["attr"]) == (400, "does_not_exist", attr)
    user.refresh_from_db()
    assert user.current_project == project


def test_nothing_is_shown_of_an_organization_that_the_user_left(api, user):
    user.memberships.all().delete()

    body = api.get("/api/users/@me/").json()

    assert (body["team"], body["organization"], body["organizations"]) == (None, None, [])


def test_limited_keys_may_ask_who_they_are(api_with_scopes, project, organization):
    for limits in [
        {"scoped_teams": [project.id]},
        {"scoped_organizations": [str(OrganizationFactory().id)]},
    ]:
        assert api_with_scopes("user:read", **limits).get("/api/users/@me/").status_code == 200


def test_scopes(api_with_scopes, anonymous):
    reader = api_with_scopes("user:read")

    assert reader.get("/api/users/@me/").status_code == 200
    r = reader.patch("/api/users/@me/", {})
    assert r.json()["detail"] == "API key missing required scope 'user:write'"
    r = api_with_scopes("project:read").get("/api/users/@me/")
    assert r.json()["detail"] == "API key missing required scope 'user:read'"
    assert anonymous.get("/api/users/@me/").status_code == 401
