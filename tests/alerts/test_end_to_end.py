"""From events in the store to requests at a webhook and mails, nothing stood for."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail as outbox

from alerts.checking import check_due
from alerts.models import Alert
from alerts.on_logs.checking import check_due as check_logs_due
from error_tracking.spikes import detect_spikes
from notifications import mail
from notifications.delivering import deliver_due
from tests.error_tracking.ingesting import exception, ingest, keep
from tests.factories import FingerprintFactory, IssueFactory, LogsAlertFactory
from tests.hogql.store import add_events

NOW = datetime(2026, 5, 13, 10, 30, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("analytics")


def insight(api, **query):
    r = api.post("insights/", {"name": "Sign-ups", "query": query})
    assert r.status_code == 201, r.content
    return r.json()["id"]


def trend(api, **more):
    return insight(
        api,
        kind="InsightVizNode",
        source={
            "kind": "TrendsQuery",
            "series": [{"kind": "EventsNode", "event": "signed up"}],
            "dateRange": {"date_from": "-90d"},
            **more,
        },
    )


def alert(api, insight, upper=None, lower=None, **body):
    type = body.pop("type", "absolute")
    r = api.post(
        "alerts/",
        {
            "insight": insight,
            "subscribed_users": [],
            "threshold": {
                "configuration": {"type": type, "bounds": {"lower": lower, "upper": upper}}
            },
            **body,
        },
    )
    assert r.status_code == 201, r.content
    return r.json()["id"]


def happen(project, counts: dict[int, int], step=timedelta(days=1), **fields):
    """So many sign-ups, so many steps ago."""
    add_events(
        project.id,
        *(
            {"event": "signed up", "time": NOW - ago * step, **fields}
            for ago, count in counts.items()
            for _ in range(count)
        ),
    )


def newest(api, id):
    body = api.get(f"alerts/{id}/").json()
    check = body["checks"][0]
    return check["state"], check["calculated_value"]


class TestTrends:
    def test_whole_and_running_days(self, api, project):
        happen(project, {0: 9, 1: 4, 2: 2, 3: 1, 40: 50})
        ongoing = {"type": "TrendsAlertConfig", "series_index": 0, "check_ongoing_interval": True}
        wanted = {
            alert(api, trend(api), upper=4): ("Not firing", 4),
            alert(api, trend(api), lower=5): ("Firing", 4),
            alert(api, trend(api), upper=8, config=ongoing): ("Firing", 9),
            alert(
                api,
                trend(api),
                upper=0.9,
                type="percentage",
                condition={"type": "relative_increase"},
            ): ("Firing", 1.0),
            alert(api, trend(api), upper=1, condition={"type": "relative_decrease"}): (
                "Not firing",
                -2,
            ),
        }

        assert check_due(NOW) == 5

        assert {id: newest(api, id) for id in wanted} == wanted

    def test_days_are_the_projects(self, api, project):
        project.timezone = "Pacific/Auckland"
        project.save()
        # It is 22:30 on the 13th there: the 12th was from 46.5 to 22.5 hours ago.
        add_events(
            project.id,
            *(
                {"event": "signed up", "time": NOW - timedelta(hours=hours)}
                for hours in (1, 22, 23, 45, 46, 47)
            ),
        )
        id = alert(api, trend(api), upper=100)
        check_due(NOW)
        assert newest(api, id) == ("Not firing", 3)

    @pytest.mark.parametrize(("interval", "hours"), [("hour", 1), ("week", 7 * 24)])
    def test_other_intervals(self, api, project, interval, hours):
        happen(project, {0: 9, 1: 4, 2: 2}, step=timedelta(hours=hours))
        id = alert(api, trend(api, interval=interval), upper=3)
        check_due(NOW)
        assert newest(api, id) == ("Firing", 4)

    def test_a_number_keeps_its_range(self, api, project):
        happen(project, {0: 9, 1: 4, 40: 50, 100: 1})
        number = trend(api, trendsFilter={"display": "BoldNumber"})
        id = alert(api, number, upper=60)
        check_due(NOW)
        assert newest(api, id) == ("Firing", 63)

    def test_every_value_of_a_breakdown(self, api, project):
        happen(project, {1: 2}, properties={"plan": "free"})
        happen(project, {1: 5}, properties={"plan": "pro"})
        by_plan = trend(api, breakdownFilter={"breakdown": "plan", "breakdown_type": "event"})
        fires, calm = alert(api, by_plan, upper=4), alert(api, by_plan, upper=10)
        check_due(NOW)
        assert newest(api, fires) == ("Firing", 5)
        assert newest(api, calm) == ("Not firing", None)
        assert "(pro)" in Alert.objects.get(id=fires).checks.get().breaches[0]

    def test_a_formula(self, api, project):
        happen(project, {1: 5})
        id = alert(api, trend(api, trendsFilter={"formula": "A * 10"}), upper=40)
        check_due(NOW)
        assert newest(api, id) == ("Firing", 50)

    def test_nothing_happened(self, api):
        id = alert(api, trend(api), lower=1)
        check_due(NOW)
        assert newest(api, id) == ("Firing", 0)


class TestSQL:
    def test_one_number(self, api, project):
        happen(project, {1: 5})
        sql = insight(api, kind="HogQLQuery", query="SELECT count() / 2 FROM events")
        id = alert(api, sql, upper=2)
        check_due(NOW)
        assert newest(api, id) == ("Firing", 2.5)

    def test_no_number(self, api, project):
        happen(project, {1: 5})
        sql = insight(api, kind="HogQLQuery", query="SELECT event, count() FROM events GROUP BY 1")
        id = alert(api, sql, upper=2)
        check_due(NOW)
        assert newest(api, id) == ("Errored", None)
        assert "2 columns" in Alert.objects.get(id=id).checks.get().error

    def test_a_query_that_cannot_run(self, api):
        sql = insight(api, kind="HogQLQuery", query="SELECT intDiv(1, number) FROM numbers(1)")
        id = alert(api, sql, upper=2)
        check_due(NOW)
        assert newest(api, id) == ("Errored", None)
        assert Alert.objects.get(id=id).checks.get().error


def test_simulation_finds_the_odd_day(api, project):
    now = datetime.now(UTC)
    add_events(
        project.id,
        *(
            {"event": "signed up", "time": now - timedelta(days=ago)}
            for ago in range(40)
            for _ in range(60 if ago == 2 else 5)
        ),
    )
    body = {"insight": trend(api), "detector_config": {"type": "zscore", "window": 20}}

    r = api.post("alerts/simulate/", {**body, "date_from": "-39d"})

    assert r.status_code == 200, r.content
    found = r.json()
    assert found["interval"] == "day"
    assert found["data"] == [5.0] * 37 + [60.0, 5.0]  # without today
    assert found["scores"][:20] == [None] * 20
    assert (found["triggered_indices"], found["anomaly_count"]) == ([37], 1)
    assert found["triggered_dates"] == [f"{now - timedelta(days=2):%Y-%m-%d}"]
    assert found["total_points"] == len(found["dates"]) == 39
    assert not Alert.objects.exists()


def test_simulation_by_breakdown_and_its_refusals(api, project):
    config = {"type": "iqr", "window": 5}
    by_plan = trend(api, breakdownFilter={"breakdown": "plan", "breakdown_type": "event"})
    add_events(
        project.id,
        *(
            {
                "event": "signed up",
                "time": datetime.now(UTC) - timedelta(days=days),
                "properties": {"plan": plan},
            }
            for days in range(10)
            for plan in ("free", "pro")
        ),
    )
    r = api.post("alerts/simulate/", {"insight": by_plan, "detector_config": config})
    assert {each["label"] for each in r.json()["breakdown_results"]} == {"free", "pro"}
    assert r.json()["total_points"] >= 9

    number = trend(api, trendsFilter={"display": "BoldNumber"})
    sql = insight(api, kind="HogQLQuery", query="SELECT 1")
    for sent, attr in (
        ({"insight": number, "detector_config": config}, "insight"),
        ({"insight": sql, "detector_config": config}, "insight"),
        ({"insight": by_plan}, "detector_config"),
        ({"insight": by_plan, "detector_config": {"type": "knn"}}, "detector_config"),
        ({"insight": trend(api), "detector_config": config, "series_index": 1}, "series_index"),
        ({"insight": trend(api), "detector_config": config, "date_from": "soon"}, "date_from"),
    ):
        r = api.post("alerts/simulate/", sent)
        assert (r.status_code, r.json()["attr"]) == (400, attr)


def test_one_destination_is_told_of_everything(api, project, user, outside, analytics):
    """Alerts on insights and logs, and issues that are new, come back and spike."""
    r = api.post(
        "hog_functions/",
        {
            "type": "internal_destination",
            "template_id": "template-webhook",
            "name": "On call",
            "enabled": True,
            "inputs": {
                "url": {"value": outside.url("/hook")},
                "body": {"value": {"event": "{event.event}", "url": "{event.url}"}},
            },
        },
    )
    assert r.status_code == 201, r.content
    id = alert(api, trend(api), lower=1, subscribed_users=[user.id])
    LogsAlertFactory(project=project, threshold_operator="below")
    issue = IssueFactory(project=project, status="resolved")
    FingerprintFactory(issue=issue, fingerprint="f")
    api.put("error_tracking/spike_detection_config/", {"threshold": 10})

    check_due(NOW)
    check_logs_due(NOW)
    ingest(exception(project, **{"$exception_fingerprint": "f"}))
    moment = NOW - timedelta(minutes=2)
    keep(*(exception(project, value="often", timestamp=moment) for _ in range(700)))
    detect_spikes(NOW)
    now = datetime.now(UTC) + timedelta(minutes=1)
    while deliver_due(now):
        pass
    mail.send_due(now)

    assert sorted(received.json()["event"] for received in outside.received) == [
        "$error_tracking_issue_created",
        "$error_tracking_issue_reopened",
        "$error_tracking_issue_spiking",
        "$insight_alert_firing",
        "$logs_alert_firing",
    ]
    assert [message.to for message in outbox.outbox] == [[user.email]]
    [check] = api.get(f"alerts/{id}/").json()["checks"]
    assert check["targets_notified"] is True
    assert Alert.objects.get(id=id).checks.get().targets_notified == {
        "users": [user.email],
        "destinations": 1,
    }
