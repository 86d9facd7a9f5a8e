import pytest

from folders.models import PersistedFolder
from projects.models import MembershipLevel
from tests.conftest import ProjectClient
from tests.factories import (
    MembershipFactory,
    PersistedFolderFactory,
    PersonalAPIKeyFactory,
    ProjectFactory,
    UserFactory,
)


@pytest.fixture
def folder(project, user):
    return PersistedFolderFactory(project=project, user=user, type="home", path="Old")


def shown(folder):
    return {
        "id": str(folder.id),
        "type": folder.type,
        "protocol": folder.protocol,
        "path": folder.path,
        "created_at": folder.created_at.isoformat().replace("+00:00", "Z"),
        "updated_at": folder.updated_at.isoformat().replace("+00:00", "Z"),
    }


def test_create(api, project, user):
    r = api.post("persisted_folder/", {"type": "pinned", "path": "Weekly"})

    folder = PersistedFolder.objects.get()
    assert (r.status_code, r.json()) == (201, shown(folder))
    assert (folder.project, folder.user) == (project, user)
    assert (folder.type, folder.protocol, folder.path) == ("pinned", "products://", "Weekly")


def test_create_of_a_type_that_exists_replaces_it_and_omitted_fields_fall_back(api, folder):
    folder.protocol = "files://"
    folder.save()

    r = api.post("persisted_folder/", {"type": "home"})

    assert r.status_code == 201
    assert r.json()["id"] == str(folder.id)
    assert (r.json()["protocol"], r.json()["path"]) == ("products://", "")
    assert r.json()["created_at"] == shown(folder)["created_at"]
    assert r.json()["updated_at"] > shown(folder)["updated_at"]
    assert PersistedFolder.objects.count() == 1


def test_list_is_ordered_by_type(api, project, user, django_assert_num_queries):
    for type in ["pinned", "custom_products", "home"]:
        PersistedFolderFactory(project=project, user=user, type=type)

    with django_assert_num_queries(5):  # key, its last use, project, count, rows
        r = api.get("persisted_folder/")

    assert [row["type"] for row in r.json()["results"]] == ["custom_products", "home", "pinned"]
    assert r.json()["count"] == 3


def test_folders_of_others_and_of_other_projects_are_out_of_sight(api, user, organization, project):
    colleague = UserFactory()
    MembershipFactory(user=colleague, organization=organization)
    theirs = PersistedFolderFactory(project=project, user=colleague)
    elsewhere = PersistedFolderFactory(
        project=ProjectFactory(organization=organization), user=user, type="pinned"
    )

    assert api.get("persisted_folder/").json()["results"] == []
    for hidden in [theirs, elsewhere]:
        for call in [api.get, api.patch, api.put, api.delete]:
            r = call(f"persisted_folder/{hidden.id}/")
            assert (r.status_code, r.json()["detail"]) == (404, "Not found.")
    assert PersistedFolder.objects.count() == 2


def test_retrieve(api, folder):
    r = api.get(f"persisted_folder/{folder.id}/")

    assert (r.status_code, r.json()) == (200, shown(folder))


@pytest.mark.parametrize("id", ["00000000-0000-0000-0000-000000000000", "nonsense", "1", "a.b"])
def test_unknown_and_malformed_ids_are_not_found(api, id):
    r = api.get(f"persisted_folder/{id}/")

    assert r.status_code == 404
    assert r.json() == {
        "type": "invalid_request",
        "code": "not_found",
        "detail": "Not found.",
        "attr": None,
    }


def test_patch_changes_what_is_given(api, folder):
    before = shown(folder)

    r = api.patch(f"persisted_folder/{folder.id}/", {"path": "New"})

    folder.refresh_from_db()
    assert (r.status_code, r.json()) == (200, shown(folder))
    assert r.json() == {**before, "path": "New", "updated_at": r.json()["updated_at"]}
    assert r.json()["updated_at"] > before["updated_at"]


def test_patch_by_form(api, folder):
    r = api.patch(
        f"persisted_folder/{folder.id}/",
        "type=pinned&path=",
        content_type="application/x-www-form-urlencoded",
    )

    assert (r.status_code, r.json()["type"], r.json()["path"]) == (200, "pinned", "")


def test_patch_to_a_type_the_user_has_is_refused(api, folder, project, user):
    PersistedFolderFactory(project=project, user=user, type="pinned")

    r = api.patch(f"persisted_folder/{folder.id}/", {"type": "pinned"})

    assert r.status_code == 400
    assert r.json() == {
        "type": "validation_error",
        "code": "unique",
        "detail": "You already have a folder of type pinned.",
        "attr": "type",
    }
    folder.refresh_from_db()
    assert folder.type == "home"


def test_put_takes_the_whole_object(api, folder):
    r = api.put(f"persisted_folder/{folder.id}/", {"path": "New"})
    assert (r.status_code, r.json()["code"], r.json()["attr"]) == (400, "required", "type")

    r = api.put(f"persisted_folder/{folder.id}/", {"type": "pinned", "path": "New"})
    assert (r.status_code, r.json()["type"], r.json()["path"]) == (200, "pinned", "New")


def test_delete_is_final(api, folder):
    r = api.delete(f"persisted_folder/{folder.id}/")

    assert (r.status_code, r.content) == (204, b"")
    assert "Content-Type" not in r.headers
    assert api.get(f"persisted_folder/{folder.id}/").status_code == 404
    assert not PersistedFolder.objects.exists()


def test_read_only_and_unknown_fields_are_passed_over(api, folder):
    body = {"id": "x", "created_at": "x", "updated_at": "x", "colour": "red", "path": "New"}

    r = api.patch(f"persisted_folder/{folder.id}/", body)

    assert r.status_code == 200
    assert r.json()["id"] == str(folder.id)
    assert r.json()["created_at"] == shown(folder)["created_at"]


@pytest.mark.parametrize(
    ("body", "attr", "code", "detail"),
    [
        ({}, "type", "required", "This field is required."),
        ({"type": "x"}, "type", "invalid_choice", '"x" is not a valid choice.'),
        ({"type": None}, "type", "null", "This field may not be null."),
        ({"type": "home", "protocol": ""}, "protocol", "blank", "This field may not be blank."),
        ({"type": "home", "protocol": None}, "protocol", "null", "This field may not be null."),
        (
            {"type": "home", "protocol": "p" * 65},
            "protocol",
            "max_length",
            "Ensure this field has no more than 64 characters.",
        ),
        ({"type": "home", "path": None}, "path", "null", "This field may not be null."),
        ({"type": "home", "path": {}}, "path", "invalid_input", "Not a valid string."),
        (
            [1],
            None,
            "invalid_input",
            "Invalid data. Expected a dictionary, but got list.",
        ),
    ],
)
def test_bad_bodies(api, body, attr, code, detail):
    r = api.post("persisted_folder/", body)

    assert r.status_code == 400
    assert r.json() == {"type": "validation_error", "code": code, "detail": detail, "attr": attr}
    assert not PersistedFolder.objects.exists()


def test_scopes_to_read_and_to_write(api_with_scopes, folder):
    reader, writer = (
        api_with_scopes("persisted_folder:read"),
        api_with_scopes("persisted_folder:write"),
    )

    assert reader.get("persisted_folder/").status_code == 200
    assert writer.get("persisted_folder/").status_code == 200
    r = reader.post("persisted_folder/", {"type": "home"})
    assert r.status_code == 403
    assert r.json()["detail"] == "API key missing required scope 'persisted_folder:write'"
    assert writer.post("persisted_folder/", {"type": "home"}).status_code == 201


def test_each_member_has_their_own(api, project, organization):
    member = UserFactory()
    MembershipFactory(user=member, organization=organization, level=MembershipLevel.MEMBER)
    theirs = ProjectClient(project, PersonalAPIKeyFactory(user=member).value)

    ids = {
        client.post("persisted_folder/", {"type": "home"}).json()["id"] for client in [api, theirs]
    }

    assert len(ids) == 2
