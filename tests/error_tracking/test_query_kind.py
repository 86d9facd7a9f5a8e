from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from rest_framework.exceptions import ValidationError

from error_tracking.models import Issue
from hogql import kinds
from tests.error_tracking.ingesting import exception, keep

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]

NOW = datetime.now(UTC)


def answer(project, body):
    return kinds.answer(project, {"kind": "ErrorTrackingQuery", **body}, kinds.Run(now=NOW))


@pytest.fixture
def issues(project):
    keep(
        *(
            exception(project, type, "bad", NOW - timedelta(hours=hours))
            for type, hours in [("A", 1), ("B", 2), ("B", 3)]
        )
    )
    return {issue.name: issue for issue in Issue.objects.all()}


def test_issues_as_clients_ask_for_them(project, issues):
    found = answer(
        project,
        {
            "kind": "ErrorTrackingQuery",
            "orderBy": "last_seen",
            "orderDirection": "DESC",
            "dateRange": {
                "date_from": (NOW - timedelta(days=1)).isoformat(),
                "date_to": NOW.isoformat(),
            },
            "volumeResolution": 1,
            "filterTestAccounts": False,
            "status": "active",
        },
    )
    assert [row["name"] for row in found["results"]] == ["A", "B"]
    assert found["results"][1]["aggregations"]["volumeRange"] == [2]


def test_one_issue_whatever_its_status(project, issues):
    Issue.objects.update(status="resolved")
    body = {"kind": "ErrorTrackingQuery", "issueId": str(issues["B"].id), "volumeResolution": 0}
    (row,) = answer(project, body)["results"]
    assert (row["id"], row["aggregations"]["occurrences"]) == (str(issues["B"].id), 2)
    assert answer(project, {**body, "issueId": str(uuid4())})["results"] == []


def test_without_a_status_all_are_meant(project, issues):
    Issue.objects.filter(name="A").update(status="archived")
    for body in [{}, {"status": None}, {"status": "all"}]:
        assert len(answer(project, body)["results"]) == 2
    assert len(answer(project, {"status": "archived"})["results"]) == 1


def test_what_can_not_be_asked(project):
    for body in [{"status": "gone"}, {"issueId": "x"}, {"limit": 0}]:
        with pytest.raises(ValidationError):
            answer(project, body)
