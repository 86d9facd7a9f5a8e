import pytest

from projects.models import PersonalAPIKey
from tests.conftest import ProjectClient
from tests.factories import PersonalAPIKeyFactory, ProjectFactory

URL = "/api/personal_api_keys/"


@pytest.fixture
def key(user):
    return PersonalAPIKeyFactory(user=user, label="Mine")


def works(project, value):
    return ProjectClient(project, value).get("persisted_folder/").status_code == 200


@pytest.mark.parametrize("url", [f"{URL}@current", f"{URL}@current/", f"{URL}%40current/"])
def test_current(project, user, url):
    key = PersonalAPIKeyFactory(
        user=user, label="Mine", scopes=["alert:read"], scoped_teams=[project.id]
    )

    r = ProjectClient(project, key.value).get(url)

    key.refresh_from_db()
    assert r.status_code == 200
    assert r.json() == {
        "id": key.id,
        "label": "Mine",
        "description": None,
        "value": None,
        "mask_value": f"phx_...{key.value[-4:]}",
        "created_at": key.created_at.isoformat().replace("+00:00", "Z"),
        "last_used_at": key.last_used_at.isoformat().replace("+00:00", "Z"),
        "last_rolled_at": None,
        "user_id": user.id,
        "is_legacy_hashing": False,
        "scopes": ["alert:read"],
        "scoped_teams": [project.id],
        "scoped_organizations": [],
        "local_dev_value": None,
    }


def test_current_of_a_session_is_not_found(session):
    assert session.get(f"{URL}@current/").status_code == 404


def test_own_keys_by_id(api, session, key):
    others = PersonalAPIKeyFactory()

    for client in [api, session]:
        assert client.get(f"{URL}{key.id}/").json()["label"] == "Mine"
        for id in [others.id, "nonsense", "0"]:
            assert client.get(f"{URL}{id}/").status_code == 404


def test_the_rest_is_closed_to_keys(api, key):
    for r in [
        api.get(URL),
        api.post(URL, {"label": "x", "scopes": ["*"]}),
        api.patch(f"{URL}{key.id}/", {"label": "x"}),
        api.delete(f"{URL}{key.id}/"),
        api.post(f"{URL}{key.id}/roll"),
        api.post(f"{URL}@current/roll/"),
    ]:
        assert r.status_code == 403
        assert r.json()["detail"] == "This action does not support personal API key access"


def test_list_is_an_array_newest_first(session, user, key):
    newer = PersonalAPIKeyFactory(user=user)
    PersonalAPIKeyFactory()

    r = session.get(URL)

    assert [row["id"] for row in r.json()] == [newer.id, key.id]
    assert all(row["value"] is None for row in r.json())


def test_create(session, user, project, organization):
    body = {
        "label": "New",
        "description": "",
        "scopes": ["error_tracking:read", "persisted_folder:write"],
        "scoped_teams": [project.id],
        "scoped_organizations": [str(organization.id)],
    }

    r = session.post(URL, body)

    assert r.status_code == 201
    value = r.json().pop("value")
    key = PersonalAPIKey.objects.get()
    assert {**r.json(), **body, "description": None} == r.json()
    assert value.startswith("phx_")
    assert len(value) == 47
    assert value not in key.secure_value
    assert works(project, value)
    assert session.get(f"{URL}{key.id}/").json()["value"] is None


@pytest.mark.parametrize(
    ("body", "code", "attr", "detail"),
    [
        ({"label": ""}, "blank", "label", None),
        ({"label": None}, "null", "label", None),
        ({"label": "x" * 41}, "max_length", "label", None),
        ({"scopes": None}, "null", "scopes", None),
        ({"scopes": []}, "empty", "scopes", None),
        ({"scopes": "*"}, "not_a_list", "scopes", None),
        ({"scopes": ["foo:bar"]}, "invalid_input", "scopes", "Invalid scope: foo:bar"),
        ({"scopes": ["insight"]}, "invalid_input", "scopes", "Invalid scope: insight"),
        (
            {"scoped_teams": [999999]},
            "invalid_input",
            "scoped_teams",
            "You must be a member of all teams that you are scoping the key to.",
        ),
        (
            {"scoped_organizations": ["00000000-0000-0000-0000-000000000000"]},
            "invalid_input",
            "scoped_organizations",
            "You must be a member of all organizations that you are scoping the key to.",
        ),
        ({"scoped_teams": [2**63]}, "max_value", "scoped_teams__0", None),
        ({"scoped_organizations": ["x"]}, "invalid_input", "scoped_organizations__0", None),
    ],
)
def test_create_refuses(session, body, code, attr, detail):
    r = session.post(URL, {"label": "New", "scopes": ["*"], **body})

    assert (r.status_code, r.json()["code"], r.json()["attr"]) == (400, code, attr)
    assert detail in (None, r.json()["detail"])
    assert not PersonalAPIKey.objects.exists()


def test_null_means_no_restriction(session):
    r = session.post(
        URL, {"label": "New", "scopes": ["*"], "scoped_teams": None, "scoped_organizations": None}
    )

    assert r.status_code == 201
    assert (r.json()["scoped_teams"], r.json()["scoped_organizations"]) == ([], [])


def test_scopes_are_required(session):
    r = session.post(URL, {"label": "New"})

    assert (r.status_code, r.json()["code"], r.json()["attr"]) == (400, "required", "scopes")


def test_foreign_projects(session):
    r = session.post(URL, {"label": "New", "scopes": ["*"], "scoped_teams": [ProjectFactory().id]})

    assert (r.status_code, r.json()["attr"]) == (400, "scoped_teams")


def test_the_eleventh_key_is_refused(session, user):
    PersonalAPIKeyFactory.create_batch(10, user=user)

    r = session.post(URL, {"label": "New", "scopes": ["*"]})

    assert r.status_code == 400
    assert r.json() == {
        "type": "validation_error",
        "code": "invalid_input",
        "detail": "You can only have 10 personal API keys. Remove an existing key before creating "
        "a new one.",
        "attr": None,
    }


def test_patch(session, key, project):
    r = session.patch(f"{URL}{key.id}/", {"label": "Renamed", "scopes": ["alert:read"]})

    assert (r.status_code, r.json()["label"], r.json()["value"]) == (200, "Renamed", None)
    assert not works(project, key.value)
    r = session.patch(f"{URL}{key.id}/", {"scopes": ["*"]})
    assert works(project, key.value)


def test_delete(session, key, project):
    assert session.delete(f"{URL}{key.id}/").status_code == 204

    assert not works(project, key.value)


def test_roll(session, key, project):
    before = session.get(f"{URL}{key.id}/").json()

    r = session.post(f"{URL}{key.id}/roll")

    assert r.status_code == 200
    changed = {"value", "mask_value", "last_rolled_at"}
    assert {name for name in before if before[name] != r.json()[name]} == changed
    assert not works(project, key.value)
    assert works(project, r.json()["value"])
    assert session.post(f"{URL}{PersonalAPIKeyFactory().id}/roll/").status_code == 404
