"""Trial runs, log lines and metrics of destinations."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from app_metrics.recording import Category, record
from notifications import logs
from notifications.delivering import deliver_due
from notifications.events import emit
from notifications.models import HogFunction
from tests.notifications.delivering import flush, iso, put, webhook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]
EVENT = {"event": "clicked", "properties": {"a": 1}}


@pytest.fixture
def invoke(api):
    def invoke(configuration, id="new", **fields) -> dict:
        body = {"configuration": configuration, "globals": {"event": EVENT}, **fields}
        answer = api.post(f"hog_functions/{id}/invocations/", body)
        assert answer.status_code == 200, answer.json()
        return answer.json()

    return invoke


@pytest.fixture
def hook(api, outside):
    answer = api.post("hog_functions/", webhook(outside.url("/hook")))
    return HogFunction.objects.get(id=answer.json()["id"])


def test_a_mock_sends_nothing_and_tells_what_it_would_have_sent(invoke, outside):
    body = {"e": "{event.event}", "p": "{person.name}", "project": "{project.name}"}
    result = invoke(
        webhook(outside.url("/hook"), body=body, method="PUT"),
        globals={"event": EVENT, "person": {"name": "Ada"}, "project": {"name": "Other"}},
    )

    (line,) = result["logs"]
    assert (result["status"], result["errors"], line["level"]) == ("success", [], "info")
    assert '"method":"PUT"' in line["message"]
    assert r"{\"e\":\"clicked\",\"p\":\"Ada\",\"project\":\"Other\"}" in line["message"]
    assert set(line) == {"level", "message", "timestamp"}
    assert outside.received == []
    assert not HogFunction.objects.exists()


def test_without_mock_it_is_sent(invoke, outside):
    result = invoke(webhook(outside.url("/hook")), mock_async_functions=False)

    assert result["status"] == "success"
    assert outside.received[0].json() == {"event": EVENT, "person": None}
    outside.always(500, b"oops")
    result = invoke(webhook(outside.url("/hook")), mock_async_functions=False)
    assert (result["status"], result["errors"]) == ("error", ["HTTP status 500: oops"])
    assert result["logs"][-1]["level"] == "error"


def test_what_the_filters_hold_back_is_skipped(invoke, outside):
    filters = {"events": [{"id": "other"}]}

    result = invoke({**webhook(outside.url()), "filters": filters}, mock_async_functions=False)

    assert result["status"] == "skipped"
    assert outside.received == []


def test_a_saved_one_keeps_its_secrets(invoke, api, outside, hook):
    path = f"hog_functions/{hook.id}/"
    api.patch(path, {"inputs": webhook(outside.url("/hook"), signing_secret="s3cret")["inputs"]})
    configuration = {**api.get(path).json(), "template_id": "template-webhook"}

    result = invoke(configuration, id=hook.id, mock_async_functions=False)

    assert result["status"] == "success"
    assert outside.received[0].headers["webhook-signature"].startswith("v1,")
    assert "s3cret" not in str(result)
    changed = {**configuration, "inputs": {"url": put(outside.url("/other"))}}
    invoke(changed, id=hook.id, mock_async_functions=False)
    assert outside.received[1].path == "/other"
    hook.refresh_from_db()
    assert hook.inputs["url"] == put(outside.url("/hook"))


def test_tokens_of_integrations_are_not_shown(invoke, api, outside):
    outside.always(200, {"ok": True, "team": "Acme", "team_id": "T1"})
    config = {"access_token": "xoxb-secret", "api_url": outside.url("/api")}
    workspace = api.post("integrations/", {"kind": "slack", "config": config}).json()["id"]
    inputs = {"slack_workspace": put(workspace), "channel": put("#ops")}

    result = invoke(
        {"type": "internal_destination", "template_id": "template-slack", "inputs": inputs}
    )

    assert result["status"] == "success"
    assert "xoxb-secret" not in str(result)


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "configuration"),
        ({"configuration": {}}, "configuration__type"),
        ({"configuration": webhook("")}, "configuration__inputs__url"),
        ({"configuration": webhook("https://a.b"), "globals": 5}, "globals"),
        ({"configuration": webhook("https://a.b"), "globals": {"event": 5}}, "globals__event"),
    ],
)
def test_bad_trial_runs_name_the_field(api, body, attr):
    answer = api.post("hog_functions/new/invocations/", body)

    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_unknown_ones_are_not_tried(api):
    body = {"configuration": webhook("https://a.b")}
    for id in ("x", "0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e"):
        assert api.post(f"hog_functions/{id}/invocations/", body).status_code == 404


# Logs


def messages(api, function, query="") -> list[str]:
    answer = api.get(f"hog_functions/{function.id}/logs/?{query}")
    assert answer.status_code == 200, answer.json()
    return [row["message"] for row in answer.json()["results"]]


def test_log_lines_are_newest_first_and_filtered(api, hook, project):
    other = HogFunction.objects.create(
        project=project, type="destination", template_id="template-webhook", name="other"
    )
    logs.write(hook, [("info", "One"), ("error", "Two 100%")], "i1")
    between = timezone.now()
    logs.write(hook, [("debug", "Three")], "i2")
    logs.write(other, [("info", "Elsewhere")])
    flush()

    assert messages(api, hook) == ["Three", "Two 100%", "One"]
    assert messages(api, hook, "limit=1") == ["Three"]
    assert messages(api, hook, "level=ERROR") == ["Two 100%"]
    assert messages(api, hook, "level=error,debug") == ["Three", "Two 100%"]
    assert messages(api, hook, "search=00%25") == ["Two 100%"]
    assert messages(api, hook, "search=tWO") == ["Two 100%"]
    assert messages(api, hook, "instance_id=i2") == ["Three"]
    assert messages(api, hook, f"after={iso(between)}") == ["Three"]
    assert messages(api, hook, f"before={iso(between)}") == ["Two 100%", "One"]
    (row,) = api.get(f"hog_functions/{hook.id}/logs/?limit=1").json()["results"]
    assert row == {
        "log_source_id": str(hook.id),
        "instance_id": "i2",
        "timestamp": row["timestamp"],
        "level": "DEBUG",
        "message": "Three",
    }


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "after=x", "before=x"])
def test_bad_parameters_of_logs(api, hook, query):
    answer = api.get(f"hog_functions/{hook.id}/logs/?{query}")

    assert (answer.status_code, answer.json()["attr"]) == (400, query.split("=")[0])


# Metrics


@pytest.fixture
def ran(hook):
    def ran(at: datetime, **counts):
        record(hook.project_id, Category.WEBHOOK, job_id=str(hook.id), at=at, **counts)
        flush()

    return ran


def test_metrics_by_kind_and_by_name(api, hook, ran):
    ran(datetime(2026, 1, 1, 10, tzinfo=UTC), successes=2, successes_on_retry=1)
    ran(datetime(2026, 1, 3, 10, tzinfo=UTC), failures=1)
    path = f"hog_functions/{hook.id}/metrics"

    span = "after=2026-01-01&before=2026-01-03"
    assert api.get(f"{path}/?{span}").json() == {
        "labels": ["2026-01-01", "2026-01-02", "2026-01-03"],
        "series": [
            {"name": "success", "values": [3, 0, 0]},
            {"name": "failure", "values": [0, 0, 1]},
        ],
    }
    by_name = api.get(f"{path}/?{span}&breakdown_by=name").json()["series"]
    assert [row["name"] for row in by_name] == ["succeeded", "failed"]
    assert api.get(f"{path}/?{span}&kind=failure").json()["series"] == [
        {"name": "failure", "values": [0, 0, 1]}
    ]
    assert api.get(f"{path}/totals/?{span}").json() == {"totals": {"success": 3, "failure": 1}}
    assert api.get(f"{path}/totals?{span}&name=succeeded").json() == {"totals": {"success": 3}}
    assert api.get(f"{path}/totals/").json() == {"totals": {}}


def test_metrics_by_hour_and_week(api, hook, ran):
    ran(datetime(2026, 1, 1, 10, 30, tzinfo=UTC), successes=1)
    path = f"hog_functions/{hook.id}/metrics/"

    by_hour = api.get(
        f"{path}?interval=hour&after=2026-01-01T10:00:00Z&before=2026-01-01T11:00:00Z"
    ).json()
    assert by_hour["labels"] == ["2026-01-01T10:00", "2026-01-01T11:00"]
    assert by_hour["series"] == [{"name": "success", "values": [1, 0]}]
    by_week = api.get(f"{path}?interval=week&after=2025-12-30&before=2026-01-08").json()
    assert by_week["labels"] == ["2025-12-29", "2026-01-05"]
    assert by_week["series"] == [{"name": "success", "values": [1, 0]}]


def test_the_last_seven_days_by_default(api, hook, project):
    emit(project, "x", "d", {})
    deliver_due(timezone.now())
    flush()

    answer = api.get(f"hog_functions/{hook.id}/metrics/").json()

    today = timezone.now().date()
    assert answer["labels"] == [(today - timedelta(days=n)).isoformat() for n in range(7, -1, -1)]
    assert answer["series"] == [{"name": "success", "values": [0] * 7 + [1]}]


@pytest.mark.parametrize(
    "query", ["interval=year", "breakdown_by=x", "after=soon", "before=soon", "after=1900-01-01"]
)
def test_bad_parameters_of_metrics(api, hook, query):
    for tail in ("", "totals/"):
        answer = api.get(f"hog_functions/{hook.id}/metrics/{tail}?{query}")
        assert (answer.status_code, answer.json()["attr"]) == (400, query.split("=")[0])
