"""Alerts on logs over HTTP: made, changed, tried out, checked and told."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

import clickhouse
from alerts.models import LogsAlert, LogsAlertEvent
from alerts.on_logs import checking
from alerts.on_logs.checking import check_due, prune
from logs import otlp
from notifications.models import Delivery, HogFunction
from tests.factories import IntegrationFactory, LogsAlertFactory
from tests.logs.exporting import protobuf

NOW = datetime(2026, 5, 13, 10, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BODY = {"name": "Errors", "filters": {"severityLevels": ["error"]}}


@pytest.fixture
def log(project, analytics):
    """Stores so many lines of a moment."""

    def log(count, at, *, severity=17, service="checkout", body="refused"):
        moment = int(at.timestamp() * 1e9)
        record = {"body": body, "severity_number": severity, "time_unix_nano": moment}
        decoded = otlp.decode(
            protobuf(*[record] * count, resource={"service.name": service}),
            "application/x-protobuf",
            project_id=project.id,
            retention_days=3650,
            received_at=at,
            max_bytes=10**7,
        )
        clickhouse.insert("logs", b"\n".join(decoded.lines))

    return log


def refusal(response):
    assert response.status_code == 400, response.content
    return response.json()["attr"]


def told(alert):
    """The names of the events that destinations get, oldest first."""
    payloads = Delivery.objects.order_by("created_at", "id").values_list("payload", flat=True)
    events = [json.loads(payload)["event"] for payload in payloads]
    return [each["event"] for each in events if each["properties"]["alert_id"] == str(alert.id)]


def fresh(alert):
    return LogsAlert.objects.get(pk=alert.pk)


class TestMaking:
    def test_defaults(self, api, user):
        r = api.post("logs/alerts/", {"filters": {"serviceNames": ["checkout"]}})

        assert r.status_code == 201, r.content
        alert = r.json()
        assert (alert["name"], alert["enabled"], alert["state"]) == (
            "Untitled alert",
            True,
            "not_firing",
        )
        assert alert["filters"] == {"serviceNames": ["checkout"]}
        assert (alert["threshold_count"], alert["threshold_operator"]) == (100, "above")
        assert (alert["window_minutes"], alert["check_interval_minutes"]) == (5, 5)
        assert (alert["evaluation_periods"], alert["datapoints_to_alarm"]) == (1, 1)
        assert (alert["cooldown_minutes"], alert["consecutive_failures"]) == (0, 0)
        assert (
            alert["snooze_until"] is alert["next_check_at"] is alert["last_error_message"] is None
        )
        assert alert["created_by"]["id"] == user.id
        assert alert["destination_types"] == []
        [span] = alert["state_timeline"]
        assert (span["state"], span["enabled"]) == ("not_firing", True)
        assert alert["first_enabled_at"] is not None

    @pytest.mark.parametrize(
        ("fields", "attr"),
        [
            ({"filters": {}}, "filters"),
            ({"filters": None}, "filters"),
            ({"filters": []}, "filters"),
            ({"filters": {"severityLevels": ["loud"]}}, "filters__severityLevels__0"),
            ({"filters": {"dateRange": {}, "serviceNames": ["x"]}}, "filters__dateRange"),
            (
                {"filters": {"filterGroup": [{"key": "x", "type": "person"}]}},
                "filters__filterGroup",
            ),
            ({"threshold_count": 0}, "threshold_count"),
            ({"threshold_count": 10**30}, "threshold_count"),
            ({"threshold_operator": "beside"}, "threshold_operator"),
            ({"window_minutes": 7}, "window_minutes"),
            ({"evaluation_periods": 11}, "evaluation_periods"),
            ({"datapoints_to_alarm": 2}, "datapoints_to_alarm"),
            ({"cooldown_minutes": -1}, "cooldown_minutes"),
            ({"snooze_until": "2020-01-01T00:00:00Z"}, "snooze_until"),
            ({"name": "x" * 256}, "name"),
            ({"schedule_restriction": {"blocked_windows": [{}]}}, "schedule_restriction"),
        ],
    )
    def test_refusals(self, api, fields, attr):
        assert refusal(api.post("logs/alerts/", {**BODY, **fields})) == attr

    def test_a_draft_needs_no_filters_until_it_is_enabled(self, api):
        r = api.post("logs/alerts/", {"enabled": False})
        assert (r.status_code, r.json()["first_enabled_at"]) == (201, None)
        path = f"logs/alerts/{r.json()['id']}/"
        assert refusal(api.patch(path, {"enabled": True})) == "filters"
        r = api.patch(path, {"enabled": True, **BODY})
        assert r.json()["first_enabled_at"] is not None

    def test_at_most_twenty(self, api, project):
        LogsAlertFactory.create_batch(20, project=project)
        LogsAlertFactory()
        assert refusal(api.post("logs/alerts/", BODY)) is None
        LogsAlert.objects.filter(project=project).first().delete()
        assert api.post("logs/alerts/", BODY).status_code == 201

    def test_scopes(self, api_with_scopes, project):
        alert = LogsAlertFactory(project=project)
        for scope in ("logs:read", "error_tracking:read"):
            reader = api_with_scopes(scope)
            assert reader.get(f"logs/alerts/{alert.id}/").status_code == 200
            assert reader.delete(f"logs/alerts/{alert.id}/").status_code == 403
        assert api_with_scopes("logs:write").post("logs/alerts/", BODY).status_code == 201


class TestChanging:
    @pytest.fixture
    def alert(self, project):
        return LogsAlertFactory(
            project=project, state="firing", next_check_at=NOW, consecutive_failures=2
        )

    def change(self, api, alert, **body):
        r = api.patch(f"logs/alerts/{alert.id}/", body)
        assert r.status_code == 200, r.content
        kinds = alert.events.order_by("created_at").values_list("kind", flat=True)
        return r.json(), list(kinds)

    def test_another_threshold_starts_anew(self, api, alert):
        body, kinds = self.change(api, alert, threshold_count=9)
        assert (body["state"], body["next_check_at"]) == ("not_firing", None)
        assert (body["consecutive_failures"], kinds) == (0, ["threshold_change"])
        assert body["filters"] == alert.filters

    def test_another_window_is_checked_soon(self, api, alert):
        body, kinds = self.change(api, alert, window_minutes=30)
        assert (body["state"], body["next_check_at"], kinds) == ("firing", None, [])

    def test_another_name_changes_nothing_else(self, api, alert):
        body, kinds = self.change(api, alert, name=" ")
        assert (body["name"], body["state"], kinds) == ("Untitled alert", "firing", [])

    def test_disabled_and_enabled(self, api, alert):
        assert self.change(api, alert, enabled=False)[0]["state"] == "not_firing"
        body, kinds = self.change(api, alert, enabled=True)
        assert (kinds, body["next_check_at"]) == (["disable", "enable"], None)
        assert [span["enabled"] for span in body["state_timeline"]][-1] is True

    def test_snoozed_and_awake(self, api, alert):
        body, _ = self.change(api, alert, snooze_until="2099-01-01T00:00:00Z")
        assert body["state"] == "snoozed"
        body, kinds = self.change(api, alert, snooze_until=None)
        assert (body["state"], kinds) == ("not_firing", ["snooze", "unsnooze"])

    def test_put_keeps_what_is_left_out(self, api, alert):
        r = api.put(f"logs/alerts/{alert.id}/", {"name": "Put"})
        assert (r.status_code, r.json()["threshold_count"]) == (200, 5)

    def test_reset(self, api, alert):
        assert api.post(f"logs/alerts/{alert.id}/reset/").status_code == 409
        LogsAlert.objects.update(state="broken")
        r = api.post(f"logs/alerts/{alert.id}/reset/")
        assert (r.status_code, r.json()["state"]) == (200, "not_firing")
        events = api.get(f"logs/alerts/{alert.id}/events/").json()["results"]
        assert [(each["kind"], each["state_before"]) for each in events] == [("reset", "broken")]

    def test_deleted_with_its_destinations(self, api, alert):
        ids = api.post(
            f"logs/alerts/{alert.id}/destinations/",
            {"type": "webhook", "webhook_url": "https://example.com/"},
        ).json()["hog_function_ids"]
        assert api.delete(f"logs/alerts/{alert.id}/").status_code == 204
        assert HogFunction.objects.filter(id__in=ids, deleted=True, enabled=False).count() == 4
        assert api.get(f"logs/alerts/{alert.id}/").status_code == 404


class TestDestinations:
    @pytest.fixture
    def alert(self, project):
        return LogsAlertFactory(project=project)

    def add(self, api, alert, **body):
        return api.post(f"logs/alerts/{alert.id}/destinations/", body)

    def test_a_webhook_and_a_channel(self, api, alert, project):
        slack = IntegrationFactory(project=project)
        assert (
            self.add(api, alert, type="webhook", webhook_url="https://example.com/").status_code
            == 201
        )
        r = self.add(api, alert, type="slack", slack_workspace_id=slack.id, slack_channel_id="C1")
        assert r.status_code == 201, r.content
        other = LogsAlertFactory(project=project)

        shown = {row["id"]: row for row in api.get("logs/alerts/").json()["results"]}
        assert shown[str(alert.id)]["destination_types"] == ["slack", "webhook"]
        assert shown[str(other.id)]["destination_types"] == []
        functions = api.get("hog_functions/?types=internal_destination").json()["results"]
        events = {each["filters"]["events"][0]["id"] for each in functions}
        assert (len(functions), len(events)) == (8, 4)

    @pytest.mark.parametrize(
        ("body", "attr"),
        [
            ({}, "type"),
            ({"type": "pigeon"}, "type"),
            ({"type": "webhook"}, "webhook_url"),
            ({"type": "webhook", "webhook_url": "nonsense"}, "webhook_url"),
            ({"type": "slack", "slack_channel_id": "C1"}, "slack_workspace_id"),
            (
                {"type": "slack", "slack_channel_id": "C1", "slack_workspace_id": 99},
                "slack_workspace_id",
            ),
        ],
    )
    def test_refusals(self, api, alert, body, attr):
        assert refusal(self.add(api, alert, **body)) == attr
        assert not HogFunction.objects.exists()

    def test_removed(self, api, alert, project):
        ids = self.add(api, alert, type="webhook", webhook_url="https://example.com/").json()
        path = f"logs/alerts/{alert.id}/destinations/delete/"
        other = f"logs/alerts/{LogsAlertFactory(project=project).id}/destinations/delete/"
        assert refusal(api.post(other, ids)) == "hog_function_ids"
        assert api.post(path, ids).status_code == 204
        assert not HogFunction.objects.filter(deleted=False).exists()


class TestChecks:
    @pytest.fixture
    def alert(self, project, api):
        """It fires above 5 errors in 5 minutes, and tells a webhook."""
        alert = LogsAlertFactory(project=project, created_at=NOW - timedelta(days=1))
        r = api.post(
            f"logs/alerts/{alert.id}/destinations/",
            {"type": "webhook", "webhook_url": "https://example.com/"},
        )
        assert r.status_code == 201
        return alert

    def test_counts_the_lines_of_the_window_that_match(self, alert, log):
        log(3, NOW - MINUTE)
        log(50, NOW - MINUTE, severity=9)
        log(50, NOW - 6 * MINUTE)
        log(50, NOW + MINUTE)

        assert check_due(NOW) == 1

        [event] = alert.events.all()
        assert (event.result_count, event.threshold_breached) == (3, False)
        assert (event.kind, event.state_before, event.state_after) == (
            "check",
            "not_firing",
            "not_firing",
        )
        assert fresh(alert).next_check_at == NOW + 5 * MINUTE
        assert check_due(NOW + 4 * MINUTE) == 0
        assert told(alert) == []

    def test_fires_once_and_resolves(self, alert, log):
        log(6, NOW - MINUTE)
        log(7, NOW + 4 * MINUTE)
        for minutes in (0, 5, 10, 15):
            check_due(NOW + minutes * MINUTE)

        states = alert.events.order_by("created_at").values_list("state_after", flat=True)
        assert list(states) == ["firing", "firing", "not_firing", "not_firing"]
        assert told(alert) == ["$logs_alert_firing", "$logs_alert_resolved"]
        payload = json.loads(Delivery.objects.order_by("created_at", "id")[0].payload)
        properties = payload["event"]["properties"]
        assert (properties["result_count"], properties["threshold_count"]) == (6, 5)
        assert (properties["window_minutes"], properties["threshold_operator"]) == (5, "above")
        assert properties["severity_levels"] == ["error"]
        assert payload["event"]["distinct_id"] == f"team_{alert.project_id}"

    def test_below(self, alert, log):
        LogsAlert.objects.update(threshold_operator="below")
        check_due(NOW)
        assert fresh(alert).state == "firing"

    def test_so_many_of_the_last_checks(self, alert, log):
        LogsAlert.objects.update(evaluation_periods=3, datapoints_to_alarm=2)
        for minutes in (0, 10):
            log(6, NOW + (minutes - 1) * MINUTE)
        states = []
        for minutes in (0, 5, 10, 15, 20):
            check_due(NOW + minutes * MINUTE)
            states.append(fresh(alert).state)
        assert states == ["not_firing", "not_firing", "firing", "not_firing", "not_firing"]

    def test_checks_before_a_change_do_not_count(self, alert, log, api):
        LogsAlert.objects.update(evaluation_periods=2, datapoints_to_alarm=2)
        now = timezone.now()
        log(6, now - MINUTE)
        check_due(now)
        api.patch(f"logs/alerts/{alert.id}/", {"threshold_count": 4})
        check_due(now + timedelta(seconds=1))
        assert fresh(alert).state == "not_firing"

    def test_a_cooldown_keeps_quiet(self, alert, log):
        LogsAlert.objects.update(cooldown_minutes=12)
        log(6, NOW - MINUTE)
        for minutes in (0, 5, 10):
            check_due(NOW + minutes * MINUTE)
        assert fresh(alert).state == "not_firing"
        assert told(alert) == ["$logs_alert_firing"]

    def test_errors_are_told_once_and_five_break_it(self, alert, monkeypatch):
        def fail(*args):
            raise clickhouse.Rejected("DB::Exception: no such thing. (UNKNOWN)", 47)

        monkeypatch.setattr(checking, "count", fail)
        for minutes in range(0, 30, 5):
            check_due(NOW + minutes * MINUTE)

        alert = fresh(alert)
        assert (alert.state, alert.consecutive_failures, alert.next_check_at) == (
            "broken",
            5,
            None,
        )
        assert alert.events.count() == 5
        assert told(alert) == ["$logs_alert_errored", "$logs_alert_auto_disabled"]

    def test_the_last_error_is_shown_until_a_check_goes_well(self, alert, api, monkeypatch, log):
        monkeypatch.setattr(checking, "find", lambda *args: checking.Finding(error="too slow"))
        check_due(NOW)
        body = api.get(f"logs/alerts/{alert.id}/").json()
        assert (body["last_error_message"], body["state"]) == ("too slow", "errored")
        monkeypatch.undo()
        check_due(NOW + 5 * MINUTE)
        body = api.get(f"logs/alerts/{alert.id}/").json()
        assert (body["last_error_message"], body["state"]) == (None, "not_firing")

    def test_one_that_fires_goes_on_firing_through_an_error(self, alert, monkeypatch):
        LogsAlert.objects.update(state="firing")
        monkeypatch.setattr(checking, "find", lambda *args: checking.Finding(error="x"))
        check_due(NOW)
        assert fresh(alert).state == "firing"

    def test_a_store_that_is_away_is_no_error(self, alert, monkeypatch, log):
        def away(*args):
            raise clickhouse.Unavailable

        with monkeypatch.context() as patch:
            patch.setattr(checking, "count", away)
            check_due(NOW)
        assert alert.events.count() == 0
        assert check_due(NOW + timedelta(seconds=10)) == 0
        assert check_due(NOW + timedelta(seconds=31)) == 1
        assert alert.events.count() == 1

    def test_snoozed_until_it_is_over(self, alert, log):
        LogsAlert.objects.update(state="snoozed", snooze_until=NOW + MINUTE)
        log(6, NOW - MINUTE)
        assert check_due(NOW) == 0
        check_due(NOW + 2 * MINUTE)
        alert = fresh(alert)
        assert (alert.state, alert.snooze_until) == ("firing", None)

    def test_quiet_hours(self, alert, log):
        windows = {"blocked_windows": [{"start": "10:00", "end": "11:00"}]}
        LogsAlert.objects.update(schedule_restriction=windows)
        check_due(NOW)
        assert alert.events.count() == 0
        assert fresh(alert).next_check_at == NOW + 30 * MINUTE

    def test_a_change_meanwhile_wins(self, alert, api, monkeypatch):
        def count(*args):
            api.patch(f"logs/alerts/{alert.id}/", {"enabled": False})
            return 100

        monkeypatch.setattr(checking, "count", count)
        check_due(timezone.now())
        assert [event.kind for event in alert.events.all()] == ["disable"]
        assert told(alert) == []

    def test_the_last_day_as_spans(self, alert, log, api):
        now = timezone.now()
        LogsAlert.objects.update(created_at=now - timedelta(days=2))
        log(6, now - 61 * MINUTE)
        check_due(now - 60 * MINUTE)
        check_due(now - 50 * MINUTE)
        spans = api.get("logs/alerts/").json()["results"][0]["state_timeline"]
        assert [span["state"] for span in spans] == ["not_firing", "firing", "not_firing"]
        assert [a["end"] == b["start"] for a, b in zip(spans, spans[1:], strict=False)] == [
            True
        ] * 2

    def test_events_are_kept_for_two_weeks(self, alert):
        LogsAlertEvent.objects.create(
            alert=alert,
            kind="check",
            state_before="firing",
            state_after="firing",
            created_at=NOW - timedelta(days=15),
        )
        assert (prune(NOW), prune(NOW)) == (1, 0)


class TestSimulation:
    WANTED = {
        "filters": {"severityLevels": ["error"]},
        "threshold_count": 5,
        "threshold_operator": "above",
        "window_minutes": 10,
        "date_from": "-1h",
    }

    def test_counts_windows_and_tells_what_would_have_been(self, api, log):
        now = timezone.now()
        log(6, now - 32 * MINUTE)

        r = api.post("logs/alerts/simulate/", self.WANTED)

        assert r.status_code == 200, r.content
        body = r.json()
        assert body["total_buckets"] == len(body["buckets"]) in (12, 13)
        counts = [bucket["count"] for bucket in body["buckets"]]
        assert sorted(counts)[-3:] == [0, 6, 6]
        assert (body["fire_count"], body["resolve_count"]) == (1, 1)
        [fired] = [each for each in body["buckets"] if each["notification"] == "fire"]
        assert (fired["state"], fired["threshold_breached"]) == ("firing", True)
        assert "6 lines" in fired["reason"]

    @pytest.mark.parametrize(
        ("fields", "attr"),
        [
            ({"date_from": "-31d"}, "date_from"),
            ({"date_from": "soon"}, "date_from"),
            ({"date_from": "all"}, "date_from"),
            ({"date_from": "2099-01-01"}, "date_from"),
            ({"filters": {}}, "filters"),
            ({"window_minutes": 1}, "window_minutes"),
            ({"datapoints_to_alarm": 3}, "datapoints_to_alarm"),
        ],
    )
    def test_refusals(self, api, fields, attr):
        assert refusal(api.post("logs/alerts/simulate/", {**self.WANTED, **fields})) == attr


def test_lists_cost_the_same_however_many(api, project, django_assert_max_num_queries):
    LogsAlertFactory.create_batch(5, project=project)
    with django_assert_max_num_queries(9):
        assert api.get("logs/alerts/").json()["count"] == 5
