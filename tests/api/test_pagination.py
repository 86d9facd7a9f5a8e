import pytest

from folders.models import PersistedFolder
from posthog_clone.api.pagination import Pagination
from tests.factories import PersistedFolderFactory


@pytest.fixture
def url(project, user):
    """A list of three."""
    for type in PersistedFolder.Type.values:
        PersistedFolderFactory(project=project, user=user, type=type)
    return f"/api/environments/{project.id}/persisted_folder/"


def page(api, url):
    r = api.get(url)
    assert r.status_code == 200
    return r.json()


def types(body):
    return [row["type"] for row in body["results"]]


def test_everything_on_one_page(api, url):
    body = page(api, url)

    assert list(body) == ["count", "next", "previous", "results"]
    assert (body["count"], body["next"], body["previous"]) == (3, None, None)
    assert types(body) == ["custom_products", "home", "pinned"]


def test_following_next_and_previous_keeps_the_other_parameters(api, url):
    first = page(api, f"{url}?limit=2&search=a%26b&x=1&x=2")
    assert first["next"] == f"http://testserver{url}?limit=2&offset=2&search=a%26b&x=1&x=2"
    assert types(first) == ["custom_products", "home"]

    second = page(api, first["next"])
    assert types(second) == ["pinned"]
    assert second["next"] is None
    assert second["previous"] == f"http://testserver{url}?limit=2&search=a%26b&x=1&x=2"
    assert page(api, second["previous"]) == {**first, "next": first["next"]}


def test_links_keep_the_form_of_the_path(api, url, project):
    path = "/api/projects/@current/persisted_folder"

    assert page(api, f"{path}?limit=1")["next"] == f"http://testserver{path}?limit=1&offset=1"


def test_previous_within_the_list_has_an_offset(api, url):
    assert page(api, f"{url}?limit=1&offset=2")["previous"].endswith("?limit=1&offset=1")


@pytest.mark.parametrize("limit", ["0", "-1", "abc", "", "1.5", "9" * 5000, "NaN", "%00"])
def test_senseless_limits_give_the_default(api, url, limit):
    body = page(api, f"{url}?limit={limit}")

    assert types(body) == ["custom_products", "home", "pinned"]


@pytest.mark.parametrize("offset", ["-1", "abc", "", "0", "9" * 5000, "%00"])
def test_senseless_offsets_give_the_start(api, url, offset):
    body = page(api, f"{url}?limit=1&offset={offset}")

    assert types(body) == ["custom_products"]


def test_the_last_of_repeated_parameters_counts(api, url):
    assert len(page(api, f"{url}?limit=abc&limit=2")["results"]) == 2


@pytest.mark.parametrize("offset", ["3", "4", "100", "9" * 60])
def test_offset_past_the_end(api, url, offset):
    body = page(api, f"{url}?limit=2&offset={offset}")

    assert (body["count"], body["results"], body["next"]) == (3, [], None)
    assert body["previous"] is not None


def test_limits_above_the_cap_are_the_cap(api, url, monkeypatch):
    monkeypatch.setattr(Pagination, "max_limit", 2)

    body = page(api, f"{url}?limit=50000")

    assert len(body["results"]) == 2
    assert body["next"].endswith("?limit=2&offset=2")


def test_head_has_no_body(api, url):
    r = api.head(url)

    assert (r.status_code, r.content) == (200, b"")


def test_links_follow_a_trusted_proxy(api, url, settings):
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "posthog.example.com"}

    untrusted = api.get(f"{url}?limit=1", headers=headers).json()["next"]
    assert untrusted.startswith("http://testserver/")

    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.USE_X_FORWARDED_HOST = True
    trusted = api.get(f"{url}?limit=1", headers=headers).json()["next"]
    assert trusted.startswith("https://posthog.example.com/api/")


@pytest.mark.django_db
def test_lists_without_order_are_refused(rf):
    with pytest.raises(TypeError, match="order_by"):
        Pagination().paginate_queryset(PersistedFolder.objects.all(), rf.get("/"))
