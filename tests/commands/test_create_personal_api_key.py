import json

import pytest
from django.core.management import CommandError, call_command

from projects.models import PersonalAPIKey, User, hash_key
from tests.live import manage

pytestmark = pytest.mark.django_db


@pytest.fixture
def superuser():
    return User.objects.create_superuser("ops@example.com", "secret")


def test_json_is_one_line_with_the_key_which_is_stored_as_a_hash(superuser, capsys):
    arguments = ["--scopes", "error_tracking:read, alert:write", "--label", "CI", "--json"]
    call_command("create_personal_api_key", *arguments)

    [line] = capsys.readouterr().out.splitlines()
    answer = json.loads(line)
    key = PersonalAPIKey.objects.get()
    assert answer == {
        "id": key.id,
        "label": "CI",
        "key": answer["key"],
        "scopes": ["error_tracking:read", "alert:write"],
    }
    assert answer["key"].startswith("phx_")
    assert key.secure_value == hash_key(answer["key"])
    assert key.user == superuser


def test_without_json_the_key_stands_alone_on_the_first_line(superuser, capsys):
    call_command("create_personal_api_key", "--scopes", "*")
    first = capsys.readouterr().out.splitlines()[0]
    assert PersonalAPIKey.objects.get().secure_value == hash_key(first)


def test_email_chooses_the_user(superuser):
    other = User.objects.create_user("Other@example.com", "secret")
    call_command(
        "create_personal_api_key", "--scopes", "query:read", "--email", "other@example.com"
    )
    assert PersonalAPIKey.objects.get().user == other


def test_scripts_may_make_more_keys_than_the_api_allows(superuser):
    for _ in range(12):
        call_command("create_personal_api_key", "--scopes", "query:read")
    assert PersonalAPIKey.objects.count() == 12


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--scopes", "foo:bar"], "Invalid scope: foo:bar"),
        (["--scopes", "error_tracking:read,alert"], "Invalid scope: alert"),
        (["--scopes", "error_tracking:delete"], "error_tracking:delete"),
        (["--scopes", ","], "names no scope"),
        (["--scopes", "*", "--label", "x" * 41], "40"),
        (["--scopes", "*", "--label", ""], "40"),
        (["--scopes", "*", "--email", "nobody@example.com"], "nobody@example.com"),
    ],
)
def test_what_can_not_work_is_refused(superuser, arguments, named):
    with pytest.raises(CommandError, match=named):
        call_command("create_personal_api_key", *arguments)
    assert not PersonalAPIKey.objects.exists()


def test_without_a_superuser_it_points_to_bootstrap():
    with pytest.raises(CommandError, match="bootstrap"):
        call_command("create_personal_api_key", "--scopes", "*")


def test_an_unknown_scope_exits_with_1_and_a_clear_error(tmp_path):
    done = manage("create_personal_api_key", "--scopes", "foo:bar", DATA_DIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert "Invalid scope: foo:bar" in done.stderr
    assert "Traceback" not in done.stderr
