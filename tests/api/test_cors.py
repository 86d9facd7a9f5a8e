import pytest


@pytest.mark.parametrize("path", ["persisted_folder/", "/api/projects/", "/api/nonsense/"])
def test_preflight_needs_no_credentials(anonymous, path):
    r = anonymous.options(
        path,
        headers={
            "Origin": "https://app.example.com",
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )

    assert (r.status_code, r.content) == (200, b"")
    assert r.headers["Access-Control-Allow-Origin"] == "*"
    assert "PATCH" in r.headers["Access-Control-Allow-Methods"]
    allowed = r.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "content-type", "x-posthog-session-id", "traceparent"} <= set(allowed)
    assert "Access-Control-Allow-Credentials" not in r.headers


def test_answers_and_errors_may_be_read_by_any_page(api, anonymous):
    for client, status in [(api, 200), (anonymous, 401)]:
        r = client.get("persisted_folder/", headers={"Origin": "https://app.example.com"})
        assert r.status_code == status
        assert r.headers["Access-Control-Allow-Origin"] == "*"
        assert "Retry-After" in r.headers["Access-Control-Expose-Headers"]


def test_plain_options_is_a_request_like_others(api, anonymous):
    r = api.options("persisted_folder/")

    assert r.status_code == 200
    assert "application/json" in r.json()["parses"]
    assert anonymous.options("persisted_folder/").status_code == 401
