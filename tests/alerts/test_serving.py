"""Alerts of a real server: it checks them by itself, soon after they are due."""

import threading
import time

import pytest

from alerts.checking import check_due
from posthog_clone.background import Background, Loop
from tests.live import PATIENCE_SECONDS

PROMISED_SECONDS = 10


def test_due_alerts_are_looked_for_well_within_what_is_promised():
    loops = [each for each in Background(threading.Event()).loops if isinstance(each, Loop)]
    looking = [loop.seconds for loop in loops if loop.step is check_due]
    assert looking
    assert max(looking) <= PROMISED_SECONDS / 2


@pytest.mark.live
def test_a_new_alert_is_checked(server):
    query = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "never"}]}
    insight = server.post("insights/", {"query": query})
    threshold = {"configuration": {"type": "absolute", "bounds": {"lower": 1}}}
    body = {"insight": insight["id"], "subscribed_users": [], "threshold": threshold}
    path = f"alerts/{server.post('alerts/', body)['id']}/"

    deadline = time.monotonic() + PATIENCE_SECONDS
    while not server.get(path)["checks"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)

    alert = server.get(path)  # the answer above may have been begun before the check
    assert alert["state"] == alert["checks"][0]["state"] == "Firing"
    assert alert["next_check_at"] > alert["last_checked_at"]
    server.call("PATCH", path, json={"enabled": False})
