import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from projects.bootstrap import bootstrap
from projects.models import (
    MembershipLevel,
    Organization,
    OrganizationMembership,
    PersonalAPIKey,
    Project,
    User,
    hash_key,
)
from tests.live import manage

pytestmark = pytest.mark.django_db


def run_json(capsys, *arguments):
    call_command("bootstrap", "--json", *arguments)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    return json.loads(lines[0])


def test_an_empty_installation_gets_everything(capsys):
    answer = run_json(capsys)

    project = Project.objects.get()
    user = User.objects.get()
    key = PersonalAPIKey.objects.get()
    assert answer == {
        "project_id": project.id,
        "project_token": project.api_token,
        "personal_api_key": answer["personal_api_key"],
        "email": user.email,
    }
    assert answer["project_token"].startswith("phc_")
    assert answer["personal_api_key"].startswith("phx_")
    assert (user.is_staff, user.is_superuser, user.is_active) == (True, True, True)
    assert (user.current_project, user.current_organization) == (project, project.organization)
    assert OrganizationMembership.objects.get().level == MembershipLevel.OWNER
    assert (key.user, key.scopes) == (user, ["*"])
    assert key.secure_value == hash_key(answer["personal_api_key"])
    assert answer["personal_api_key"] not in str(vars(key))


def test_a_second_run_finds_everything_and_changes_nothing(capsys):
    first = run_json(capsys, "--email", "ops@example.com", "--password", "first one")
    second = run_json(capsys, "--email", "OPS@example.com", "--password", "another")
    third = run_json(capsys)

    assert second == third == first | {"personal_api_key": None}
    for model in (Organization, Project, User, OrganizationMembership, PersonalAPIKey):
        assert model.objects.count() == 1
    assert authenticate(username="ops@example.com", password="first one")


def test_given_values_are_used(capsys):
    arguments = [
        *("--email", "ops@example.com", "--password", "pw", "--project-name", "Shop"),
        *("--project-token", "phc_shop", "--personal-api-key", "phx_known"),
    ]
    answer = run_json(capsys, *arguments)

    project = Project.objects.get()
    assert (project.name, project.api_token) == ("Shop", "phc_shop")
    assert answer == {
        "project_id": project.id,
        "project_token": "phc_shop",
        "personal_api_key": "phx_known",
        "email": "ops@example.com",
    }
    assert authenticate(username="ops@example.com", password="pw").is_superuser
    assert run_json(capsys, *arguments) == answer | {"personal_api_key": None}


def test_a_token_of_no_project_makes_another_project_in_the_same_organization(capsys):
    first = run_json(capsys)
    second = run_json(capsys, "--project-token", "phc_second", "--personal-api-key", "phx_second")

    assert second["project_id"] != first["project_id"]
    assert second["personal_api_key"] == "phx_second"
    assert Organization.objects.count() == 1
    assert User.objects.get().current_project_id == first["project_id"]


def test_a_second_email_makes_a_second_superuser_with_a_key_of_its_own(capsys):
    first = run_json(capsys, "--email", "first@example.com")
    second = run_json(capsys, "--email", "second@example.com")

    assert second["project_id"] == first["project_id"]
    assert second["personal_api_key"] not in (None, first["personal_api_key"])
    assert OrganizationMembership.objects.count() == 2


def test_a_plain_user_named_by_email_becomes_the_superuser():
    User.objects.create_user("plain@example.com", "secret")

    installation = bootstrap(email="plain@example.com", password="not taken")

    user = User.objects.get()
    assert (user.is_staff, user.is_superuser) == (True, True)
    assert installation.password is None
    assert authenticate(username="plain@example.com", password="secret")


def test_a_key_with_restrictions_does_not_count_as_the_all_scope_key():
    user = User.objects.create_superuser("ops@example.com", "secret")
    for number, restriction in enumerate([{"scoped_teams": [1]}, {"scopes": ["query:read"]}]):
        key = PersonalAPIKey(user=user, label="narrow", **{"scopes": ["*"], **restriction})
        key.set_value(f"phx_narrow_{number}")
        key.save()

    assert bootstrap().personal_api_key


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--email", "nobody"], "valid email"),
        (["--project-token", "phx_secret"], "phx_secret"),
        (["--project-token", "has space"], "has space"),
        (["--project-token", "p" * 65], "64"),
        (["--project-token", ""], "''"),
        (["--personal-api-key", "secret"], "phx_"),
        (["--personal-api-key", "phx_"], "phx_"),
    ],
)
def test_a_value_that_could_not_work_is_refused_and_nothing_is_made(arguments, named):
    with pytest.raises(CommandError, match=named):
        call_command("bootstrap", *arguments)
    assert not User.objects.exists()
    assert not Project.objects.exists()


def test_an_inactive_user_is_refused():
    User.objects.create_superuser("ops@example.com", "secret", is_active=False)
    with pytest.raises(ValidationError, match="not active"):
        bootstrap(email="ops@example.com")


def test_without_json_people_get_the_login_and_a_request_to_copy(capsys, settings):
    settings.SITE_URL = "https://errors.example.com"
    call_command("bootstrap", "--email", "ops@example.com", "--password", "tell me")

    text = capsys.readouterr().out
    project = Project.objects.get()
    assert "https://errors.example.com/admin/" in text
    assert "ops@example.com" in text
    assert "tell me" in text
    assert f'"api_key": "{project.api_token}"' in text
    assert "curl https://errors.example.com/i/v0/e/" in text


def test_the_text_of_a_later_run_tells_how_to_get_what_is_not_shown():
    bootstrap()
    text = bootstrap().instructions("http://localhost:8000")
    assert "changepassword" in text
    assert "create_personal_api_key" in text


def test_two_first_runs_at_once_on_a_new_store_end_in_one_installation(tmp_path):
    def run(_):
        done = manage("bootstrap", "--json", DATA_DIR=str(tmp_path), DATABASE_URL="")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(run, range(2))
    assert one | {"personal_api_key": None} == other | {"personal_api_key": None}
    assert [one["personal_api_key"], other["personal_api_key"]].count(None) == 1


def test_a_refusal_exits_with_1_and_says_why_on_stderr(installation):
    done = manage("bootstrap", "--email", "nobody", **installation.environment)
    assert done.returncode == 1
    assert "valid email" in done.stderr
    assert "Traceback" not in done.stderr
