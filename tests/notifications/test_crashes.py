"""Senders that are killed in the middle of what they do."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from notifications import mail
from notifications.delivering import deliver_due
from notifications.events import emit
from notifications.models import Delivery, Email, HogFunction
from tests.notifications.standin import Reply

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("clickhouse_schema"),
]
WORK = """
import django
django.setup()
from django.utils import timezone
from notifications import delivering
delivering.run_due(timezone.now())
"""


def start_sender(**environment) -> subprocess.Popen:
    """A process of its own that delivers from the tests' database."""
    database = connection.settings_dict
    url = f"sqlite:///{database['NAME']}"
    if connection.vendor == "postgresql":
        user, host, port = (database[key] for key in ("USER", "HOST", "PORT"))
        url = f"postgres://{user}:{database['PASSWORD']}@{host}:{port}/{database['NAME']}"
    return subprocess.Popen(
        [sys.executable, "-c", WORK],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "posthog_clone.settings",
            "DATABASE_URL": url,
            "SECRET_KEY": settings.SECRET_KEY,
            "OUTBOUND_ALLOW": "127.0.0.1",
            **environment,
        },
    )


def test_a_delivery_whose_sender_was_killed_arrives(project, outside):
    HogFunction.objects.create(
        project=project,
        type="internal_destination",
        template_id="template-webhook",
        name="Hook",
        enabled=True,
        inputs={"url": {"value": outside.url()}, "headers": {"value": {"X-A": "{event.uuid}"}}},
    )
    emit(project, "x", "d", {})
    arrived, go_on = threading.Event(), threading.Event()

    def hang(request):
        arrived.set()
        go_on.wait(180)
        return Reply()

    outside.answer = hang
    sender = start_sender()
    assert arrived.wait(180)
    sender.send_signal(signal.SIGKILL)
    sender.wait()
    go_on.set()
    outside.always(200)

    claimed = Delivery.objects.get()
    assert (claimed.state, claimed.attempts) == ("pending", 1)
    assert deliver_due(timezone.now()) == 0
    assert deliver_due(timezone.now() + timedelta(seconds=30)) == 1

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("sent", 2)
    assert len({request.headers["x-a"] for request in outside.received}) == 1
    assert deliver_due(timezone.now() + timedelta(hours=1)) == 0


def test_an_email_whose_sender_was_killed_arrives(db, tmp_path, mailoutbox):
    """The backend hangs on a pipe that nobody reads."""
    mail.send_once("alert-1", "ada@x.org", "Firing", "It fires.")
    os.mkfifo(tmp_path / "pipe")
    sender = start_sender(
        EMAIL_BACKEND="tests.notifications.hanging_mail.EmailBackend",
        HANG_ON=str(tmp_path / "pipe"),
    )
    with open(tmp_path / "pipe") as pipe:  # the sender has opened it: it is at work
        assert pipe.readline() == "sending\n"
        sender.send_signal(signal.SIGKILL)
        sender.wait()

    assert mail.send_due(timezone.now()) == 0
    assert mail.send_due(timezone.now() + timedelta(minutes=3)) == 1

    assert Email.objects.get().state == "sent"
    assert len(mailoutbox) == 1
    assert not mail.send_once("alert-1", "ada@x.org", "Firing", "It fires.")
    assert mail.send_due(timezone.now() + timedelta(hours=1)) == 0
