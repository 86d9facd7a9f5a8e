import base64
import hashlib
import hmac
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from notifications import delivering
from notifications.delivering import deliver_due, prune, run_due
from notifications.events import emit
from notifications.models import Delivery
from tests.notifications.delivering import logs_of, metrics_of, put, run, webhook
from tests.notifications.standin import Reply

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]
NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.fixture
def slack(make, api, outside):
    outside.by_path(
        {
            "/api/auth.test": Reply(200, {"ok": True, "team": "Acme", "team_id": "T1"}),
            "/api/chat.postMessage": Reply(200, {"ok": True}),
        }
    )
    config = {"access_token": "xoxb-secret", "api_url": outside.url("/api")}
    workspace = api.post("integrations/", {"kind": "slack", "config": config}).json()["id"]
    outside.received.clear()
    inputs = {
        "slack_workspace": put(workspace),
        "channel": put("#ops"),
        "text": put("{event.event}"),
    }
    return make(
        type="internal_destination", template_id="template-slack", enabled=True, inputs=inputs
    )


def test_an_event_is_delivered_with_its_data(hook, outside, project, api):
    assert emit(project, "$insight_alert_firing", "team_1", {"alert_id": "a1"}) == 1

    assert run() == 1

    (received,) = outside.received
    delivery = Delivery.objects.get()
    assert (received.method, received.path) == ("POST", "/hook")
    assert received.headers["content-type"] == "application/json"
    assert received.json() == {
        "event": {
            "uuid": str(delivery.event_uuid),
            "event": "$insight_alert_firing",
            "distinct_id": "team_1",
            "timestamp": received.json()["event"]["timestamp"],
            "url": "",
            "elements_chain": "",
            "properties": {"alert_id": "a1"},
        },
        "person": None,
    }
    assert (delivery.state, delivery.attempts, delivery.error) == ("sent", 1, "")
    assert delivery.finished_at
    assert run(after=3600) == 0


def test_every_end_is_logged_and_counted(hook, outside, project, api):
    emit(project, "x", "d", {})
    run()

    ((level, message),) = logs_of(api, hook)
    assert (level, message.startswith("Delivered in ")) == ("INFO", True)
    assert metrics_of(api, hook) == {"success": 1}
    series = api.get(f"app_metrics/0/?category=webhook&job_id={hook.id}").json()["metrics"]
    assert series["totals"] == {"successes": 1, "successes_on_retry": 0, "failures": 0}
    assert api.get(f"app_metrics/{hook.id}/").json()["metrics"]["successes"] == [1]


def test_placeholders_everywhere(make, outside, project, settings):
    settings.SITE_URL = "https://ph.example"
    function = make(
        **webhook(
            outside.url("/{event.properties.path}?q={event.event}"),
            method="PATCH",
            headers={"X-Project": "{project.id}", "X-Missing": "{event.properties.none}"},
            body={
                "raw": "{event.properties}",
                "text": "{event.event} in {project.name}",
                "missing": "{person.name}",
                "url": "{project.url}",
                "source": ["{source.name}", "{source.url}"],
                "brace": r"\{x\}",
            },
        )
    )
    emit(project, "seen", "d", {"path": "here", "n": [1]})

    run()

    (received,) = outside.received
    base = f"https://ph.example/project/{project.id}"
    assert (received.method, received.path, received.query) == ("PATCH", "/here", {"q": ["seen"]})
    assert received.headers["x-project"] == str(project.id)
    assert received.headers["x-missing"] == ""
    assert received.json() == {
        "raw": {"path": "here", "n": [1]},
        "text": f"seen in {project.name}",
        "missing": None,
        "url": base,
        "source": ["Hook", f"{base}/functions/{function.id}"],
        "brace": "{x}",
    }


def test_bodies_of_text_and_methods_without_body(make, outside, project):
    make(**webhook(outside.url("/text"), body="hello {event.event}"))
    make(**webhook(outside.url("/get"), method="GET"))
    emit(project, "x", "d", {})

    run()

    bodies = {request.path: request.body for request in outside.received}
    assert bodies == {"/text": b"hello x", "/get": b""}


@pytest.mark.parametrize(
    ("secret", "key"),
    [("whsec_" + base64.b64encode(b"key bytes").decode(), b"key bytes"), ("plain", b"plain")],
)
def test_signatures_as_standard_webhooks_has_them(make, outside, project, secret, key):
    make(**webhook(outside.url("/hook"), signing_secret=secret))
    emit(project, "x", "d", {})

    run()

    (received,) = outside.received
    id, at = received.headers["webhook-id"], received.headers["webhook-timestamp"]
    signed = f"{id}.{at}.".encode() + received.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert received.headers["webhook-signature"] == f"v1,{expected}"
    assert id == str(Delivery.objects.get().id)
    assert abs(int(at) - time.time()) < 60


def test_failures_that_pass_are_tried_three_times_more(hook, outside, project, api):
    outside.always(503, b"busy")
    emit(project, "x", "d", {})
    started = timezone.now()

    assert deliver_due(started) == 1
    assert deliver_due(started + timedelta(seconds=5)) == 0
    assert deliver_due(started + timedelta(seconds=30)) == 1
    assert deliver_due(started + timedelta(minutes=2)) == 1
    outside.always(200)
    assert deliver_due(started + timedelta(minutes=10)) == 1

    assert Delivery.objects.get().state == "sent"
    assert len({request.headers.get("webhook-id") for request in outside.received}) == 1
    assert [level for level, _ in logs_of(api, hook)] == ["INFO", "WARN", "WARN", "WARN"]
    assert logs_of(api, hook)[-1][1].startswith("HTTP status 503: busy Trying again in 10 seconds")
    series = api.get(f"app_metrics/0/?job_id={hook.id}").json()["metrics"]["totals"]
    assert series == {"successes": 0, "successes_on_retry": 1, "failures": 0}
    assert metrics_of(api, hook) == {"success": 1}


def test_after_the_fourth_attempt_it_is_over(hook, outside, project, api):
    outside.always(429)
    emit(project, "x", "d", {})

    made = [run(after=hours * 3600) for hours in range(6)]

    assert made == [1, 1, 1, 1, 0, 0]
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("failed", 4)
    assert "429" in delivery.error
    assert logs_of(api, hook, "level=error") == [
        ("ERROR", "Failed after 4 attempts: HTTP status 429: {}")
    ]
    assert metrics_of(api, hook) == {"failure": 1}
    (error,) = api.get("app_metrics/0/error_details/").json()["result"]
    assert error["error_type"] == "HTTP429"
    assert error["error_details"]["event"]["uuid"] == str(delivery.event_uuid)


@pytest.mark.parametrize("status", [302, 400, 401, 404, 410])
def test_other_answers_end_it_at_once(hook, outside, project, status):
    outside.always(status, b"no", Location="http://127.0.0.1/elsewhere")
    emit(project, "x", "d", {})

    run()

    assert Delivery.objects.get().state == "failed"
    assert len(outside.received) == 1
    assert run(after=3600) == 0


def test_hosts_inside_end_it_at_once_and_name_the_setting(hook, outside, project, settings, api):
    settings.OUTBOUND_ALLOW = []
    emit(project, "x", "d", {})

    run()

    assert Delivery.objects.get().state == "failed"
    assert outside.received == []
    assert "OUTBOUND_ALLOW" in logs_of(api, hook)[0][1]


def test_hosts_that_are_down_are_tried_again(make, outside, project):
    make(**webhook(outside.url("/hook")))
    outside.stop()
    emit(project, "x", "d", {})

    run()

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("pending", 1)
    assert "Connection refused" in delivery.error


def test_a_huge_answer_is_no_failure(hook, outside, project):
    outside.always(200, b"x" * 3_000_000)
    emit(project, "x", "d", {})

    run()

    assert Delivery.objects.get().state == "sent"


def test_slack(slack, outside, project):
    emit(project, "$error_tracking_issue_created", "i1", {"name": "Crash"})

    run()

    (received,) = outside.received
    assert received.path == "/api/chat.postMessage"
    assert received.headers["authorization"] == "Bearer xoxb-secret"
    message = received.json()
    assert (message["channel"], message["text"]) == ("#ops", "$error_tracking_issue_created")
    assert message["username"] == "PostHog"
    assert "thread_ts" not in message
    assert Delivery.objects.get().state == "sent"


def test_slack_says_no_with_status_200(slack, outside, project, api):
    outside.always(200, {"ok": False, "error": "channel_not_found"})
    emit(project, "x", "d", {})

    run()

    assert Delivery.objects.get().state == "failed"
    assert logs_of(api, slack)[0][1] == "Failed: Slack refused: channel_not_found"


def test_slack_without_its_workspace_fails_with_the_reason(slack, project):
    slack.integration.delete()
    emit(project, "x", "d", {})

    run()

    assert "no longer connected" in Delivery.objects.get().error


def test_secrets_of_another_key_fail_with_the_reason(slack, project, settings):
    emit(project, "x", "d", {})
    settings.SECRET_KEY = "another"

    run()

    delivery = Delivery.objects.get()
    assert (delivery.state, "SECRET_KEY" in delivery.error) == ("failed", True)


def test_discord_and_teams(make, outside, project):
    url = outside.url("/d")
    common = {"type": "internal_destination", "enabled": True}
    text = "issue {event.properties.name}"
    make(
        template_id="template-discord",
        inputs={"webhookUrl": put(url), "content": put(text)},
        **common,
    )
    make(
        template_id="template-microsoft-teams",
        inputs={"webhookUrl": put(outside.url("/t")), "text": put(text)},
        **common,
    )
    emit(project, "x", "d", {"name": "Crash"})

    run()

    bodies = {request.path: request.json() for request in outside.received}
    assert bodies["/d"] == {"content": "issue Crash"}
    (attachment,) = bodies["/t"]["attachments"]
    assert attachment["content"]["body"][0]["text"] == "issue Crash"


def test_debugging_destinations_log_requests_and_responses(make, outside, project, api):
    function = make(**webhook(outside.url("/hook"), debug=True, body={"a": 1}))
    outside.always(200, b"thanks")
    emit(project, "x", "d", {})

    run()

    (_, done), (_, response), (_, request) = logs_of(api, function)
    assert done.startswith("Delivered")
    assert response == "Response: 200 thanks"
    assert '"body":"{\\"a\\":1}"' in request


def test_destinations_disabled_meanwhile_get_nothing(hook, outside, project):
    emit(project, "x", "d", {})
    hook.enabled = False
    hook.save()

    run()

    assert outside.received == []
    assert Delivery.objects.get().state == "cancelled"


def test_edits_act_on_what_comes_next(hook, outside, project, api):
    inputs = {"url": put(outside.url("/new"))}
    api.patch(f"hog_functions/{hook.id}/", {"inputs": inputs})
    emit(project, "x", "d", {})

    run()

    assert outside.received[0].path == "/new"


def test_a_destination_that_is_down_holds_up_no_other(make, outside, project):
    make(**webhook(outside.url("/slow"), body={}), filters={"events": [{"id": "slow"}]})
    make(**webhook(outside.url("/fast"), body={}), filters={"events": [{"id": "fast"}]})
    arrived = []

    def answer(request):
        arrived.append(request.path)
        if request.path == "/slow":
            time.sleep(0.5)
        return Reply()

    outside.answer = answer
    for name in ["slow"] * 6 + ["fast"] * 6:
        emit(project, name, "d", {})

    assert run() == 12
    assert arrived.index("/fast") < 5
    assert arrived[:10].count("/fast") == 6


def test_old_ones_are_forgotten(hook, project):
    emit(project, "x", "d", {})
    assert prune(timezone.now()) == 0
    run()
    assert prune(timezone.now()) == 0
    assert prune(timezone.now() + timedelta(days=31)) == 1
    assert not Delivery.objects.exists()


# Several workers


@pytest.mark.django_db(transaction=True)
def test_several_workers_deliver_each_once(hook, outside, project):
    for _ in range(40):
        emit(project, "x", "d", {})
    made = []

    def work():
        made.append(run_due(timezone.now()))
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sum(made) == 40
    uuids = [request.json()["event"]["uuid"] for request in outside.received]
    assert len(uuids) == len(set(uuids)) == 40
    assert Delivery.objects.filter(state="sent").count() == 40


def test_an_attempt_that_outlived_its_claim_changes_nothing(hook, project, outside):
    emit(project, "x", "d", {})
    (late,) = Delivery.objects.select_related("function").claim(timezone.now(), 1)
    assert run(after=30) == 1

    delivering.finish(late, delivering.Outcome("HTTP500", "late", True), timezone.now())

    assert Delivery.objects.get().state == "sent"
