import threading
from datetime import timedelta

import pytest
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction
from django.utils import timezone

from notifications import mail
from notifications.delivering import prune, run_due
from notifications.models import Email
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def send(key="alert-1", recipient="ada@x.org", **fields) -> bool:
    return mail.send_once(
        key, recipient, **{"subject": "Firing", "text": "It fires.", "html": "<b>x</b>", **fields}
    )


class Failing(EmailBackend):
    def send_messages(self, messages):
        raise ConnectionRefusedError("no mail server")


@pytest.fixture
def broken(settings):
    settings.EMAIL_BACKEND = f"{__name__}.Failing"


def test_an_email_is_sent_as_text_and_html(mailoutbox):
    assert send()
    assert run_due(timezone.now()) == 1

    (message,) = mailoutbox
    email = Email.objects.get()
    assert (message.subject, message.body, message.to) == ("Firing", "It fires.", ["ada@x.org"])
    assert message.alternatives[0].content == "<b>x</b>"
    assert message.extra_headers["Message-ID"] == f"<{email.id}@localhost>"
    assert (email.state, email.attempts) == ("sent", 1)


def test_once_per_key_and_recipient(mailoutbox):
    assert [send(), send(), send(recipient="bob@x.org"), send("alert-2")] == [
        True,
        False,
        True,
        True,
    ]
    run_due(timezone.now())
    assert not send()
    run_due(timezone.now())

    assert len(mailoutbox) == 3


def test_nothing_is_sent_of_what_did_not_happen(mailoutbox):
    with transaction.atomic():
        send()
        transaction.set_rollback(True)

    assert run_due(timezone.now()) == 0
    assert send()


def test_failures_are_tried_three_times_more(broken, settings, mailoutbox):
    send()
    now = timezone.now()

    made = [run_due(now + timedelta(minutes=n * 10)) for n in range(5)]

    assert made == [1, 1, 1, 1, 0]
    email = Email.objects.get()
    assert (email.state, email.error) == ("failed", "no mail server")
    assert not send()


def test_a_failure_that_passes(broken, settings, mailoutbox):
    send()
    run_due(timezone.now())
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert run_due(timezone.now()) == 0

    assert run_due(timezone.now() + timedelta(seconds=30)) == 1

    assert len(mailoutbox) == 1
    assert Email.objects.get().state == "sent"


def test_subjects_can_t_smuggle_headers(mailoutbox):
    send(subject="Firing\r\nBcc: eve@x.org\n" + "x" * 600)
    run_due(timezone.now())

    assert mailoutbox[0].subject.startswith("Firing Bcc: eve@x.org xxx")
    assert mailoutbox[0].recipients() == ["ada@x.org"]


def test_users_choose_what_they_get():
    user = UserFactory(preferences={"notification_settings": {"alerts": False, "other": True}})

    assert not mail.wants(user, "alerts")
    assert mail.wants(user, "other")
    assert mail.wants(user, "not said")
    assert mail.wants(UserFactory(), "alerts")
    assert mail.wants(UserFactory(preferences={"notification_settings": None}), "alerts")
    assert not mail.wants(UserFactory(is_active=False), "alerts")


def test_old_ones_are_forgotten(mailoutbox):
    send()
    run_due(timezone.now())

    assert prune(timezone.now()) == 0
    assert prune(timezone.now() + timedelta(days=31)) == 1
    assert not Email.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_several_workers_send_each_once(mailoutbox):
    for n in range(20):
        send(f"alert-{n}")

    def work():
        while mail.send_due(timezone.now()):
            pass
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(mailoutbox) == 20
    assert Email.objects.filter(state="sent", attempts=1).count() == 20
