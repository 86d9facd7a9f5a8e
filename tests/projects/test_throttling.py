import pytest
from django.core.cache import cache

from projects import throttling
from projects.viewsets import ScopedViewSet
from tests.conftest import ProjectClient
from tests.factories import PersonalAPIKeyFactory


@pytest.fixture(autouse=True)
def two_calls_a_minute(settings, monkeypatch):
    settings.RATE_LIMIT_ENABLED = True
    now = [1_000_000_020.0]  # the start of a minute
    monkeypatch.setattr(throttling.time, "time", lambda: now[0])
    for name in throttling.RATES:
        monkeypatch.setitem(throttling.RATES, name, [(2, 60), (3, 3600)])
    cache.clear()
    yield now
    cache.clear()


def statuses(client, calls):
    return [client.get("persisted_folder/").status_code for _ in range(calls)]


def test_throttled(api, two_calls_a_minute):
    assert statuses(api, 2) == [200, 200]
    two_calls_a_minute[0] += 48.5

    r = api.get("persisted_folder/")

    assert r.status_code == 429
    assert r.json() == {
        "type": "throttled_error",
        "code": "throttled",
        "detail": "Request was throttled. Expected available in 12 seconds.",
        "attr": None,
    }
    assert r.headers["Retry-After"] == "12"
    two_calls_a_minute[0] += 12
    assert api.get("persisted_folder/").status_code == 429  # the limit of the hour
    two_calls_a_minute[0] += 3600
    assert statuses(api, 3) == [200, 200, 429]


def test_each_key_has_its_own_allowance(api, api_with_scopes):
    assert statuses(api, 3) == [200, 200, 429]
    assert statuses(api_with_scopes("*"), 3) == [200, 200, 429]


def test_sessions_and_refused_calls_are_not_counted(session, anonymous, stranger_api):
    assert statuses(session, 5) == [200] * 5
    assert statuses(anonymous, 5) == [401] * 5
    assert statuses(stranger_api, 5) == [403] * 5


def test_off_unless_switched_on(api, settings):
    settings.RATE_LIMIT_ENABLED = False

    assert statuses(api, 5) == [200] * 5


def test_classes_count_apart_and_ai_per_user(api, project, user, monkeypatch):
    assert statuses(api, 3) == [200, 200, 429]

    monkeypatch.setattr(ScopedViewSet, "rate_limit", "ai")
    assert statuses(api, 1) == [200]
    second_key = ProjectClient(project, PersonalAPIKeyFactory(user=user).value)
    assert statuses(second_key, 2) == [200, 429]
