from datetime import timedelta

import pytest

from app_metrics.models import ExportRun
from app_metrics.recording import finish_run, start_run
from clickhouse import outbox
from tests.factories import ProjectFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]
PAYLOAD = {"path": "/api/projects/1/events/"}


def fail(table, row, reason):
    raise AssertionError(reason)


def test_an_export_that_succeeds(api, project, user):
    run = start_run(project, "7", PAYLOAD, user)

    (row,) = api.get("app_metrics/0/historical_exports/").json()["results"]
    assert row == {
        "created_at": run.created_at.isoformat().replace("+00:00", "Z"),
        "created_by": {
            "id": user.id,
            "uuid": str(user.uuid),
            "distinct_id": user.distinct_id,
            "first_name": "Ada",
            "last_name": "Lovelace",
            "email": user.email,
            "is_email_verified": None,
            "hedgehog_config": None,
            "role_at_organization": None,
        },
        "job_id": "7",
        "payload": PAYLOAD,
        "status": "not_finished",
    }

    run.created_at -= timedelta(seconds=5)
    run.save()
    finish_run(run, exported=1234)
    outbox.deliver(fail)

    detail = api.get("app_metrics/0/historical_exports/7/").json()
    assert set(detail) == {"summary", "metrics", "errors"}
    assert detail["summary"]["status"] == "success"
    assert 5 <= detail["summary"]["duration"] < 60
    assert detail["summary"]["finished_at"].endswith("Z")
    assert detail["metrics"]["totals"]["successes"] == 1234
    assert detail["errors"] == []
    exports = api.get("app_metrics/0/?category=exportEvents").json()["metrics"]
    assert exports["totals"]["successes"] == 1234


def test_an_export_that_fails_tells_its_error(api, project):
    run = start_run(project, "8", PAYLOAD, None)
    finish_run(run, error=ValueError("disk full"))
    outbox.deliver(fail)

    detail = api.get("app_metrics/0/historical_exports/8").json()

    assert detail["summary"]["status"] == "fail"
    assert detail["summary"]["created_by"] is None
    assert detail["metrics"]["totals"]["failures"] == 1
    assert detail["errors"][0]["error_type"] == "ValueError"


def test_a_run_that_starts_anew_is_the_same_run(project):
    run = start_run(project, "8", PAYLOAD, None)
    finish_run(run)
    again = start_run(project, "8", PAYLOAD, None)

    assert again.id == run.id
    assert ExportRun.objects.get().finished_at is None


def test_lists_are_newest_first_and_cost_the_same_whatever_their_length(
    api, project, django_assert_num_queries
):
    for n in range(5):
        start_run(project, str(n), PAYLOAD, UserFactory())
    start_run(ProjectFactory(), "elsewhere", PAYLOAD, None)

    with django_assert_num_queries(4):  # key, its last use, project, runs with their users
        rows = api.get("app_metrics/0/historical_exports/").json()["results"]

    assert [row["job_id"] for row in rows] == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize("id", ["1", "x", "hog-1", "0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e"])
def test_other_apps_have_none(api, project, id):
    start_run(project, "8", PAYLOAD, None)

    assert api.get(f"app_metrics/{id}/historical_exports/").json() == {"results": []}
    assert api.get(f"app_metrics/{id}/historical_exports/8/").status_code == 404


def test_unknown_jobs_are_not_found(api, project):
    start_run(ProjectFactory(), "8", PAYLOAD, None)

    assert api.get("app_metrics/0/historical_exports/8/").json()["detail"] == "Not found."
