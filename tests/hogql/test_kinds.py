from datetime import UTC, datetime

import pytest
from rest_framework.exceptions import ValidationError

from hogql.kinds import Run, answer, unwrapped

LOGS = {"kind": "LogsQuery", "limit": 5}


def test_wrappers_only_tell_how_to_show_a_query():
    wrapped = {"kind": "InsightVizNode", "source": {"kind": "DataTableNode", "source": LOGS}}
    assert unwrapped(wrapped) == LOGS
    assert unwrapped(LOGS) == LOGS


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"kind": None},
        {"kind": "NoSuchQuery"},
        {"kind": "InsightVizNode"},
        {"kind": "InsightVizNode", "source": []},
        {"kind": "DataTableNode", "source": {"kind": ["LogsQuery"]}},
    ],
)
def test_what_is_no_query(query):
    with pytest.raises(ValidationError) as refused:
        unwrapped(query)
    assert "query" in refused.value.detail


def test_wrappers_in_wrappers_end():
    query = LOGS
    for _ in range(100):
        query = {"kind": "InsightVizNode", "source": query}
    with pytest.raises(ValidationError):
        unwrapped(query)


@pytest.mark.django_db
@pytest.mark.usefixtures("analytics")
def test_each_kind_answers_for_itself(project):
    run = Run(now=datetime.now(UTC))
    assert answer(project, LOGS, run)["results"] == []
    assert answer(project, {"kind": "ErrorTrackingQuery"}, run)["results"] == []
