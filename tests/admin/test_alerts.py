"""Alerts in the admin."""

import pytest
from django.utils import timezone

from alerts.models import Alert, AlertCheck, AlertSubscription
from notifications.models import Email
from tests.alerts.conftest import answers  # noqa: F401 - a fixture
from tests.factories import (
    TREND,
    AlertFactory,
    InsightFactory,
    MembershipFactory,
    OrganizationFactory,
)

URL = "/admin/alerts/alert/"
pytestmark = pytest.mark.usefixtures("answers")


@pytest.fixture
def member(organization):
    return MembershipFactory(organization=organization)


def form(**fields):
    return {
        "name": "Too many",
        "enabled": "on",
        "condition_type": "absolute_value",
        "threshold_type": "absolute",
        "lower": "",
        "upper": "10",
        "series_index": "0",
        "calculation_interval": "hourly",
        "blocked_windows": "",
        "snoozed_until_0": "",
        "snoozed_until_1": "",
        "subscriptions-TOTAL_FORMS": "0",
        "subscriptions-INITIAL_FORMS": "0",
        "checks-TOTAL_FORMS": "0",
        "checks-INITIAL_FORMS": "0",
        **fields,
    }


def errors(response):
    assert response.status_code == 200, "It was saved."
    return " ".join(map(str, response.context["errors"]))


def act(admin, action, *alerts):
    data = {"action": action, "_selected_action": [str(alert.id) for alert in alerts]}
    response = admin.post(URL, data, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_an_alert_is_made_with_its_subscribers(admin, project, member):
    insight = InsightFactory(project=project, query=TREND)
    subscriber = {"subscriptions-TOTAL_FORMS": "1", "subscriptions-0-member": str(member.id)}
    data = form(insight=insight.id, blocked_windows="22:00-06:00", **subscriber)

    response = admin.post(f"{URL}add/", data)

    assert response.status_code == 302, errors(response)
    alert = Alert.objects.get()
    assert (alert.project, alert.insight, alert.name) == (project, insight, "Too many")
    assert alert.threshold.configuration == {
        "type": "absolute",
        "bounds": {"lower": None, "upper": 10},
    }
    assert alert.schedule_restriction == {"blocked_windows": [{"start": "22:00", "end": "06:00"}]}
    assert [each.member for each in alert.subscriptions.all()] == [member]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"series_index": "3"}, "out of range"),
        ({"lower": "20"}, "must not be greater"),
        ({"threshold_type": "percentage"}, "require an absolute threshold"),
        ({"blocked_windows": "22:00"}, "HH:MM"),
        ({"upper": "many"}, "Enter a number"),
    ],
)
def test_what_makes_no_sense_is_said(admin, project, fields, said):
    insight = InsightFactory(project=project, query=TREND)
    assert said in errors(admin.post(f"{URL}add/", form(insight=insight.id, **fields)))


def test_strangers_cannot_subscribe(admin, project):
    insight = InsightFactory(project=project, query=TREND)
    stranger = MembershipFactory(organization=OrganizationFactory())
    subscriber = {"subscriptions-TOTAL_FORMS": "1", "subscriptions-0-member": str(stranger.id)}
    response = admin.post(f"{URL}add/", form(insight=insight.id, **subscriber))
    assert "Not a member" in errors(response)
    assert not AlertSubscription.objects.exists()


def test_a_change_starts_anew(admin, project):
    alert = AlertFactory(project=project, state="Firing", next_check_at=timezone.now())
    data = form(insight=alert.insight_id, upper="99")
    response = admin.post(f"{URL}{alert.id}/change/", data)
    assert response.status_code == 302, errors(response)
    alert = Alert.objects.get()
    assert (alert.state, alert.next_check_at) == ("Not firing", None)
    assert alert.threshold.configuration["bounds"]["upper"] == 99


def test_the_page_draws_the_last_checks(admin, project):
    alert = AlertFactory(project=project, bounds={"lower": 1, "upper": 10})
    for value in (5, None, 12, 1.7976931348623157e308):
        AlertCheck.objects.create(alert=alert, calculated_value=value, state="Firing")

    content = admin.get(f"{URL}{alert.id}/change/").content.decode()

    assert content.count("<circle") == 4
    assert "upper 10" in content
    assert "lower 1" in content
    assert alert.title in admin.get(URL).content.decode()


def test_without_checks_it_says_so(admin, project):
    alert = AlertFactory(project=project)
    assert "No checks yet." in admin.get(f"{URL}{alert.id}/change/").content.decode()


def test_actions(admin, project, member):
    alert = AlertFactory(project=project, next_check_at=timezone.now(), subscribers=[member])

    assert "will be checked" in act(admin, "check_now", alert)
    assert Alert.objects.get().next_check_at is None
    act(admin, "snooze", alert)
    assert Alert.objects.get().state == "Snoozed"
    act(admin, "wake", alert)
    assert Alert.objects.get().state == "Not firing"
    assert member.user.email in act(admin, "send_test", alert)
    [email] = Email.objects.all()
    assert "(test)" in email.subject
    assert AlertCheck.objects.count() == 2  # of the snooze and its end


def test_a_check_shows_its_messages(admin, project, member):
    alert = AlertFactory(project=project)
    check = AlertCheck.objects.create(alert=alert, state="Firing")
    Email.objects.create(key=f"alert-firing:{check.id}", recipient="ada@example.com", subject="x")
    content = admin.get(f"/admin/alerts/alertcheck/{check.id}/change/").content.decode()
    assert "E-mail to ada@example.com: pending" in content


def test_deleting_takes_the_threshold_along(admin, project):
    alert = AlertFactory(project=project)
    admin.post(f"{URL}{alert.id}/delete/", {"post": "yes"})
    assert not Alert.objects.exists()
