"""Alerts over HTTP: what is made, shown, changed and deleted."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from alerts.models import Alert, AlertCheck, Threshold
from alerts.serializers.alerts import AlertSerializer
from notifications.models import HogFunction
from projects.models import ActivityLogEntry
from tests.factories import (
    TREND,
    AlertFactory,
    InsightFactory,
    MembershipFactory,
    OrganizationFactory,
    ProjectFactory,
    UserFactory,
)

pytestmark = pytest.mark.usefixtures("answers")
NULL_AFTER_POST = ["last_notified_at", "last_checked_at", "next_check_at", "snoozed_until"]


def refusal(response):
    assert response.status_code == 400, response.content
    body = response.json()
    return body["code"], body["attr"], body["detail"]


def test_an_alert_needs_insight_users_and_threshold_and_has_defaults(api, body, user):
    r = api.post("alerts/", body)

    assert r.status_code == 201, r.content
    alert = r.json()
    assert alert["insight"] == body["insight"]
    assert alert["subscribed_users"] == []
    assert alert["threshold"]["configuration"] == body["threshold"]["configuration"]
    assert alert["threshold"]["name"] == ""
    assert alert["condition"] == {"type": "absolute_value"}
    assert alert["config"] == {"type": "TrendsAlertConfig", "series_index": 0}
    assert (alert["name"], alert["state"], alert["enabled"]) == ("", "Not firing", True)
    assert (alert["calculation_interval"], alert["skip_weekend"]) == ("daily", False)
    assert alert["created_by"]["id"] == user.id
    assert (alert["checks"], alert["last_value"]) == ([], None)
    assert [alert[name] for name in NULL_AFTER_POST] == [None] * 4
    assert alert["schedule_restriction"] is alert["detector_config"] is None
    assert alert["investigation_inconclusive_action"] == "notify"
    assert alert["investigation_agent_enabled"] is False
    assert {*alert, "checks_total"} == {*AlertSerializer().fields}
    assert "checks_total" not in alert


def test_what_is_sent_is_echoed(api, body, user):
    sent = {
        **body,
        "name": "Too many",
        "subscribed_users": [user.id],
        "condition": {"type": "relative_increase"},
        "threshold": {
            "name": "bounds",
            "configuration": {"type": "percentage", "bounds": {"lower": None, "upper": 0.5}},
        },
        "config": {
            "type": "TrendsAlertConfig",
            "series_index": 0,
            "check_ongoing_interval": True,
        },
        "calculation_interval": "real_time",
        "skip_weekend": None,
        "enabled": False,
        "schedule_restriction": {"blocked_windows": [{"start": "22:00", "end": "06:00"}]},
    }

    alert = api.post("alerts/", sent).json()

    del alert["threshold"]["id"], alert["threshold"]["created_at"]
    assert {name: alert[name] for name in sent} == sent


def test_forms_hold_json(api, body):
    form = {
        "insight": body["insight"],
        "subscribed_users": "[]",
        "threshold": json.dumps(body["threshold"]),
        "snoozed_until": "2h",
    }
    r = api.post("alerts/", form, format="multipart")

    assert (r.status_code, r.json()["state"]) == (201, "Snoozed")
    r = api.post("alerts/", {**form, "threshold": "undefined"}, format="multipart")
    assert refusal(r)[:2] == ("invalid_input", "threshold")


@pytest.mark.parametrize("name", ["insight", "subscribed_users", "threshold"])
def test_required(api, body, name):
    del body[name]

    assert refusal(api.post("alerts/", body))[:2] == ("required", name)


class TestRefusals:
    def test_insights_that_are_not_there(self, api, body, project):
        deleted = InsightFactory(project=project, query=TREND, deleted=True)
        for insight in (10**9, 10**30, deleted.id, InsightFactory(query=TREND).id):
            r = api.post("alerts/", {**body, "insight": insight})
            assert refusal(r)[:2] == ("does_not_exist", "insight")

    @pytest.mark.parametrize("value", [True, 1.5, "x", {}, []])
    def test_insights_that_are_no_numbers(self, api, body, insight, value):
        value = insight.id + 0.5 if value == 1.5 else value
        r = api.post("alerts/", {**body, "insight": value})
        assert refusal(r)[:2] == ("incorrect_type", "insight")

    @pytest.mark.parametrize(
        "query",
        [
            None,
            {"kind": "LogsQuery"},
            {"kind": "NoSuchQuery"},
            {"kind": "InsightVizNode", "source": {"kind": "LogsQuery"}},
        ],
    )
    def test_insights_that_alerts_cannot_be_on(self, api, body, insight, query):
        insight.query = query
        insight.save()

        code, attr, detail = refusal(api.post("alerts/", body))

        assert (code, attr) == ("invalid_input", None)
        assert detail.startswith("Alerts are not supported for this insight")

    def test_users_who_are_not_there(self, api, body):
        for id in (10**9, UserFactory(is_active=False).id):
            r = api.post("alerts/", {**body, "subscribed_users": [id]})
            assert refusal(r)[:2] == ("does_not_exist", "subscribed_users")

    def test_users_of_another_organization(self, api, body):
        other = MembershipFactory(organization=OrganizationFactory())
        r = api.post("alerts/", {**body, "subscribed_users": [other.user_id]})
        assert refusal(r) == (
            "invalid_input",
            "subscribed_users",
            "User does not belong to the same organization as the alert's team.",
        )

    @pytest.mark.parametrize("users", ["x", [None], ["x"], [{}], {}, [[1]], [-1]])
    def test_users_that_are_no_ids(self, api, body, users):
        r = api.post("alerts/", {**body, "subscribed_users": users})
        assert refusal(r)[1] == "subscribed_users"

    @pytest.mark.parametrize(
        "configuration",
        [
            {},
            [],
            "x",
            {"bounds": {"upper": 1}},
            {"type": "relative", "bounds": {}},
            {"type": "absolute", "bounds": {"upper": "1"}},
            {"type": "absolute", "bounds": {"upper": True}},
            {"type": "absolute", "bounds": []},
            {"type": "absolute", "bounds": {"middle": 1}},
            {"type": "absolute", "bounds": {"upper": 1}, "more": 1},
            {"type": "absolute", "bounds": {"lower": 2, "upper": 1}},
        ],
    )
    def test_thresholds_that_make_no_sense(self, api, body, configuration):
        r = api.post("alerts/", {**body, "threshold": {"configuration": configuration}})
        assert refusal(r)[1] == "threshold__configuration"

    @pytest.mark.parametrize(
        "configuration",
        [
            {"type": "absolute"},
            {"type": "absolute", "bounds": None},
            {"type": "absolute", "bounds": {}},
            {"type": "absolute", "bounds": {"lower": None, "upper": None}},
            {"type": "absolute", "bounds": {"lower": 1, "upper": 1.0}},
        ],
    )
    def test_thresholds_that_do(self, api, body, configuration):
        r = api.post("alerts/", {**body, "threshold": {"configuration": configuration}})
        assert r.status_code == 201
        assert r.json()["threshold"]["configuration"] == configuration

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("condition", None, "invalid condition"),
            ("condition", {}, "invalid condition"),
            ("condition", {"type": "sideways"}, "invalid condition"),
            ("condition", {"type": ["absolute_value"]}, "invalid condition"),
            ("config", None, "Unsupported alert config type"),
            ("config", {"series_index": 0}, "Unsupported alert config type"),
            ("config", {"type": "Other"}, "Unsupported alert config type"),
            ("config", {"type": {}}, "Unsupported alert config type"),
            ("config", {"type": "TrendsAlertConfig"}, "invalid TrendsAlertConfig"),
            (
                "config",
                {"type": "TrendsAlertConfig", "series_index": -1},
                "invalid TrendsAlertConfig",
            ),
            (
                "config",
                {"type": "TrendsAlertConfig", "series_index": 0.5},
                "invalid TrendsAlertConfig",
            ),
            (
                "config",
                {"type": "TrendsAlertConfig", "series_index": True},
                "invalid TrendsAlertConfig",
            ),
            (
                "config",
                {"type": "TrendsAlertConfig", "series_index": 0, "x": 1},
                "invalid TrendsAlertConfig",
            ),
            (
                "config",
                {"type": "TrendsAlertConfig", "series_index": 0, "check_ongoing_interval": 1},
                "invalid TrendsAlertConfig",
            ),
            ("config", {"type": "TrendsAlertConfig", "series_index": 1}, "out of range"),
            ("config", {"type": "HogQLAlertConfig"}, "invalid HogQLAlertConfig"),
        ],
    )
    def test_conditions_and_settings(self, api, body, field, value, said):
        code, attr, detail = refusal(api.post("alerts/", {**body, field: value}))

        assert (code, attr) == ("invalid_input", None)
        assert said in detail

    def test_a_share_of_an_absolute_value(self, api, body):
        body["threshold"]["configuration"]["type"] = "percentage"
        detail = refusal(api.post("alerts/", body))[2]
        assert detail == (
            "Absolute value alerts require an absolute threshold, but a percentage threshold was "
            "configured"
        )

    @pytest.mark.parametrize(
        "display", ["BoldNumber", "ActionsPie", "ActionsBarValue", "ActionsTable", "WorldMap"]
    )
    def test_a_change_of_a_single_number(self, api, body, insight, display):
        insight.query = {**TREND, "trendsFilter": {"display": display}}
        insight.save()

        r = api.post("alerts/", {**body, "condition": {"type": "relative_decrease"}})

        assert "not compatible with non time series" in refusal(r)[2]
        assert api.post("alerts/", body).status_code == 201

    @pytest.mark.parametrize("kind", ["absolute_value", "relative_increase"])
    def test_a_running_interval_without_upper_bound(self, api, body, kind):
        config = {"type": "TrendsAlertConfig", "series_index": 0, "check_ongoing_interval": True}
        sent = {**body, "condition": {"type": kind}, "config": config}
        sent["threshold"] = {"configuration": {"type": "absolute", "bounds": {"lower": 1}}}

        assert "check_ongoing_interval is only supported" in refusal(api.post("alerts/", sent))[2]
        sent["condition"] = {"type": "relative_decrease"}
        assert api.post("alerts/", sent).status_code == 201

    def test_intervals(self, api, body):
        r = api.post("alerts/", {**body, "calculation_interval": "yearly"})
        assert refusal(r)[:2] == ("invalid_choice", "calculation_interval")
        id = api.post("alerts/", body).json()["id"]
        r = api.patch(f"alerts/{id}/", {"calculation_interval": None})
        assert refusal(r)[:2] == ("null", "calculation_interval")

    @pytest.mark.parametrize("value", [5, {}, True, "soon", "", "1x", "99999y"])
    def test_snoozes(self, api, body, value):
        r = api.post("alerts/", {**body, "snoozed_until": value})
        assert refusal(r)[1] == "snoozed_until"

    @pytest.mark.parametrize(
        "windows",
        [
            "x",
            [{}],
            [{"start": "22:00"}],
            [{"start": "22:00", "end": "22:00"}],
            [{"start": "22:00", "end": "22:29"}],
            [{"start": "22:00:00", "end": "23:00:00"}],
            [{"start": "24:00", "end": "23:00"}],
            [{"start": "1:00", "end": "3:00"}],
            [{"start": "00:00", "end": "12:00"}, {"start": "12:00", "end": "00:00"}],
            [{"start": f"{hour:02}:00", "end": f"{hour:02}:40"} for hour in range(6)],
        ],
    )
    def test_restrictions(self, api, body, windows):
        r = api.post("alerts/", {**body, "schedule_restriction": {"blocked_windows": windows}})
        assert refusal(r) == (
            "invalid_input",
            "schedule_restriction",
            "Invalid schedule restriction.",
        )

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("detector_config", {"type": "zscore"}),
            ("investigation_agent_enabled", True),
            ("investigation_gates_notifications", True),
            ("investigation_inconclusive_action", "suppress"),
        ],
    )
    def test_what_is_not_served(self, api, body, field, value):
        assert refusal(api.post("alerts/", {**body, field: value}))[1] == field
        assert api.post("alerts/", {**body, field: None}).status_code == 201


def test_no_windows_are_no_restriction_and_overlapping_ones_are_merged(api, body):
    windows = [
        {"start": "23:00", "end": "01:00"},
        {"start": "22:00", "end": "23:30"},
        {"start": "12:00", "end": "13:00"},
    ]
    r = api.post("alerts/", {**body, "schedule_restriction": {"blocked_windows": windows}})
    assert r.json()["schedule_restriction"] == {
        "blocked_windows": [
            {"start": "12:00", "end": "13:00"},
            {"start": "22:00", "end": "01:00"},
        ]
    }
    r = api.post("alerts/", {**body, "schedule_restriction": {"blocked_windows": []}})
    assert r.json()["schedule_restriction"] is None


def test_a_hogql_insight_takes_one_number(api, body, insight):
    insight.query = {
        "kind": "DataVisualizationNode",
        "source": {"kind": "HogQLQuery", "query": "SELECT count() FROM events"},
    }
    insight.save()

    assert api.post("alerts/", body).json()["config"] == {"type": "HogQLAlertConfig"}
    r = api.post("alerts/", {**body, "condition": {"type": "relative_increase"}})
    assert "not compatible with non time series" in refusal(r)[2]


class TestRepresentations:
    @pytest.fixture
    def alert(self, project, user):
        return AlertFactory(project=project, subscribers=[user.memberships.get()])

    @pytest.mark.parametrize(
        "headers",
        [
            {"User-Agent": "posthog/terraform-provider; version: 1.0.0"},
            {"X-PostHog-Client": "mcp"},
        ],
    )
    def test_objects_for_clients_that_decode_them(self, api, alert, user, headers):
        for path in ("alerts/", f"alerts/{alert.id}/"):
            plain = api.get(path).json()
            rich = api.get(path, headers=headers).json()
            plain, rich = (body.get("results", [body])[0] for body in (plain, rich))
            assert plain["insight"] == rich["insight"]["id"] == alert.insight_id
            assert plain["subscribed_users"] == [user.id]
            assert [each["email"] for each in rich["subscribed_users"]] == [user.email]
            same = {"insight": 0, "subscribed_users": 0}
            assert {**plain, **same} == {**rich, **same}
        assert rich["insight"]["short_id"] == alert.insight.short_id
        assert rich["insight"]["filters"] == {}
        assert rich["insight"]["user_access_level"] == "editor"

    def test_terraform_makes_reads_changes_and_deletes(self, api, body, user, insight):
        """As PostHog/terraform-provider-posthog's alert client calls, with nulls left out."""
        agent = {"User-Agent": "posthog/terraform-provider; version: 0.3.1"}
        sent = {
            "name": "From Terraform",
            "insight": insight.id,
            "enabled": True,
            "subscribed_users": [user.id],
            "threshold": {"configuration": {"type": "absolute", "bounds": {"upper": 100}}},
            "condition": {"type": "absolute_value"},
            "config": {"type": "TrendsAlertConfig", "series_index": 0},
            "calculation_interval": "hourly",
            "skip_weekend": False,
        }
        made = api.post("alerts/", sent, headers=agent)
        assert made.status_code == 201
        path = f"/api/environments/{api.project.id}/alerts/{made.json()['id']}/"
        decoded(made.json())

        changed = api.patch(
            path, {**sent, "name": "Renamed", "subscribed_users": []}, headers=agent
        )
        assert changed.status_code == 200
        read = decoded(api.get(path, headers=agent).json())
        assert (read["name"], read["subscribed_users"]) == ("Renamed", [])
        assert api.delete(path, headers=agent).status_code == 204
        assert api.get(path, headers=agent).status_code == 404


def decoded(alert: dict) -> dict:
    """What Go's decoder would refuse, it refuses."""
    assert isinstance(alert["insight"]["id"], int)
    assert all(isinstance(each["id"], int) for each in alert["subscribed_users"])
    assert isinstance(alert["created_by"], dict)
    assert isinstance(alert["checks"], list)
    for name in ("name", "state", "created_at", "calculation_interval"):
        assert isinstance(alert[name], str)
    for name in ("snoozed_until", "last_notified_at", "last_checked_at", "next_check_at"):
        assert alert[name] is None or isinstance(alert[name], str)
    return alert


class TestLists:
    def test_newest_first_without_checks_and_only_the_projects(self, api, project):
        older = AlertFactory(project=project, created_at=datetime(2026, 1, 1, tzinfo=UTC))
        newer = AlertFactory(project=project)
        AlertFactory()
        AlertCheck.objects.create(alert=older, calculated_value=4, state="Firing")

        body = api.get("alerts/").json()

        assert [row["id"] for row in body["results"]] == [str(newer.id), str(older.id)]
        assert [row["checks"] for row in body["results"]] == [[], []]
        assert [row["last_value"] for row in body["results"]] == [None, 4]

    def test_filters(self, api, project, user):
        mine = AlertFactory(project=project, name="Sign-ups fall", created_by=user)
        AlertFactory(project=project, name="Other")

        def ids(query):
            return [row["id"] for row in api.get(f"alerts/?{query}").json()["results"]]

        for query in (
            f"insight={mine.insight_id}",
            f"insight_id={mine.insight_id}",
            f"created_by={user.uuid}",
            "search=UPS",
        ):
            assert ids(query) == [str(mine.id)]
        assert refusal(api.get("alerts/?created_by=5"))[1] == "created_by"
        assert refusal(api.get("alerts/?search=" + "x" * 201))[1] == "search"
        assert refusal(api.get("alerts/?insight=x"))[1] == "insight"

    def test_costs_the_same_however_many(self, api, project, user, django_assert_max_num_queries):
        for _ in range(5):
            AlertFactory(project=project, created_by=user, subscribers=[user.memberships.get()])
        with django_assert_max_num_queries(9):
            assert api.get("alerts/", headers={"X-PostHog-Client": "mcp"}).status_code == 200

    def test_a_page_takes_six_queries(self, api, project, user, django_assert_num_queries):
        other = UserFactory()
        for author in (user, other, None):
            AlertFactory(project=project, created_by=author, subscribers=[user.memberships.get()])
        api.get("alerts/")  # notes that the key is used
        with django_assert_num_queries(6):  # key, project, count, alerts, authors, subscribers
            assert api.get("alerts/").json()["count"] == 3

    def test_a_page_shows_alerts_as_each_is_shown(self, api, project, user):
        colleagues = MembershipFactory.create_batch(2, organization=project.organization)
        AlertFactory(project=project, created_by=user, subscribers=[user.memberships.get()])
        AlertFactory(project=project, subscribers=colleagues[::-1], threshold__name="Bounds")
        AlertFactory(project=project, created_by=colleagues[0].user, name="", condition={})
        checked = AlertFactory(project=project, snoozed_until=timezone.now(), state="Snoozed")
        AlertCheck.objects.create(alert=checked, calculated_value=1.5, state="Firing")

        listed = api.get("alerts/").json()["results"]

        each = [api.get(f"alerts/{alert['id']}/").json() for alert in listed]
        for alert in each:
            del alert["checks_total"]
            alert["checks"] = []
        assert len(listed) == 4
        assert [list(alert) for alert in listed] == [list(alert) for alert in each]
        assert listed == each

    def test_alerts_of_deleted_insights_are_gone(self, api, project):
        alert = AlertFactory(project=project, insight__deleted=True)

        assert api.get("alerts/").json()["count"] == 0
        assert api.get(f"alerts/{alert.id}/").status_code == 404


class TestChecks:
    @pytest.fixture
    def alert(self, project):
        alert = AlertFactory(project=project)
        now = timezone.now()
        AlertCheck.objects.bulk_create(
            AlertCheck(
                alert=alert,
                calculated_value=n,
                state="Not firing",
                created_at=now - timedelta(hours=n),
            )
            for n in range(30)
        )
        return alert

    def values(self, api, alert, query=""):
        body = api.get(f"alerts/{alert.id}/?{query}").json()
        return [check["calculated_value"] for check in body["checks"]], body["checks_total"]

    @pytest.mark.parametrize(
        ("query", "first", "last", "total"),
        [
            ("", 0, 4, 30),
            ("checks_limit=x", 0, 4, 30),
            ("checks_limit=0", 0, 0, 30),
            ("checks_limit=7&checks_offset=3", 3, 9, 30),
            ("checks_limit=900&checks_offset=-3", 0, 29, 30),
            ("checks_date_from=-12h", 0, 11, 12),
            ("checks_date_to=-24h&checks_limit=2", 25, 26, 6),
        ],
    )
    def test_pages(self, api, alert, query, first, last, total):
        found, count = self.values(api, alert, query)

        if query.startswith("checks_date_to"):  # the day before, whatever the moment of the test
            first, last, total = found[0], found[-1], count
            assert (count, len(found)) == (30 - int(found[0]), 2)
        assert (found, count) == (list(range(int(first), int(last) + 1)), total)

    def test_a_time_that_is_none(self, api, alert):
        r = api.get(f"alerts/{alert.id}/?checks_date_from=soon")
        assert refusal(r)[1] == "checks_date_from"

    def test_what_a_check_shows(self, api, project):
        alert = AlertFactory(project=project)
        AlertCheck.objects.create(
            alert=alert,
            calculated_value=12.5,
            state="Firing",
            error="secret",
            targets_notified={"users": []},
        )

        [check] = api.get(f"alerts/{alert.id}/").json()["checks"]

        assert check["targets_notified"] is True
        assert (check["calculated_value"], check["state"]) == (12.5, "Firing")
        assert check["notification_suppressed_by_agent"] is False
        assert "error" not in check
        assert len(check) == 16


class TestChanges:
    @pytest.fixture
    def alert(self, project, user):
        now = timezone.now()
        return AlertFactory(
            project=project,
            state="Firing",
            next_check_at=now + timedelta(hours=1),
            last_checked_at=now,
            subscribers=[user.memberships.get()],
        )

    def change(self, api, alert, **body):
        r = api.patch(f"alerts/{alert.id}/", body)
        assert r.status_code == 200, r.content
        return r.json()

    def test_what_is_left_out_is_kept(self, api, alert, user):
        body = self.change(api, alert, name="New")

        assert (body["name"], body["state"]) == ("New", "Firing")
        assert body["subscribed_users"] == [user.id]
        assert body["next_check_at"] is not None

    def test_bounds_belong_to_the_same_threshold_and_are_looked_at_soon(self, api, alert):
        body = self.change(
            api,
            alert,
            threshold={"configuration": {"type": "absolute", "bounds": {"upper": 99}}},
        )

        assert body["threshold"]["id"] == str(alert.threshold_id)
        assert (body["state"], body["next_check_at"]) == ("Not firing", None)

    def test_the_same_bounds_change_nothing(self, api, alert):
        body = self.change(api, alert, threshold={"configuration": alert.threshold.configuration})
        assert (body["state"], body["next_check_at"] is None) == ("Firing", False)

    def test_another_condition_is_looked_at_soon(self, api, alert):
        body = self.change(api, alert, condition={"type": "relative_increase"})
        assert (body["state"], body["next_check_at"]) == ("Not firing", None)

    def test_another_interval_is_looked_at_soon_and_keeps_the_state(self, api, alert):
        body = self.change(api, alert, calculation_interval="hourly")
        assert (body["state"], body["next_check_at"]) == ("Firing", None)

    def test_disabling_calms_it_and_enabling_has_it_checked(self, api, alert):
        assert self.change(api, alert, enabled=False)["state"] == "Not firing"
        Alert.objects.update(next_check_at=timezone.now() + timedelta(days=3))
        assert self.change(api, alert, enabled=True)["next_check_at"] is None

    def test_subscribers_are_replaced(self, api, alert, organization):
        other = MembershipFactory(organization=organization)
        body = self.change(api, alert, subscribed_users=[other.user_id])
        assert body["subscribed_users"] == [other.user_id]

    def test_merged_with_what_is_kept_it_must_make_sense(self, api, alert):
        r = api.patch(
            f"alerts/{alert.id}/",
            {"threshold": {"configuration": {"type": "percentage", "bounds": {"upper": 1}}}},
        )
        assert "require an absolute threshold" in refusal(r)[2]

    def test_another_insight(self, api, alert, project):
        insight = InsightFactory(project=project, query=TREND)
        assert self.change(api, alert, insight=insight.id)["insight"] == insight.id
        assert Threshold.objects.get().insight == insight
        insight = InsightFactory(project=project, query={"kind": "LogsQuery"})
        r = api.patch(f"alerts/{alert.id}/", {"insight": insight.id})
        assert "not supported" in refusal(r)[2]

    def test_a_restriction_moves_the_next_check(self, api, alert):
        windows = [{"start": "00:30", "end": "23:30"}]
        body = self.change(api, alert, schedule_restriction={"blocked_windows": windows})
        assert body["next_check_at"][11:16] in {"23:30", "00:00"} or "T23:" in body["next_check_at"]
        moved = datetime.fromisoformat(body["next_check_at"])
        assert moved > timezone.now()
        assert (moved.hour, moved.minute) >= (23, 30) or (moved.hour, moved.minute) < (0, 30)

    def test_read_only_and_unknown_fields_are_ignored(self, api, alert):
        body = self.change(api, alert, state="Errored", id="x", last_checked_at=None, other=1)
        assert body["state"] == "Firing"

    def test_put_needs_what_post_needs(self, api, alert, body):
        assert refusal(api.put(f"alerts/{alert.id}/", {"name": "x"}))[0] == "required"
        r = api.put(f"alerts/{alert.id}/", {**body, "name": "Put"})
        assert (r.status_code, r.json()["name"]) == (200, "Put")

    def test_is_logged(self, api, alert, user):
        self.change(api, alert, name="New", enabled=False)

        entry = ActivityLogEntry.objects.get(activity="updated")
        assert (entry.scope, entry.item_id) == ("AlertConfiguration", str(alert.id))
        assert [change["field"] for change in entry.detail["changes"]] == ["name", "enabled"]

    def test_a_worker_that_is_at_it_loses_it(self, api, alert):
        now = timezone.now()
        Alert.objects.update(next_check_at=None)
        [claimed] = Alert.objects.claim(now, 10)
        self.change(api, alert, name="New")
        assert not Alert.objects.held_by([claimed]).exists()


class TestSnoozes:
    @pytest.fixture
    def alert(self, project):
        return AlertFactory(project=project, state="Firing")

    def test_until_a_time(self, api, alert):
        r = api.patch(f"alerts/{alert.id}/", {"snoozed_until": "2099-01-31T12:34:56"})

        body = r.json()
        assert (body["state"], body["snoozed_until"]) == ("Snoozed", "2099-01-31T12:34:56Z")
        [check] = alert.checks.all()
        assert (check.state, check.calculated_value) == ("Snoozed", None)

    def test_and_awake_again(self, api, alert):
        api.patch(f"alerts/{alert.id}/", {"snoozed_until": "1d"})
        body = api.patch(f"alerts/{alert.id}/", {"snoozed_until": None}).json()

        assert (body["state"], body["snoozed_until"]) == ("Not firing", None)
        states = alert.checks.order_by("created_at").values_list("state", flat=True)
        assert list(states) == ["Snoozed", "Not firing"]

    def test_null_to_one_that_is_awake_changes_nothing(self, api, alert):
        body = api.patch(f"alerts/{alert.id}/", {"snoozed_until": None}).json()
        assert (body["state"], alert.checks.count()) == ("Firing", 0)

    def test_other_bounds_leave_it_asleep(self, api, alert):
        api.patch(f"alerts/{alert.id}/", {"snoozed_until": "1w"})
        body = api.patch(
            f"alerts/{alert.id}/",
            {"threshold": {"configuration": {"type": "absolute", "bounds": {"upper": 1}}}},
        ).json()
        assert body["state"] == "Snoozed"


class TestDeletion:
    def test_takes_checks_and_destinations_along(self, api, project, user):
        alert = AlertFactory(project=project, subscribers=[user.memberships.get()])
        AlertCheck.objects.create(alert=alert, state="Firing")
        function = HogFunction.objects.create(
            project=project,
            type="internal_destination",
            template_id="template-webhook",
            name="Hook",
            enabled=True,
            filters={
                "events": [{"id": "$insight_alert_firing", "type": "events"}],
                "properties": [
                    {"key": "alert_id", "value": str(alert.id), "operator": "exact"},
                ],
            },
        )

        r = api.delete(f"alerts/{alert.id}/")

        assert (r.status_code, r.content) == (204, b"")
        assert not Alert.objects.exists()
        assert not Threshold.objects.exists()
        assert not AlertCheck.objects.exists()
        function.refresh_from_db()
        assert (function.deleted, function.enabled) == (True, False)
        assert api.get(f"alerts/{alert.id}/").status_code == 404

    def test_another_projects_is_not_found(self, api):
        alert = AlertFactory(project=ProjectFactory())
        for method in (api.get, api.delete, api.patch):
            assert method(f"alerts/{alert.id}/").status_code == 404
        assert Alert.objects.exists()

    def test_who_leaves_the_organization_is_no_subscriber(self, api, project, organization):
        member = MembershipFactory(organization=organization)
        alert = AlertFactory(project=project, subscribers=[member])
        member.delete()
        assert api.get(f"alerts/{alert.id}/").json()["subscribed_users"] == []


class TestThresholds:
    def test_of_an_insight_with_its_alert(self, api, project):
        alert = AlertFactory(project=project)
        AlertFactory(project=project)
        path = f"insights/{alert.insight_id}/thresholds/"

        [row] = api.get(path).json()["results"]

        assert row["id"] == str(alert.threshold_id)
        assert [each["id"] for each in row["alerts"]] == [str(alert.id)]
        assert api.get(f"{path}{row['id']}/").json() == row

    def test_of_no_insight(self, api, project):
        other = AlertFactory()
        for id in (other.insight_id, "x", 10**30):
            assert api.get(f"insights/{id}/thresholds/").json()["results"] == []
        path = f"insights/{other.insight_id}/thresholds/{other.threshold_id}/"
        assert api.get(path).status_code == 404


def test_simulation_needs_both_scopes(api_with_scopes, insight):
    r = api_with_scopes("alert:read").post("alerts/simulate/", {})
    assert (r.status_code, "insight:read" in r.json()["detail"]) == (403, True)
    assert (
        api_with_scopes("alert:read", "insight:read").post("alerts/simulate/", {}).status_code
        == 400
    )
