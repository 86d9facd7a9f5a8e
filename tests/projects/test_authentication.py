from datetime import timedelta

import pytest
from django.utils import timezone

from tests.conftest import ProjectClient
from tests.factories import PersonalAPIKeyFactory


@pytest.fixture
def key(user):
    return PersonalAPIKeyFactory(user=user)


def refused(place):
    return {
        "type": "authentication_error",
        "code": "authentication_failed",
        "detail": f"Personal API key found in request {place} is invalid.",
        "attr": None,
    }


def test_no_credentials(anonymous):
    r = anonymous.get("persisted_folder/")

    assert r.status_code == 401
    assert r.json() == {
        "type": "authentication_error",
        "code": "not_authenticated",
        "detail": "Authentication credentials were not provided.",
        "attr": None,
    }
    assert r.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer {}", "Bearer    {}", "Bearer\t{}", " Bearer {}   "])
def test_key_in_the_header(anonymous, key, header):
    r = anonymous.get("persisted_folder/", headers={"Authorization": header.format(key.value)})

    assert r.status_code == 200


@pytest.mark.parametrize("header", ["bearer {}", "Token {}", "Basic {}", "Bearer", "Bearer ", "{}"])
def test_other_schemes_are_as_if_absent(anonymous, key, header):
    r = anonymous.get("persisted_folder/", headers={"Authorization": header.format(key.value)})

    assert (r.status_code, r.json()["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=B"],
)
def test_key_in_the_body(anonymous, key, content_type):
    body = {
        "application/json": f'{{"personal_api_key": "{key.value}", "type": "home"}}',
        "application/x-www-form-urlencoded": f"personal_api_key={key.value}&type=home",
        "multipart/form-data; boundary=B": (
            f'--B\r\nContent-Disposition: form-data; name="personal_api_key"\r\n\r\n{key.value}\r\n'
            '--B\r\nContent-Disposition: form-data; name="type"\r\n\r\nhome\r\n--B--\r\n'
        ),
    }[content_type]

    r = anonymous.post("persisted_folder/", body, content_type=content_type)

    assert r.status_code == 201, r.json()


def test_key_in_the_query(anonymous, key):
    r = anonymous.get(f"persisted_folder/?personal_api_key={key.value}")

    assert r.status_code == 200


def test_the_first_candidate_decides(anonymous, key):
    query = f"persisted_folder/?personal_api_key={key.value}"

    r = anonymous.get(query, headers={"Authorization": "Bearer phx_wrong"})
    assert (r.status_code, r.json()) == (401, refused("Authorization header"))

    r = anonymous.post(query, {"personal_api_key": "phx_wrong", "type": "home"})
    assert (r.status_code, r.json()) == (401, refused("body"))

    r = anonymous.get("persisted_folder/?personal_api_key=phx_wrong")
    assert (r.status_code, r.json()) == (401, refused("query string"))
    assert r.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("body", [[1], "text", 5, None, {"personal_api_key": None}])
def test_bodies_without_key(anonymous, body):
    r = anonymous.post("persisted_folder/", body, format="json")

    assert (r.status_code, r.json()["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize("body", ['{"broken', "\xff", '{"personal_api_key": 5}'])
def test_bodies_with_no_usable_key(anonymous, body):
    r = anonymous.post("persisted_folder/", body, content_type="application/json")

    assert r.status_code == 401


def test_deleted_key_is_refused_at_once(api, user):
    assert api.get("persisted_folder/").status_code == 200

    user.personal_api_keys.all().delete()

    assert api.get("persisted_folder/").json() == refused("Authorization header")


def test_key_of_an_inactive_user_is_refused(api, user):
    user.is_active = False
    user.save()

    assert api.get("persisted_folder/").json() == refused("Authorization header")


def test_project_tokens_are_no_keys(project):
    for token in [project.api_token, "phs_secret", "pha_oauth", "ключ", "x" * 10_000]:
        r = ProjectClient(project, token).get("persisted_folder/")
        assert (r.status_code, r.json()) == (401, refused("Authorization header"))


def test_use_is_noted_to_the_hour(project, key, django_assert_num_queries):
    client = ProjectClient(project, key.value)

    client.get("persisted_folder/")
    key.refresh_from_db()
    first_use = key.last_used_at
    assert timezone.now() - first_use < timedelta(minutes=1)

    with django_assert_num_queries(3):  # key with user, project with membership, count
        client.get("persisted_folder/")
    key.refresh_from_db()
    assert key.last_used_at == first_use

    key.last_used_at = first_use - timedelta(minutes=61)
    key.save()
    client.get("persisted_folder/")
    key.refresh_from_db()
    assert key.last_used_at > first_use - timedelta(minutes=1)


def test_session(session):
    r = session.get("persisted_folder/")

    assert r.status_code == 200


def test_session_needs_a_csrf_token_to_write(project, user):
    client = ProjectClient(project, enforce_csrf_checks=True)
    client.force_login(user)

    r = client.post("persisted_folder/", {"type": "home"})
    assert r.status_code == 403
    assert r.json()["type"] == "authentication_error"
    assert r.json()["code"] == "permission_denied"
    assert r.json()["detail"].startswith("CSRF Failed: CSRF ")

    client.cookies["posthog_csrftoken"] = "a" * 32
    r = client.post("persisted_folder/", {"type": "home"})
    assert r.json()["detail"] == "CSRF Failed: CSRF token missing."

    r = client.post("persisted_folder/", {"type": "home"}, headers={"X-CSRFToken": "a" * 32})
    assert r.status_code == 201


def test_key_needs_no_csrf_token_even_beside_a_session(project, user, key):
    client = ProjectClient(project, key.value, enforce_csrf_checks=True)
    client.force_login(user)

    assert client.post("persisted_folder/", {"type": "home"}).status_code == 201
