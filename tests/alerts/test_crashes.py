"""Workers that are killed in the middle of a check."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from alerts.checking import check_due
from alerts.models import Alert, AlertCheck
from notifications.models import Email
from tests.factories import AlertFactory, MembershipFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("clickhouse_schema"),
]
WORK = """
import os, signal, sys
import django
django.setup()
from django.conf import settings
from django.utils import timezone
settings.QUERY_KINDS = {**settings.QUERY_KINDS, "TrendsQuery": "tests.alerts.answering.answer"}
from alerts import checking
from tests.alerts import answering
answering.current.series(1, 12, 0)

def die(*args, **options):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "asking":
    answering.current.meanwhile = die
else:
    tell = checking.tell_firing
    checking.tell_firing = lambda *args: (tell(*args), die())
checking.check_due(timezone.now())
"""


def work(until: str) -> int:
    """Have a process of its own check alerts and be killed there; returns how it ended."""
    database = connection.settings_dict
    url = f"sqlite:///{database['NAME']}"
    if connection.vendor == "postgresql":
        user, host, port = (database[key] for key in ("USER", "HOST", "PORT"))
        url = f"postgres://{user}:{database['PASSWORD']}@{host}:{port}/{database['NAME']}"
    environment = {
        "DJANGO_SETTINGS_MODULE": "posthog_clone.settings",
        "DATABASE_URL": url,
        "SECRET_KEY": settings.SECRET_KEY,
    }
    done = subprocess.run(
        [sys.executable, "-c", WORK, until],
        cwd=settings.BASE_DIR,
        env={**os.environ, **environment},
        timeout=600,
    )
    return done.returncode


@pytest.mark.parametrize("until", ["asking", "telling"])
def test_what_a_killed_worker_was_at_is_checked_and_told_once(
    project, organization, answers, until
):
    alert = AlertFactory(
        project=project, subscribers=[MembershipFactory(organization=organization)]
    )

    assert work(until) == -signal.SIGKILL

    assert not AlertCheck.objects.exists()
    assert not Email.objects.exists()
    assert Alert.objects.get().claim is not None
    answers.series(1, 12, 0)
    now = timezone.now()
    assert check_due(now) == 0
    assert check_due(now + timedelta(seconds=31)) == 1
    assert alert.checks.get().state == "Firing"
    assert Email.objects.count() == 1
