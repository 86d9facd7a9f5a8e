"""Checks: what becomes of alerts that are due, and who is told."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

import clickhouse
from alerts import checking, telling
from alerts.checking import check_due, prune
from alerts.models import Alert, AlertCheck
from notifications.models import Delivery, Email, HogFunction
from tests.factories import TREND, AlertFactory, InsightFactory, MembershipFactory, ProjectFactory

NOW = datetime(2026, 5, 13, 10, 30, tzinfo=UTC)  # a Wednesday
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def member(organization):
    return MembershipFactory(organization=organization, user__email="ada@example.com")


@pytest.fixture
def make(project):
    """An alert that fires above 10."""

    def make(**fields):
        return AlertFactory(**{"project": project, "calculation_interval": "hourly", **fields})

    return make


@pytest.fixture
def hook(project):
    """A destination of one alert, or of all."""

    def hook(alert=None):
        alerts = [{"key": "alert_id", "value": str(alert.id), "operator": "exact"}] if alert else []
        return HogFunction.objects.create(
            project=project,
            type="internal_destination",
            template_id="template-webhook",
            name="Hook",
            enabled=True,
            inputs={"url": {"value": "https://example.com/"}},
            filters={
                "events": [{"id": "$insight_alert_firing", "type": "events"}],
                "properties": alerts,
            },
        )

    return hook


def fresh(alert):
    return Alert.objects.get(pk=alert.pk)


class TestOutcomes:
    def test_within_bounds(self, make, answers):
        alert = make(next_check_at=NOW - MINUTE)
        answers.series(3, 7, 100)

        assert check_due(NOW) == 1

        [check] = alert.checks.all()
        assert (check.state, check.calculated_value, check.created_at) == ("Not firing", 7, NOW)
        assert (check.targets_notified, check.error, check.breaches) == ({}, "", [])
        alert = fresh(alert)
        assert (alert.state, alert.last_checked_at, alert.last_notified_at) == (
            "Not firing",
            NOW,
            None,
        )
        assert alert.next_check_at == NOW - MINUTE + HOUR
        assert (alert.claim, alert.held_until) == (None, None)
        assert check_due(NOW) == 0

    def test_a_breach_is_told_by_mail_and_to_destinations(self, make, answers, hook, member):
        alert = make(subscribers=[member], name="Too <many>")
        hook(alert)
        hook(make(enabled=False))  # of another alert
        answers.series(3, 12, 100)

        check_due(NOW)

        [check] = alert.checks.all()
        assert (check.state, check.calculated_value) == ("Firing", 12)
        assert check.targets_notified == {"users": ["ada@example.com"], "destinations": 1}
        assert fresh(alert).last_notified_at == NOW
        [email] = Email.objects.all()
        assert email.recipient == "ada@example.com"
        assert email.subject == f"{telling.PRODUCT}: Too <many> is firing"
        url = f"/project/{alert.project_id}/insights/{alert.insight.short_id}?alert_id={alert.id}"
        for part in (
            f"http://localhost:8000{url}",
            "more than upper threshold (10.0)",
            alert.insight.title,
            alert.project.name,
        ):
            assert part in email.text
            assert part in email.html
        assert "Too <many> is firing." in email.text
        assert "Too &lt;many&gt;" in email.html
        [delivery] = Delivery.objects.all()
        assert delivery.event_uuid == check.id
        event = json.loads(delivery.payload)["event"]
        assert (event["event"], event["distinct_id"]) == (
            "$insight_alert_firing",
            f"team_{alert.project_id}",
        )
        assert event["properties"] == {
            "alert_id": str(alert.id),
            "alert_name": "Too <many>",
            "insight_name": alert.insight.title,
            "insight_id": alert.insight.short_id,
            "state": "Firing",
            "last_checked_at": "2026-05-13T10:30:00Z",
            "alert_mode": "threshold",
            "breaches": check.breaches[0],
        }

    def test_every_check_that_fires_tells_again(self, make, answers, member):
        alert = make(subscribers=[member])
        answers.series(3, 12, 100)
        for hours in range(3):
            check_due(NOW + hours * HOUR)
        assert (alert.checks.count(), Email.objects.count()) == (3, 3)

    def test_no_recipients_count_as_told(self, make, answers):
        alert = make()
        answers.series(3, 12, 100)
        check_due(NOW)
        assert alert.checks.get().targets_notified == {"users": [], "destinations": 0}

    def test_calm_again_is_not_told(self, make, answers, member):
        alert = make(subscribers=[member], state="Firing")
        answers.series(3, 4, 100)
        check_due(NOW)
        assert fresh(alert).state == "Not firing"
        assert not Email.objects.exists()

    def test_who_left_or_is_inactive_is_not_told(self, make, answers, organization):
        left = MembershipFactory(organization=organization)
        idle = MembershipFactory(organization=organization, user__is_active=False)
        make(subscribers=[left, idle])
        left.delete()
        answers.series(3, 12, 100)
        check_due(NOW)
        assert not Email.objects.exists()

    def test_a_query_that_fails_is_an_error_kept_for_operators(self, make, answers, member, api):
        alert = make(subscribers=[member])
        answers.error = RuntimeError("boom")

        check_due(NOW)

        [check] = alert.checks.all()
        assert (check.state, check.calculated_value) == ("Errored", None)
        assert "boom" in check.error
        alert = fresh(alert)
        assert (alert.state, alert.enabled) == ("Errored", True)
        assert alert.next_check_at == NOW + HOUR
        assert not Email.objects.exists()
        shown = api.get(f"alerts/{alert.id}/")
        assert shown.json()["checks"][0]["targets_notified"] is False
        assert b"boom" not in shown.content

    def test_a_failing_query_does_not_keep_others_from_being_checked(self, make, answers):
        bad, good = make(query={**TREND, "interval": "week"}), make()

        def fail_for_weeks():
            is_week = answers.asked[-1].get("interval") == "week"
            answers.error = ValueError("no") if is_week else None

        answers.meanwhile = fail_for_weeks
        assert check_due(NOW) == 2
        assert (fresh(bad).state, fresh(good).state) == ("Errored", "Not firing")

    def test_results_that_are_no_number(self, make, answers):
        alert = make(
            query={"kind": "HogQLQuery", "query": "SELECT 1, 2"},
            config={"type": "HogQLAlertConfig"},
        )
        answers.results = [[1, 2]]
        check_due(NOW)
        assert "2 columns" in alert.checks.get().error

    def test_a_store_that_is_away_means_later_not_never(self, make, answers):
        alert = make(next_check_at=NOW)
        answers.error = clickhouse.Unavailable()

        check_due(NOW)

        assert alert.checks.count() == 0
        assert fresh(alert).next_check_at == NOW
        assert check_due(NOW + timedelta(seconds=5)) == 0
        answers.error = None
        assert check_due(NOW + timedelta(seconds=35)) == 1
        assert fresh(alert).next_check_at == NOW + HOUR

    def test_what_no_longer_fits_the_insight_is_disabled_and_told(self, make, answers, member):
        alert = make(subscribers=[member], condition={"type": "relative_increase"})
        alert.insight.query = {**TREND, "trendsFilter": {"display": "BoldNumber"}}
        alert.insight.save()

        check_due(NOW)

        alert = fresh(alert)
        assert (alert.state, alert.enabled, alert.next_check_at) == ("Errored", False, None)
        [check] = alert.checks.all()
        assert (check.state, "non time series" in check.error) == ("Errored", True)
        [email] = Email.objects.all()
        assert "has been disabled" in email.subject
        assert "non time series" in email.text
        assert check_due(NOW + HOUR) == 0

    def test_alerts_on_the_same_query_share_its_answer(self, project, answers, make):
        insight = InsightFactory(project=project, query=TREND)
        twin = InsightFactory(project=project, query=dict(reversed(TREND.items())))
        absolute = make(insight=insight)
        relative = make(insight=twin, condition={"type": "relative_increase"})
        answers.series(1, 4, 12, 100)

        assert check_due(NOW) == 2

        assert [asked["dateRange"] for asked in answers.asked] == [{"date_from": "-3d"}]
        assert absolute.checks.get().calculated_value == 12
        assert relative.checks.get().calculated_value == 8

    def test_without_bounds_nothing_is_asked(self, make, answers):
        alert = make(bounds={})
        check_due(NOW)
        assert answers.asked == []
        assert alert.checks.get().calculated_value == 0


class TestWhoIsDue:
    @pytest.mark.parametrize(
        ("fields", "is_due"),
        [
            ({}, True),
            ({"next_check_at": NOW}, True),
            ({"next_check_at": NOW + MINUTE}, False),
            ({"enabled": False}, False),
            ({"insight__deleted": True}, False),
            ({"snoozed_until": NOW + MINUTE, "state": "Snoozed"}, False),
            ({"snoozed_until": NOW - MINUTE, "state": "Snoozed"}, True),
            ({"held_until": NOW + MINUTE}, False),
            ({"held_until": NOW - MINUTE}, True),
        ],
    )
    def test_due(self, make, answers, fields, is_due):
        alert = make(**fields)
        assert check_due(NOW) == int(is_due)
        assert alert.checks.count() == int(is_due)

    def test_an_expired_snooze_is_over(self, make, answers):
        alert = make(snoozed_until=NOW - MINUTE, state="Snoozed")
        answers.series(1, 12, 0)
        check_due(NOW)
        alert = fresh(alert)
        assert (alert.state, alert.snoozed_until) == ("Firing", None)

    def test_never_checked_first_then_the_more_frequent(self, make, answers, monkeypatch):
        due = NOW - MINUTE
        daily = make(calculation_interval="daily", next_check_at=due - HOUR)
        weekly = make(calculation_interval="weekly", next_check_at=due - 9 * HOUR)
        hourly = make(calculation_interval="hourly", next_check_at=due)
        new = make(calculation_interval="monthly")
        late = make(calculation_interval="hourly", next_check_at=due - HOUR)
        turn = Alert.objects.due(NOW).in_turn().values_list("id", flat=True)
        assert list(turn) == [each.id for each in (new, late, hourly, daily, weekly)]

    def test_a_projects_alerts_are_one_workers(self, make, answers):
        make()
        make()
        assert len(Alert.objects.claim(NOW, 1)) == 1
        assert Alert.objects.claim(NOW, 1) == []
        other = AlertFactory(project=ProjectFactory())
        assert Alert.objects.claim(NOW, 5) == [other]

    def test_a_dead_workers_claim_runs_out(self, make, answers):
        alert = make()
        Alert.objects.claim(NOW, 5)
        assert check_due(NOW + timedelta(seconds=20)) == 0
        assert check_due(NOW + timedelta(seconds=31)) == 1
        assert alert.checks.count() == 1


class TestQuiet:
    def test_weekends_are_skipped_without_a_check(self, make, answers, project):
        project.timezone = "Asia/Tokyo"
        project.save()
        friday_in_utc = datetime(2026, 5, 15, 16, 0, tzinfo=UTC)
        alert = make(skip_weekend=True, next_check_at=friday_in_utc)

        assert check_due(friday_in_utc) == 1

        assert (alert.checks.count(), answers.asked) == (0, [])
        alert = fresh(alert)
        assert (alert.next_check_at, alert.claim) == (friday_in_utc + HOUR, None)
        assert alert.last_checked_at is None
        monday = datetime(2026, 5, 17, 15, 0, tzinfo=UTC)
        Alert.objects.update(next_check_at=monday)
        check_due(monday)
        assert alert.checks.count() == 1

    def test_blocked_windows_put_it_off_to_their_end(self, make, answers, project):
        project.timezone = "Europe/Berlin"
        project.save()
        windows = [{"start": "12:00", "end": "13:15"}]
        alert = make(schedule_restriction={"blocked_windows": windows})
        assert check_due(NOW) == 1  # 12:30 in Berlin
        assert fresh(alert).next_check_at == datetime(2026, 5, 13, 11, 15, tzinfo=UTC)
        assert alert.checks.count() == 0
        check_due(datetime(2026, 5, 13, 11, 15, tzinfo=UTC))
        assert alert.checks.count() == 1


class TestChangesMeanwhile:
    """Somebody changes the alert while its query runs: what it gives is about what was."""

    def test_a_snooze_wins(self, make, answers, api, member):
        alert = make(subscribers=[member])
        answers.series(1, 12, 0)
        answers.meanwhile = lambda: api.patch(f"alerts/{alert.id}/", {"snoozed_until": "3d"})

        check_due(timezone.now())

        assert fresh(alert).state == "Snoozed"
        assert [check.state for check in alert.checks.all()] == ["Snoozed"]
        assert not Email.objects.exists()

    def test_new_bounds_are_checked_anew(self, make, answers, api):
        alert = make()
        answers.series(1, 12, 0)
        threshold = {"configuration": {"type": "absolute", "bounds": {"upper": 50}}}
        answers.meanwhile = lambda: api.patch(f"alerts/{alert.id}/", {"threshold": threshold})

        check_due(timezone.now())
        assert alert.checks.count() == 0
        answers.meanwhile = None
        check_due(timezone.now())
        assert alert.checks.get().state == "Not firing"

    def test_one_that_is_deleted_is_gone(self, make, answers, api, member):
        alert = make(subscribers=[member])
        answers.series(1, 12, 0)
        answers.meanwhile = lambda: api.delete(f"alerts/{alert.id}/")
        check_due(NOW)
        assert not AlertCheck.objects.exists()
        assert not Email.objects.exists()

    def test_a_worker_that_lost_its_claim_writes_nothing(self, make, answers, member):
        alert = make(subscribers=[member])
        answers.series(1, 12, 0)

        def another_worker_takes_over():
            answers.meanwhile = None
            assert check_due(NOW + MINUTE) == 1

        answers.meanwhile = another_worker_takes_over
        check_due(NOW)

        assert [check.created_at for check in alert.checks.all()] == [NOW + MINUTE]
        assert Email.objects.count() == 1


class TestFailuresToWrite:
    def test_nothing_is_left_half_written(self, make, answers, member, monkeypatch):
        alert = make(subscribers=[member])
        answers.series(1, 12, 0)
        with monkeypatch.context() as patch:
            patch.setattr(telling, "emit_all", lambda *args: 1 / 0)
            check_due(NOW)

        assert not AlertCheck.objects.exists()
        assert not Email.objects.exists()
        assert fresh(alert).state == "Not firing"
        assert check_due(NOW + timedelta(seconds=31)) == 1
        assert Email.objects.count() == alert.checks.count() == 1

    def test_the_others_are_written(self, make, answers, monkeypatch):
        alerts = [make() for _ in range(3)]
        answers.series(1, 12, 0)
        emit_all = telling.emit_all

        def fail_for_the_first(project, events):
            if any(event.properties["alert_id"] == str(alerts[0].id) for event in events):
                raise RuntimeError("no")
            return emit_all(project, events)

        monkeypatch.setattr(telling, "emit_all", fail_for_the_first)
        check_due(NOW)
        assert [alert.checks.count() for alert in alerts] == [0, 1, 1]


def test_a_round_ends_and_what_is_left_is_had_at_once(make, answers, monkeypatch):
    for week in range(3):
        make(query={**TREND, "n": week})
    monkeypatch.setattr(checking, "ROUND", timedelta(0))
    check_due(NOW)
    assert AlertCheck.objects.count() == 0
    monkeypatch.undo()
    check_due(NOW)
    assert AlertCheck.objects.count() == 3


@pytest.mark.parametrize("newest", [7, 12])
def test_many_cost_as_few_queries_as_one(
    make, answers, hook, member, newest, django_assert_max_num_queries
):
    """Whether they fire or not."""
    hook()
    for _ in range(40):
        make(subscribers=[member])
    answers.series(3, newest, 100)
    with django_assert_max_num_queries(25):
        check_due(NOW)
    assert AlertCheck.objects.count() == 40
    assert Email.objects.count() == Delivery.objects.count() == (40 if newest == 12 else 0)


def test_alerts_of_one_insight_are_taken_up_together(project, make, answers, monkeypatch):
    monkeypatch.setattr(checking, "AT_ONCE", 2)
    one, other, third = (InsightFactory(project=project, query=TREND | {"n": n}) for n in range(3))
    for insight in (one, other, third, one, other, third):
        make(insight=insight, calculation_interval="daily")
    answers.series(3, 7, 100)

    assert check_due(NOW) == 4

    assert len(answers.asked) == 2
    assert check_due(NOW) == 2
    assert len(answers.asked) == 3


def test_checks_are_kept_for_two_weeks(make):
    alert = make()
    for days in (0, 13, 15, 30):
        AlertCheck.objects.create(
            alert=alert, state="Firing", created_at=NOW - timedelta(days=days)
        )
    assert prune(NOW) == 2
    assert prune(NOW) == 0
    assert alert.checks.count() == 2


class TestInsights:
    """What happens to an insight happens to its alerts."""

    def test_a_deleted_one_takes_its_alerts_along(self, make, api, answers):
        alert, kept = make(), make()
        assert api.patch(f"insights/{alert.insight_id}/", {"deleted": True}).status_code == 200
        assert list(Alert.objects.all()) == [kept]

    @pytest.mark.parametrize(
        ("query", "is_kept"),
        [
            ({"kind": "DatabaseSchemaQuery"}, False),
            (None, False),
            ({"kind": "InsightVizNode", "source": {**TREND, "interval": "week"}}, True),
        ],
    )
    def test_another_query_may(self, make, api, answers, query, is_kept):
        alert = make()
        assert api.patch(f"insights/{alert.insight_id}/", {"query": query}).status_code == 200
        assert Alert.objects.exists() == is_kept
