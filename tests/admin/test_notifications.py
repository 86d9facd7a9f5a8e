"""What operators do about destinations and what is sent to them."""

import pytest
from django.urls import reverse
from django.utils import timezone

from notifications import mail
from notifications.delivering import deliver_due
from notifications.events import emit
from notifications.models import Delivery, Email, HogFunction
from tests.factories import UserFactory


@pytest.fixture
def hook(project, outside):
    return HogFunction.objects.create(
        project=project,
        type="internal_destination",
        template_id="template-webhook",
        name="Hook",
        enabled=True,
        inputs={"url": {"value": outside.url()}},
        filters={"events": [{"id": "$insight_alert_firing"}]},
    )


def act(client, action, row):
    url = reverse(f"admin:notifications_{row._meta.model_name}_changelist")
    form = {"action": action, "_selected_action": [row.pk]}
    return client.post(url, form, follow=True).content.decode()


def test_a_test_event_is_sent(admin, hook, outside):
    page = act(admin, "send_test", hook)

    assert "Hook: Delivered in" in page
    assert outside.received[0].json()["event"]["event"] == "$insight_alert_firing"
    outside.always(500, b"oops")
    assert "Hook: HTTP status 500: oops" in act(admin, "send_test", hook)


def test_destinations_are_stopped(admin, hook):
    assert "1 disabled" in act(admin, "disable", hook)

    hook.refresh_from_db()
    assert not hook.enabled


def test_deliveries_are_shown_with_their_error_and_sent_again(
    admin, hook, outside, project, clickhouse_schema
):
    outside.always(404, b"gone")
    emit(project, "$insight_alert_firing", "team_1", {"alert_id": "a1"})
    deliver_due(timezone.now())
    delivery = Delivery.objects.get()

    page = admin.get(reverse("admin:notifications_delivery_changelist")).content.decode()
    assert "HTTP status 404: gone" in page
    page = admin.get(reverse("admin:notifications_delivery_change", args=[delivery.pk]))
    assert "alert_id" in page.content.decode()

    outside.always(200)
    assert "1 will be sent again" in act(admin, "requeue", delivery)
    deliver_due(timezone.now())
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("sent", "")
    assert "0 will be sent again" in act(admin, "requeue", delivery)


def test_emails_are_sent_again(admin, db):
    mail.send_once("key", "ada@x.org", "Subject", "Text")
    Email.objects.update(state="failed", finished_at=timezone.now(), error="no mail server")

    assert "1 will be sent again" in act(admin, "requeue", Email.objects.get())

    assert Email.objects.get().state == "pending"


def test_who_may_only_look_can_t_send(hook, outside, client):
    looker = UserFactory(is_staff=True)
    looker.user_permissions.add(
        *looker.user_permissions.model.objects.filter(codename="view_hogfunction")
    )
    client.force_login(looker)

    act(client, "send_test", hook)

    assert outside.received == []
