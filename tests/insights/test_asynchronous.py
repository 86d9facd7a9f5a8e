"""Queries that run on their own."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

import clickhouse
from insights import concurrency, running
from insights.models import QueryRun
from tests.factories import PersonalAPIKeyFactory, ProjectFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("analytics")]

ENDLESS = "select count() from numbers(10000000) a cross join numbers(10000000) b"
PATIENCE = 180
STATUS_KEYS = {
    *("id", "team_id", "query_async", "complete", "error", "error_message", "error_code"),
    *("results", "start_time", "end_time", "pickup_time", "expiration_time", "task_id"),
    *("insight_id", "dashboard_id", "query_progress", "labels", "cache_key"),
}


@pytest.fixture(autouse=True)
def idle():
    """No thread may outlive its test: the database is emptied after it."""
    yield
    running.stop()
    running.pool.join(PATIENCE)


def in_thread(ask, *args, **fields):
    try:
        return ask(*args, **fields)
    finally:
        connection.close()


def fetch(api, query_id, **query):
    return api.get(f"query/{query_id}/", query)


def eventually(api, query_id):
    """The answer once the query has come to an end."""
    deadline = time.monotonic() + PATIENCE
    while (answer := fetch(api, query_id)).status_code == 202:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return answer


def wait_until_running(comment):
    deadline = time.monotonic() + PATIENCE
    sql = "SELECT 1 FROM system.processes WHERE Settings['log_comment'] = {comment:String}"
    while not clickhouse.rows(sql, comment=comment):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("refresh", ["async", "force_async", "lazy_async"])
def test_is_answered_later_with_what_a_request_would_have_got(ask, api, project, refresh):
    asked = ask("select 1 as one", refresh=refresh)
    assert asked.status_code == 202
    status = asked.json()["query_status"]
    assert set(status) == STATUS_KEYS
    assert (status["team_id"], status["complete"], status["error"]) == (project.id, False, False)
    assert (status["results"], status["end_time"], status["query_async"]) == (None, None, True)
    done = eventually(api, status["id"])
    assert done.status_code == 200
    status = done.json()["query_status"]
    assert (status["complete"], status["error"]) == (True, False)
    assert status["start_time"] <= status["pickup_time"] <= status["end_time"]
    assert status["results"]["results"] == [[1]]
    now = ask("select 1 as one").json()
    assert now["is_cached"]
    assert {**now, "is_cached": False} == status["results"]


def test_legacy_async(ask, api):
    asked = ask("select 1", **{"async": True})
    assert asked.status_code == 202
    assert eventually(api, asked.json()["query_status"]["id"]).status_code == 200


def test_a_fresh_answer_is_given_at_once_unless_forced(ask, api):
    ask("select 1")
    assert ask("select 1", refresh="async").status_code == 200
    assert ask("select 1", refresh="async").json()["is_cached"]
    assert ask("select 1", refresh="force_async").status_code == 202


def test_the_client_names_its_query(ask, api):
    status = ask("select 1", refresh="async", client_query_id="my query/1").json()["query_status"]
    assert status["id"] == "my query/1"
    status = ask("select 2", refresh="async", client_query_id="mine").json()["query_status"]
    assert eventually(api, "mine").json()["query_status"]["results"]["results"] == [[2]]
    again = ask("select 3", refresh="async", client_query_id="mine").json()["query_status"]
    assert again["task_id"] != status["task_id"]
    assert eventually(api, "mine").json()["query_status"]["results"]["results"] == [[3]]


def test_an_unfinished_query_is_not_started_twice(ask, api):
    first = ask(ENDLESS, refresh="async", client_query_id="mine").json()["query_status"]
    second = ask(ENDLESS, refresh="async", client_query_id="mine").json()["query_status"]
    assert first["task_id"] == second["task_id"]
    api.delete("query/mine/")


def test_failures_that_its_author_can_mend(ask, api):
    asked = ask("select nothing from events", refresh="async")
    failed = eventually(api, asked.json()["query_status"]["id"])
    assert failed.status_code == 400
    status = failed.json()["query_status"]
    assert (status["complete"], status["error"], status["results"]) == (True, True, None)
    assert status["error_message"].startswith("Unable to resolve field: nothing")


def test_failures_that_say_nothing(ask, api, monkeypatch):
    def fail(*args, **kwargs):
        raise clickhouse.Rejected("internal", 999)

    monkeypatch.setattr(clickhouse, "query", fail)
    asked = ask("select 1", refresh="async")
    failed = eventually(api, asked.json()["query_status"]["id"])
    assert failed.status_code == 500
    status = failed.json()["query_status"]
    assert (status["error"], status["error_message"]) == (True, None)


def test_what_is_no_query_is_refused_at_once(ask):
    assert ask({"kind": "NoSuchQuery"}, refresh="async").status_code == 400
    assert not QueryRun.objects.exists()


def test_a_running_query_is_cancelled(ask, api, project):
    ask(ENDLESS, refresh="async", client_query_id="long")
    wait_until_running(f"hogql {project.id} long")
    shown = fetch(api, "long", show_progress="true")
    assert shown.status_code == 202
    assert shown.json()["query_status"]["query_progress"]["rows_read"] >= 0
    cancelled = api.delete("query/long/")
    assert (cancelled.status_code, set(cancelled.json())) == (200, {"message"})
    status = fetch(api, "long")
    assert status.status_code == 400
    assert status.json()["query_status"]["error_message"] == "Query was cancelled."
    running.pool.join(PATIENCE)
    assert not running.pool.threads
    assert not clickhouse.rows(
        "SELECT 1 FROM system.processes WHERE query LIKE '%CROSS%' AND query NOT LIKE '%processes%'"
    )
    assert fetch(api, "long").status_code == 400


def test_a_query_that_somebody_waits_for_is_cancelled(ask, api, project):
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(in_thread, ask, ENDLESS, client_query_id="sync")
        wait_until_running(f"hogql {project.id} sync")
        assert api.delete("query/sync/").status_code == 200
        answer = waiting.result(PATIENCE)
    assert (answer.status_code, answer.json()["code"]) == (400, "query_cancelled")


def test_another_project_neither_sees_nor_stops_it(ask, api, user, project):
    other = ProjectFactory(organization=project.organization)
    elsewhere = f"/api/projects/{other.id}/query/long/"
    ask(ENDLESS, refresh="async", client_query_id="long")
    wait_until_running(f"hogql {project.id} long")
    assert api.get(elsewhere).status_code == 404
    assert api.delete(elsewhere).status_code == 200
    assert fetch(api, "long").status_code == 202
    stranger = PersonalAPIKeyFactory()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {stranger.value}")
    assert fetch(api, "long").status_code == 403


def test_unknown_ids(api):
    assert fetch(api, "nothing").status_code == 404
    assert api.delete("query/nothing/").status_code == 200


def test_a_query_lost_with_its_process_says_so(ask, api, project):
    now = timezone.now()
    QueryRun.objects.create(
        project=project,
        query_id="lost",
        query={},
        cache_key="x",
        state=QueryRun.State.RUNNING,
        alive_at=now - timedelta(minutes=2),
        expires_at=now + timedelta(minutes=10),
    )
    answer = fetch(api, "lost")
    assert answer.status_code == 500
    assert answer.json()["query_status"]["complete"] is True
    again = ask("select 1", refresh="async", client_query_id="lost")
    assert again.status_code == 202
    assert eventually(api, "lost").status_code == 200


def test_a_server_that_stops_takes_its_queries_with_it(ask, api, project):
    ask(ENDLESS, refresh="async", client_query_id="long")
    wait_until_running(f"hogql {project.id} long")
    running.stop(PATIENCE)
    assert not running.pool.threads
    assert fetch(api, "long").status_code == 500


def test_answers_are_kept_for_twenty_minutes(ask, api):
    ask("select 1", refresh="async", client_query_id="mine")
    eventually(api, "mine")
    now = timezone.now()
    assert running.prune(now + timedelta(minutes=19)) == 0
    QueryRun.objects.update(expires_at=now - timedelta(seconds=1))
    assert fetch(api, "mine").status_code == 404
    assert running.prune(now + timedelta(minutes=21)) == 1


def test_more_queries_than_threads(ask, api):
    ids = [ask(f"select {n}", refresh="async").json()["query_status"]["id"] for n in range(20)]
    found = [eventually(api, id).json()["query_status"]["results"]["results"] for id in ids]
    assert found == [[[n]] for n in range(20)]


def test_many_queries_at_once(ask, settings, monkeypatch):
    settings.QUERY_MAX_CONCURRENT = 2
    settings.QUERY_MAX_SECONDS = 3
    monkeypatch.setattr(concurrency, "RETRY_AFTER", 7)
    queries = [ENDLESS.replace("count()", f"count() + {n}") for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda query: in_thread(ask, query), queries))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [429] * 4 + [504] * 4
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused["Retry-After"] == "7"
    assert refused.json()["type"] == "throttled_error"
    assert "at most 2 may" in refused.json()["detail"]
    assert ask("select 1").status_code == 200


def test_one_project_does_not_keep_another_waiting(settings):
    settings.QUERY_MAX_CONCURRENT = 1
    refused = pytest.raises(concurrency.TooManyQueries)
    with concurrency.slot(1), concurrency.slot(2), refused, concurrency.slot(1, seconds=0.01):
        pass
    with concurrency.slot(1):
        pass
    assert not concurrency._running
    assert not concurrency._waiting


def test_all_projects_together_leave_threads_to_others(settings, monkeypatch):
    monkeypatch.setattr(concurrency, "MAX_PRESENT", 2)
    refused = pytest.raises(concurrency.TooManyQueries)
    with concurrency.slot(1), concurrency.slot(2), refused, concurrency.slot(3):
        pass
