"""Users, organizations, projects and keys: what operators do in the admin."""

import json
import re

from django.contrib.auth import authenticate
from django.urls import reverse

from projects.models import Organization, PersonalAPIKey, Project, User, hash_key
from tests.factories import (
    IssueFactory,
    OrganizationFactory,
    PersonalAPIKeyFactory,
    ProjectFactory,
)

NO_MEMBERSHIPS = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}


def test_login_takes_an_email_and_password(client, superuser):
    superuser.set_password("a long password")
    superuser.save()
    page = client.get("/admin/", follow=True)
    assert "username" in page.content.decode()

    form = {"username": "ops@example.com", "password": "a long password", "next": "/admin/"}
    assert client.post(reverse("admin:login"), form).headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_users_who_are_no_staff_stay_out(client, user):
    client.force_login(user)
    assert client.get("/admin/").status_code == 302


def test_a_user_is_made_with_email_and_password_and_joins_an_organization(admin):
    project = ProjectFactory()
    form = {
        "email": "New@example.com",
        "usable_password": "true",
        "password1": "correct horse battery",
        "password2": "correct horse battery",
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 0,
        "memberships-0-organization": str(project.organization_id),
        "memberships-0-level": 8,
    }
    answer = admin.post(reverse("admin:projects_user_add"), form)

    assert answer.status_code == 302, errors_in(answer)
    user = User.objects.get(email="New@example.com")
    assert authenticate(username="New@example.com", password="correct horse battery") == user
    assert user.memberships.get().organization == project.organization
    assert (user.current_project, user.current_organization) == (project, project.organization)
    assert not user.is_staff


def test_a_user_is_changed_and_gets_a_new_password(admin, user):
    url = reverse("admin:projects_user_change", args=[user.pk])
    assert admin.get(url).status_code == 200

    passwords = {"password1": "quite another one", "password2": "quite another one"}
    passwords["usable_password"] = "true"
    answer = admin.post(reverse("admin:auth_user_password_change", args=[user.pk]), passwords)
    assert answer.status_code == 302
    assert authenticate(username=user.email, password="quite another one") == user


def test_an_organization_and_a_project_are_made(admin):
    answer = admin.post(
        reverse("admin:projects_organization_add"),
        {"name": "Shop", "slug": "shop"} | NO_MEMBERSHIPS,
    )
    assert answer.status_code == 302, errors_in(answer)
    organization = Organization.objects.get(slug="shop")
    form = {
        "organization": str(organization.pk),
        "name": "Web",
        "api_token": "phc_web",
        "timezone": "UTC",
    }
    answer = admin.post(reverse("admin:projects_project_add"), form)
    assert answer.status_code == 302, errors_in(answer)
    assert Project.objects.get(api_token="phc_web").organization == organization


def test_a_project_keeps_its_token_and_organization(admin, project):
    token, organization = project.api_token, project.organization
    form = {
        "name": "Renamed",
        "timezone": "UTC",
        "api_token": "phc_other",
        "organization": str(OrganizationFactory().pk),
    }
    answer = admin.post(reverse("admin:projects_project_change", args=[project.pk]), form)

    assert answer.status_code == 302, errors_in(answer)
    project.refresh_from_db()
    assert (project.name, project.api_token, project.organization) == (
        "Renamed",
        token,
        organization,
    )


def test_a_project_is_deleted_and_its_users_move_to_another(admin, project, user):
    IssueFactory(project=project)
    other = ProjectFactory(organization=project.organization)
    url = reverse("admin:projects_project_delete", args=[project.pk])
    assert "with everything in it" in admin.get(url).content.decode()

    admin.post(url, {"post": "yes"})

    user.refresh_from_db()
    assert user.current_project == other
    assert not Project.objects.filter(pk=project.pk).exists()


def test_several_projects_are_deleted_at_once(admin, project):
    doomed = ProjectFactory.create_batch(2)
    form = {"action": "delete_selected", "post": "yes"}
    form["_selected_action"] = [project.pk for project in doomed]
    admin.post(reverse("admin:projects_project_changelist"), form)
    assert list(Project.objects.all()) == [project]


def test_an_organization_is_not_deleted_here(admin, organization):
    url = reverse("admin:projects_organization_delete", args=[organization.pk])
    assert admin.post(url, {"post": "yes"}).status_code == 403


def test_a_key_is_shown_once_and_kept_as_a_hash(admin, user):
    form = {
        "user": user.pk,
        "label": "CI",
        "scopes": '["error_tracking:read"]',
        "scoped_teams": "[]",
        "scoped_organizations": "[]",
    }
    answer = admin.post(reverse("admin:projects_personalapikey_add"), form, follow=True)

    assert answer.redirect_chain, errors_in(answer)
    [value] = re.findall(r"phx_\w{43}", answer.content.decode())
    key = PersonalAPIKey.objects.get()
    assert (key.secure_value, key.user, key.scopes) == (
        hash_key(value),
        user,
        ["error_tracking:read"],
    )
    page = admin.get(reverse("admin:projects_personalapikey_change", args=[key.pk]))
    assert value not in page.content.decode()
    assert "sha256$" not in page.content.decode()


def test_scopes_of_a_key_are_checked(admin):
    key = PersonalAPIKeyFactory()
    url = reverse("admin:projects_personalapikey_change", args=[key.pk])
    for scopes in (["foo:bar"], [], "query:read", [1]):
        form = {"label": "x", "scopes": json.dumps(scopes)}
        form |= {"scoped_teams": "[]", "scoped_organizations": "[]"}
        assert admin.post(url, form).status_code == 200
    key.refresh_from_db()
    assert key.scopes == ["*"]


def errors_in(answer):
    return re.findall(r"errorlist.*?</ul>|text-red-\d+[^<]*<[^<]*", answer.content.decode())
