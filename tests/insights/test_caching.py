"""`refresh`: when a query is computed, and when an answer is given again."""

from datetime import UTC, datetime, timedelta

import pytest

from hogql import kinds
from insights import caching
from insights.caching import fresh_for
from insights.models import CachedResult
from projects.models import Project
from tests.factories import ProjectFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]

COUNT = "select count() from events"


def age(hours: float) -> None:
    """Make the kept answers so much older."""
    for row in CachedResult.objects.all():
        by = timedelta(hours=hours)
        row.last_refresh -= by
        row.stale_at -= by
        row.save()


def value(answer):
    return answer.json()["results"][0][0]


def test_an_answer_is_given_again_while_it_is_fresh(ask, events):
    first = ask(COUNT).json()
    events({})
    second = ask(COUNT).json()
    assert (first["is_cached"], second["is_cached"]) == (False, True)
    assert {**first, "is_cached": True} == second
    age(hours=7)
    third = ask(COUNT).json()
    assert (third["is_cached"], third["results"]) == (False, [[1]])
    assert third["last_refresh"] > first["last_refresh"]
    assert third["cache_key"] == first["cache_key"]


def test_the_times_of_an_answer(ask):
    answer = ask(COUNT).json()
    at = datetime.fromisoformat(answer["last_refresh"])
    assert datetime.fromisoformat(answer["cache_target_age"]) >= at + timedelta(seconds=10)
    assert datetime.fromisoformat(answer["next_allowed_client_refresh"]) == at + timedelta(
        minutes=1
    )


@pytest.mark.parametrize(
    ("refresh", "when_fresh", "when_stale", "when_missing"),
    [
        ("force_cache", [[0]], [[0]], None),
        (False, [[0]], [[0]], None),
        ("blocking", [[0]], [[1]], [[1]]),
        (None, [[0]], [[1]], [[1]]),
        ("force_blocking", [[1]], [[1]], [[1]]),
        (True, [[1]], [[1]], [[1]]),
    ],
)
def test_who_asks_says_how_fresh(ask, events, refresh, when_fresh, when_stale, when_missing):
    for hours, expected in ((0, when_fresh), (30, when_stale), (None, when_missing)):
        ask(COUNT, refresh="force_blocking")
        events({})
        if hours is None:
            CachedResult.objects.all().delete()
        else:
            age(hours)
        answer = ask(COUNT, refresh=refresh)
        assert answer.status_code == 200
        assert answer.json()["results"] == expected
        assert answer.json()["is_cached"] is (expected == [[0]])
        clear()


def clear():
    import clickhouse

    clickhouse.command("TRUNCATE TABLE events")


def test_refresh_in_the_url_outdoes_the_body(api, events):
    body = {"query": {"kind": "HogQLQuery", "query": COUNT}, "refresh": "force_cache"}
    assert api.post("query/?refresh=blocking", body, format="json").json()["results"] == [[0]]


def test_what_only_names_a_query_does_not_change_its_answer(ask):
    first = ask({"kind": "HogQLQuery", "query": COUNT, "name": "a", "tags": {"x": "y"}}).json()
    wrapped = {"kind": "DataTableNode", "source": {"kind": "HogQLQuery", "query": COUNT}}
    assert ask(wrapped).json()["cache_key"] == first["cache_key"]
    assert ask(wrapped).json()["is_cached"]


def test_what_changes_an_answer_changes_its_key(project, ask):
    keys = {
        ask(COUNT).json()["cache_key"],
        ask(COUNT + " where 1").json()["cache_key"],
        ask({"kind": "HogQLQuery", "query": COUNT, "values": {"a": 1}}).json()["cache_key"],
    }
    project.timezone = "Europe/Berlin"
    project.save()
    keys.add(ask(COUNT).json()["cache_key"])
    project.settings = {"test_account_filters": [{"key": "a", "value": "b"}]}
    project.save()
    keys.add(ask(COUNT).json()["cache_key"])
    assert len(keys) == 5


def test_answers_are_kept_for_their_own_project(project, ask):
    other = ProjectFactory()
    query = {"kind": "HogQLQuery", "query": COUNT}
    now = datetime.now(UTC)
    key = caching.key_of(project, query)
    caching.keep(other, key, {"results": [["theirs"]]}, now=now, stale_at=now + timedelta(days=1))
    assert ask(COUNT).json()["results"] == [[0]]
    assert caching.key_of(other, query) != key


@pytest.mark.parametrize(
    ("interval", "seconds", "expected"),
    [
        (None, 0.001, timedelta(seconds=10)),
        (None, 1, timedelta(seconds=100)),
        (None, 10_000, timedelta(hours=6)),
        ("minute", 10_000, timedelta(minutes=5)),
        ("hour", 10_000, timedelta(hours=1)),
        ("hour", 2, timedelta(seconds=200)),
        ("day", 10_000, timedelta(hours=6)),
        ("month", 10_000, timedelta(days=1)),
        (["no interval"], 10_000, timedelta(hours=6)),
    ],
)
def test_answers_stay_fresh_by_their_interval_and_cost(interval, seconds, expected):
    query = {"kind": "HogQLQuery", "query": COUNT, "interval": interval}
    assert fresh_for(query, seconds) == expected


def test_failures_are_not_kept(ask, monkeypatch):
    assert ask("select nothing from events").status_code == 400
    assert not CachedResult.objects.exists()


def test_large_answers_are_computed_every_time(ask, monkeypatch):
    ask(COUNT)
    monkeypatch.setattr(caching, "MAX_BYTES", 10)
    assert ask(COUNT, refresh="force_blocking").status_code == 200
    assert not CachedResult.objects.exists()


def test_numbers_come_back_as_they_were(ask):
    query = "select toInt128('170141183460469231731687303715884105727'), 18446744073709551615, 0.1"
    assert ask(query).content.startswith(b'{"results":[[170141183460469231731687303715884105727,')
    again = ask(query)
    assert again.json()["is_cached"]
    assert again.json()["results"] == [[2**127 - 1, 2**64 - 1, 0.1]]


def test_expired_answers_go(ask):
    ask(COUNT)
    now = datetime.now(UTC)
    assert caching.prune(now) == 0
    assert caching.prune(now + timedelta(days=3)) == 1
    assert not CachedResult.objects.exists()


def test_each_kind_is_asked_once_while_it_is_fresh(ask, monkeypatch):
    asked = []
    original = kinds.answer

    def noting(project: Project, query, run):
        asked.append(query["kind"])
        return original(project, query, run)

    monkeypatch.setattr(kinds, "answer", noting)
    for query in ({"kind": "DatabaseSchemaQuery"}, {"kind": "LogsQuery", "limit": 5}):
        ask(query)
        ask(query)
    assert asked == ["DatabaseSchemaQuery", "LogsQuery"]
