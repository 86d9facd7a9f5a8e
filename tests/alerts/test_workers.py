"""Several workers on PostgreSQL: alerts are checked once and told once, whoever is killed."""

import time
from contextlib import ExitStack

import psycopg
import pytest
import requests
from django.conf import settings

from tests.ingestion.test_production import Cluster
from tests.live import ANSWER_SECONDS, KEY

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(settings.EMBEDDED_DATABASE, reason="production runs on PostgreSQL"),
]
PROJECTS, ALERTS_EACH = 3, 4
SLOW = "SELECT sum(length(toString(sqrt(number)))) + {} FROM numbers(10000000)"
PATIENCE_SECONDS = 600


@pytest.fixture
def cluster(installation):
    with ExitStack() as stack:
        yield Cluster(installation, stack)


class Caller:
    def __init__(self, cluster):
        self.url = cluster.url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {KEY}"

    def post(self, path, body):
        answer = self.session.post(f"{self.url}/api/{path}", json=body, timeout=ANSWER_SECONDS)
        assert answer.status_code == 201, answer.text
        return answer.json()


def make_alerts(cluster) -> None:
    call = Caller(cluster)
    user = call.session.get(f"{cluster.url}/api/users/@me/", timeout=ANSWER_SECONDS).json()
    projects = [cluster.project_id] + [
        call.post("organizations/@current/projects/", {"name": f"Project {n}"})["id"]
        for n in range(1, PROJECTS)
    ]
    for project in projects:
        for n in range(ALERTS_EACH):
            query = {"kind": "HogQLQuery", "query": SLOW.format(n)}
            insight = call.post(f"projects/{project}/insights/", {"query": query})
            call.post(
                f"projects/{project}/alerts/",
                {
                    "insight": insight["id"],
                    "subscribed_users": [user["id"]],
                    "threshold": {"configuration": {"type": "absolute", "bounds": {"upper": 0}}},
                },
            )


def numbers(database, sql: str) -> list:
    return [number for (number,) in database.execute(sql).fetchall()]


CHECKS_EACH = "SELECT count(c.id) FROM alerts_alert a LEFT JOIN alerts_alertcheck c"
CHECKS_EACH += " ON c.alert_id = a.id GROUP BY a.id"
CLAIMS = "SELECT count(*) FROM alerts_alert WHERE claim IS NOT NULL"
MAILS_EACH = "SELECT count(*) FROM notifications_email GROUP BY key"
ERRORS = "SELECT error FROM alerts_alertcheck WHERE state != 'Firing'"


def test_each_alert_is_checked_once_and_told_once_though_workers_are_killed(cluster):
    make_alerts(cluster)
    deadline = time.monotonic() + PATIENCE_SECONDS
    with psycopg.connect(cluster.env["DATABASE_URL"], autocommit=True) as database:
        doomed = [cluster.start_worker() for _ in range(2)]
        while not numbers(database, CLAIMS)[0]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        for worker in doomed:
            worker.kill()
        for worker in doomed:
            worker.wait()
        held_by_the_dead = numbers(database, CLAIMS)[0]

        for _ in range(2):
            cluster.start_worker()
        while sum(numbers(database, CHECKS_EACH)) < PROJECTS * ALERTS_EACH:
            assert time.monotonic() < deadline, numbers(database, CHECKS_EACH)
            time.sleep(0.2)

        assert held_by_the_dead > 0
        assert numbers(database, ERRORS) == []
        assert numbers(database, CHECKS_EACH) == [1] * PROJECTS * ALERTS_EACH
        assert numbers(database, MAILS_EACH) == [1] * PROJECTS * ALERTS_EACH
        assert numbers(database, CLAIMS) == [0]
