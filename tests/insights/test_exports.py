"""Exports: asked for, written in the background, fetched."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.utils import timezone

import clickhouse
from clickhouse import outbox
from events.storage import store
from insights.exports import files, paths, running
from insights.models import Export
from persons.models import person_uuid
from posthog_clone.captured import CapturedEvent
from projects.models import ActivityLogEntry
from tests.conftest import ProjectClient
from tests.factories import (
    InsightFactory,
    MembershipFactory,
    PersonalAPIKeyFactory,
    PersonFactory,
    ProjectFactory,
    UserFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
CSV, JSON_LINES = "text/csv", "application/x-ndjson"


def fail(table, row, reason):
    raise AssertionError(reason)


def flush() -> None:
    outbox.deliver(fail)


@pytest.fixture
def put(project):
    """Stores some events, a second apart, the last one at noon."""

    def put(count: int, project=project, **properties) -> None:
        store(
            CapturedEvent(
                uuid=uuid4(),
                event="bought",
                distinct_id=f"user-{n}",
                project_id=project.id,
                timestamp=NOON - timedelta(seconds=n),
                properties={"n": n, **properties},
                received_at=NOON,
                person_id=person_uuid(project.id, f"user-{n}"),
            )
            for n in range(count)
        )
        flush()

    return put


def run(count: int = 1) -> None:
    for _ in range(count):
        assert running.run_due(timezone.now()) == 1
    flush()


def of_path(path: str, format: str = JSON_LINES, **context) -> dict:
    return {"export_format": format, "export_context": {"path": path, **context}}


def of_context(**context) -> dict:
    return {"export_format": CSV, "export_context": context}


def of_query(text: str, format: str = CSV) -> dict:
    source = {"kind": "HogQLQuery", "query": text}
    return {"export_format": format, "export_context": {"source": source}}


def content(r) -> bytes:
    assert r.status_code == 200, r.content
    return b"".join(r.streaming_content)


def exported(api, body) -> bytes:
    r = api.post("exports/", body)
    assert r.status_code == 201, r.content
    run()
    assert Export.objects.get(id=r.json()["id"]).exception is None
    return content(api.get(f"exports/{r.json()['id']}/content/"))


def rows_of(data: bytes) -> list[dict]:
    return [json.loads(line) for line in data.splitlines()]


def test_events_as_json_lines_however_many_pages_they_are(api, project, put, monkeypatch):
    monkeypatch.setattr(paths, "PAGE_ROWS", 7)
    put(20)

    r = api.post("exports/", of_path(f"/api/projects/{project.id}/events/?event=bought"))

    assert r.status_code == 201
    asked = r.json()
    assert asked | {"created_at": 0, "filename": 0, "expires_after": 0} == {
        "id": asked["id"],
        "dashboard": None,
        "insight": None,
        "export_format": JSON_LINES,
        "created_at": 0,
        "has_content": False,
        "export_context": {"path": f"/api/projects/{project.id}/events/?event=bought"},
        "filename": 0,
        "expires_after": 0,
        "exception": None,
        "status": "waiting",
        "rows": 0,
        "total_rows": None,
        "finished_at": None,
    }
    assert api.get(f"exports/{asked['id']}/content/").status_code == 404
    run()
    done = api.get(f"exports/{asked['id']}/").json()
    assert (done["has_content"], done["status"], done["rows"]) == (True, "success", 20)
    rows = rows_of(content(api.get(f"exports/{asked['id']}/content/")))
    assert [row["properties"]["n"] for row in rows] == list(range(20))
    assert rows[0]["event"] == "bought"
    assert running.run_due(timezone.now()) == 0


def test_events_as_csv(api, project, put):
    put(2, **{"a.b": [1], "=x": "=1+1"})

    rows = list(
        csv.DictReader(
            io.StringIO(
                exported(api, of_path(f"/api/environments/{project.id}/events", CSV)).decode()
            )
        )
    )

    assert [row["properties.n"] for row in rows] == ["0", "1"]
    assert rows[0]["properties.a.b.0"] == "1"
    assert rows[0]["properties.=x"] == "'=1+1"
    assert list(rows[0]) == sorted(rows[0])


def test_persons_as_json(api, project):
    PersonFactory.create_batch(3, project=project, properties={"plan": "pro"})
    PersonFactory(properties={"plan": "of somebody else"})

    data = exported(api, of_path("/api/projects/@current/persons/", "application/json"))

    assert [row["properties"]["plan"] for row in json.loads(data)] == ["pro"] * 3


def test_rows_that_move_to_the_next_page_meanwhile_come_once(api, project, monkeypatch):
    monkeypatch.setattr(paths, "PAGE_ROWS", 2)
    persons = PersonFactory.create_batch(5, project=project)
    fetch = paths.fetch

    def fetch_while_persons_arrive(*arguments):
        page = fetch(*arguments)
        PersonFactory(project=project)
        return page

    monkeypatch.setattr(paths, "fetch", fetch_while_persons_arrive)
    monkeypatch.setattr(running, "MAX_ROWS", 5)

    rows = rows_of(exported(api, of_path(f"/api/projects/{project.id}/persons/")))

    assert [row["uuid"] for row in rows] == [str(p.uuid) for p in reversed(persons)]


def test_a_query(api, put):
    put(3, items=["a", "b"])

    data = exported(api, of_query("SELECT distinct_id AS who, [1, 2] FROM events ORDER BY who"))

    lines = data.decode().splitlines()
    assert lines[0].startswith("who,")
    assert lines[1:] == ['user-0,"[1,2]"', 'user-1,"[1,2]"', 'user-2,"[1,2]"']
    as_objects = rows_of(exported(api, of_query("SELECT event AS e FROM events", JSON_LINES)))
    assert as_objects == [{"e": "bought"}] * 3
    nothing = exported(api, of_query("SELECT event AS e FROM events WHERE 1 = 2"))
    assert nothing.decode() == "e\r\n"


def test_an_insight(api, project, user, put):
    put(2)
    insight = InsightFactory(
        project=project,
        name="Who bought?",
        query={
            "kind": "DataVisualizationNode",
            "source": {"kind": "HogQLQuery", "query": "SELECT count() AS n FROM events"},
        },
    )

    r = api.post("exports/", {"export_format": CSV, "insight": insight.id})
    run()

    assert r.json()["insight"] == insight.id
    assert r.json()["filename"].startswith("who-bought-20")
    assert content(api.get(f"exports/{r.json()['id']}/content/")) == b"n\r\n2\r\n"
    entry = ActivityLogEntry.objects.get(scope="Insight")
    assert (entry.activity, entry.item_id, entry.user) == ("exported", str(insight.id), user)
    assert entry.detail["short_id"] == insight.short_id


def test_an_insight_without_a_query(api, project):
    insight = InsightFactory(project=project, query=None)
    export = api.post("exports/", {"export_format": CSV, "insight": insight.id}).json()
    run()
    assert api.get(f"exports/{export['id']}/").json()["exception"] == "The insight has no query."


@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({}, "export_format", "required"),
        ({"export_format": "image/png"}, "export_format", "invalid_choice"),
        ({"export_format": CSV}, None, "invalid_input"),
        ({"export_format": CSV, "export_context": {}}, None, "invalid_input"),
        ({"export_format": CSV, "insight": 987654}, "insight", "does_not_exist"),
        ({"export_format": CSV, "dashboard": 1}, "dashboard", "does_not_exist"),
        ({"export_format": CSV, "export_context": []}, "export_context", "not_a_dict"),
        (of_context(filename="x"), "export_context", "invalid_input"),
        (of_context(path="/api/", source={}), "export_context", "invalid_input"),
        (of_context(path="/api/", limit=5), "export_context__limit", "invalid_input"),
        (of_context(path=5), "export_context__path", "invalid_input"),
        (of_context(source={"kind": "No"}), "export_context__source", "parse_error"),
        (of_context(source=5), "export_context__source", "parse_error"),
        (of_context(source={"kind": "HogQLQuery"}), "export_context__source", "required"),
        (
            of_path("/api/projects/@current/events/", method="POST"),
            "export_context__method",
            "invalid_input",
        ),
    ],
)
def test_what_is_refused(api, body, attr, code):
    r = api.post("exports/", body)
    assert (r.status_code, r.json()["attr"], r.json()["code"]) == (400, attr, code), r.content


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/users/@me/",
        "/api/projects/1/nothing/",
        "https://example.com/api/projects/1/events/",
        "//example.com/api/projects/1/events/",
        "/api/projects/@current/logs/query/",
        "/api/projects/%00/events/",
    ],
)
def test_addresses_that_are_refused(api, path):
    r = api.post("exports/", of_path(path))
    assert (r.status_code, r.json()["attr"]) == (400, "export_context__path"), r.content


def test_nothing_to_export_says_so(api):
    r = api.post("exports/", {"export_format": CSV})
    assert r.json()["detail"] == (
        "Either dashboard, insight or export_context is required for an export."
    )


def test_nothing_of_another_project(api):
    other = ProjectFactory()
    r = api.post("exports/", of_path(f"/api/projects/{other.id}/events/"))
    assert (r.status_code, r.json()["attr"]) == (400, "export_context__path")
    insight = InsightFactory(project=other)
    r = api.post("exports/", {"export_format": CSV, "insight": insight.id})
    assert (r.status_code, r.json()["code"]) == (400, "does_not_exist")


def test_a_key_exports_only_what_it_may_read(api_with_scopes, project):
    events, query = of_path(f"/api/projects/{project.id}/events/"), of_query("SELECT 1")
    insight = {"export_format": CSV, "insight": InsightFactory(project=project, query={}).id}
    for body, scope in [(events, "query:read"), (query, "query:read"), (insight, "insight:read")]:
        narrow, wide = api_with_scopes("export:write"), api_with_scopes("export:write", scope)
        r = narrow.post("exports/", body)
        assert (r.status_code, r.json()["detail"]) == (
            403,
            f"API key missing required scope '{scope}'",
        )
        r = wide.post("exports/", body)
        assert r.status_code == 201
        for path in ("", "content/"):
            assert narrow.get(f"exports/{r.json()['id']}/{path}").status_code == 403
        assert narrow.get("exports/").json()["count"] > 0


def test_everybody_sees_their_own(api, project, organization):
    colleague = UserFactory(current_organization=organization, current_project=project)
    MembershipFactory(organization=organization, user=colleague)
    other = ProjectClient(project, PersonalAPIKeyFactory(user=colleague).value)
    mine = api.post("exports/", of_query("SELECT 1")).json()

    assert [row["id"] for row in api.get("exports/").json()["results"]] == [mine["id"]]
    assert other.get("exports/").json()["results"] == []
    assert other.get(f"exports/{mine['id']}/").status_code == 404
    assert other.get(f"exports/{mine['id']}/content/").status_code == 404


def test_list_is_newest_first_and_filtered(api, project, django_assert_max_num_queries):
    events = of_path(f"/api/projects/{project.id}/events/")
    ids = [api.post("exports/", body).json()["id"] for body in [events, of_query("SELECT 1")]]
    with django_assert_max_num_queries(6):
        assert [row["id"] for row in api.get("exports/").json()["results"]] == ids[::-1]
    for query in ("context_path=/events", f"export_format={JSON_LINES}"):
        assert [r["id"] for r in api.get(f"exports/?{query}").json()["results"]] == ids[:1]


def test_neither_changed_nor_deleted(api):
    id_ = api.post("exports/", of_query("SELECT 1")).json()["id"]
    assert api.patch(f"exports/{id_}/", {}).status_code == 405
    assert api.delete(f"exports/{id_}/").status_code == 405


def test_a_link_gives_the_file_for_an_hour(api, anonymous, put):
    put(1)
    id_ = api.post("exports/", of_query("SELECT event AS e FROM events")).json()["id"]
    assert api.get(f"exports/{id_}/").json()["download_url"] is None
    run()

    url = urlsplit(api.get(f"exports/{id_}/").json()["download_url"])
    r = anonymous.get(url.path)

    assert content(r) == b"e\r\nbought\r\n"
    assert r.headers["Content-Disposition"].startswith("attachment; filename=")
    assert anonymous.get(url.path + "x").status_code == 403
    Export.objects.update(expires_after=timezone.now())
    assert anonymous.get(url.path).status_code == 403


def test_links_end(api, anonymous, monkeypatch):
    id_ = api.post("exports/", of_query("SELECT 1")).json()["id"]
    run()
    url = urlsplit(api.get(f"exports/{id_}/").json()["download_url"])
    monkeypatch.setattr(files, "LINK_SECONDS", -1)
    assert anonymous.get(url.path).status_code == 403


def test_download_is_an_attachment_on_request(api):
    id_ = api.post("exports/", of_query("SELECT 1 AS n")).json()["id"]
    run()
    for query, start in [("", "inline"), ("?download=true", "attachment")]:
        r = api.get(f"exports/{id_}/content/{query}")
        assert r.headers["Content-Disposition"].startswith(start)
        assert r.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert content(r) == b"n\r\n1\r\n"


def test_after_a_week_it_is_gone(api, project):
    id_ = api.post("exports/", of_query("SELECT 1 AS n")).json()["id"]
    run()
    export = Export.objects.get()
    assert files.storage().exists(export.file_key)
    assert running.prune(timezone.now()) == 0

    Export.objects.update(expires_after=timezone.now())

    assert api.get(f"exports/{id_}/").status_code == 404
    assert api.get("exports/").json()["count"] == 0


@pytest.mark.django_db(transaction=True)
def test_files_go_with_their_exports(api, project):
    api.post("exports/", of_query("SELECT 1 AS n"))
    run()
    key = Export.objects.get().file_key
    assert files.storage().exists(key)
    assert running.prune(timezone.now() + timedelta(days=8)) == 1
    assert not files.storage().exists(key)


# How they end


def test_a_request_the_endpoint_refuses_fails_with_its_reason(api, project):
    path = f"/api/projects/{project.id}/events/?after=nonsense"
    id_ = api.post("exports/", of_path(path)).json()["id"]
    run()
    failed = api.get(f"exports/{id_}/").json()
    assert (failed["status"], failed["has_content"]) == ("fail", False)
    assert failed["exception"].startswith("'nonsense' is not a time")
    assert running.run_due(timezone.now() + timedelta(days=1)) == 0


def test_a_query_that_is_wrong_fails_with_its_reason(api):
    id_ = api.post("exports/", of_query("SELECT nothing FROM events")).json()["id"]
    run()
    assert "nothing" in api.get(f"exports/{id_}/").json()["exception"]


def test_what_gives_a_file_is_no_table(api, project):
    id_ = api.post("exports/", of_query("SELECT 1")).json()["id"]
    run()
    path = f"/api/projects/{project.id}/exports/{id_}/content/"
    id_ = api.post("exports/", of_path(path)).json()["id"]
    run()
    assert "gives a file, not rows" in api.get(f"exports/{id_}/").json()["exception"]


def test_who_has_left_gets_nothing(api, user, project, put):
    put(1)
    export = api.post("exports/", of_path(f"/api/projects/{project.id}/events/")).json()
    user.memberships.all().delete()
    run()
    failed = Export.objects.get(id=export["id"])
    assert (failed.status, failed.file_key) == ("fail", None)
    assert "no access to the project" in failed.exception


def test_while_the_store_is_away_it_is_tried_again(api, monkeypatch):
    id_ = api.post("exports/", of_query("SELECT 1 AS n")).json()["id"]
    now = timezone.now()

    def away(*arguments):
        raise clickhouse.Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(running, "table_to_export", away)
        run()
    waiting = api.get(f"exports/{id_}/").json()
    assert waiting["status"] == "waiting"
    assert waiting["exception"] == clickhouse.Unavailable.default_detail
    assert running.run_due(now) == 0
    assert running.run_due(now + timedelta(minutes=1)) == 1
    done = api.get(f"exports/{id_}/").json()
    assert (done["status"], done["exception"]) == ("success", None)


def test_what_always_breaks_is_given_up(api, monkeypatch):
    id_ = api.post("exports/", of_query("SELECT 1")).json()["id"]

    def broken(*arguments):
        raise RuntimeError("secret")

    monkeypatch.setattr(running, "table_to_export", broken)
    now = timezone.now()
    attempts = sum(running.run_due(now + timedelta(hours=n)) for n in range(10))
    assert attempts == running.MAX_ATTEMPTS
    failed = api.get(f"exports/{id_}/").json()
    assert failed["status"] == "fail"
    assert failed["exception"] == "Given up after 5 attempts: The server failed."


def test_no_more_rows_than_the_most(api, project, put, monkeypatch):
    monkeypatch.setattr(running, "MAX_ROWS", 4)
    put(6)
    rows = rows_of(exported(api, of_path(f"/api/projects/{project.id}/events/")))
    assert len(rows) == 4


# App metrics


def test_exports_of_events_are_in_the_history(api, project, user, put):
    put(3)
    context = {"path": f"/api/projects/{project.id}/events/", "filename": "mine"}
    id_ = api.post("exports/", of_path(**context)).json()["id"]
    api.post("exports/", of_path(f"/api/projects/{project.id}/persons/"))

    [row] = api.get("app_metrics/0/historical_exports/").json()["results"]
    assert (row["job_id"], row["payload"], row["status"]) == (str(id_), context, "not_finished")
    assert row["created_by"]["id"] == user.id
    run(2)

    detail = api.get(f"app_metrics/0/historical_exports/{id_}/").json()
    assert detail["summary"]["status"] == "success"
    assert detail["metrics"]["totals"] == {"successes": 3, "successes_on_retry": 0, "failures": 0}
    assert api.get("app_metrics/1/historical_exports/").json()["results"] == []


def test_a_failed_one_tells_its_error_there(api, project):
    path = f"/api/projects/{project.id}/events/?after=nonsense"
    id_ = api.post("exports/", of_path(path)).json()["id"]
    run()

    detail = api.get(f"app_metrics/0/historical_exports/{id_}/").json()
    assert detail["summary"]["status"] == "fail"
    assert detail["metrics"]["totals"]["failures"] == 1
    assert [error["count"] for error in detail["errors"]] == [1]
    [error] = api.get("app_metrics/0/error_details/?category=exportEvents").json()["result"]
    assert "nonsense" in error["error_details"]["error"]["message"]


# Workers


def test_a_claim_is_one_workers(api):
    api.post("exports/", of_query("SELECT 1"))
    now = timezone.now()
    first = Export.objects.claim(now)
    assert Export.objects.claim(now) is None
    assert first.keep(now + timedelta(seconds=15))
    assert Export.objects.claim(now + timedelta(seconds=30)) is None

    second = Export.objects.claim(now + timedelta(seconds=36))

    assert second.id == first.id
    assert not first.keep(now)
    assert not first.settle(now, file_key="x")
    assert second.settle(now, file_key="y")
    assert Export.objects.get().file_key == "y"


def test_a_worker_that_was_too_slow_leaves_nothing_behind(api, monkeypatch):
    api.post("exports/", of_query("SELECT 1 AS n"))
    slow = Export.objects.claim(timezone.now())
    assert running.run_due(timezone.now() + timedelta(minutes=1)) == 1

    running.run(slow)

    assert not files.storage().exists(slow.key_of_attempt(slow.attempts))
    kept = Export.objects.get()
    assert (kept.attempts, files.storage().exists(kept.file_key)) == (2, True)
