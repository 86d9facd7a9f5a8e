import pytest

PASSWORD = "correct horse battery"


@pytest.fixture
def login(user, anonymous):
    user.set_password(PASSWORD)
    user.save()

    def post(**body):
        return anonymous.post("/api/login", {"email": user.email, "password": PASSWORD, **body})

    return post


def test_login_and_logout(login, anonymous):
    r = login()

    assert (r.status_code, r.json()) == (200, {"success": True})
    assert anonymous.get("/api/users/@me/").status_code == 200
    assert {"sessionid", "posthog_csrftoken"} <= set(anonymous.cookies)

    assert anonymous.post("/api/logout/").status_code == 204
    assert anonymous.get("/api/users/@me/").status_code == 401


@pytest.mark.parametrize("wrong", [{"password": "x"}, {"email": "nobody@example.com"}])
def test_wrong_credentials(login, anonymous, wrong):
    r = login(**wrong)

    assert r.status_code == 400
    assert r.json() == {
        "type": "validation_error",
        "code": "invalid_credentials",
        "detail": "Invalid email or password.",
        "attr": None,
    }
    assert anonymous.get("/api/users/@me/").status_code == 401


def test_inactive_users_cannot_log_in(login, user):
    user.is_active = False
    user.save()

    assert login().status_code == 400


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({"email": ""}, "blank", "email"),
        ({"email": "x"}, "invalid_input", "email"),
        ({"password": None}, "null", "password"),
    ],
)
def test_bad_bodies(login, body, code, attr):
    r = login(**body)

    assert (r.status_code, r.json()["code"], r.json()["attr"]) == (400, code, attr)


def test_logout_is_for_sessions(api, anonymous):
    assert anonymous.post("/api/logout").status_code == 401
    assert api.post("/api/logout").status_code == 403


@pytest.mark.parametrize("path", ["/_health", "/_livez", "/_liveness/"])
def test_alive(anonymous, path):
    assert anonymous.get(path).status_code == 200


def test_preflight(anonymous, user, analytics):
    r = anonymous.get("/_preflight")

    assert r.status_code == 200
    assert r.json()["initiated"] is True
    assert r.json()["clickhouse"] is True
