import pytest

from tests.alerts import answering
from tests.factories import TREND, InsightFactory


@pytest.fixture
def answers(settings):
    """What the queries of insights give, said by the test: what alerts make of it is the matter."""
    answers = answering.Answers()
    answering.current = answers
    settings.QUERY_KINDS = {
        **settings.QUERY_KINDS,
        "TrendsQuery": "tests.alerts.answering.answer",
        "HogQLQuery": "tests.alerts.answering.answer",
    }
    return answers


@pytest.fixture
def insight(project):
    return InsightFactory(project=project, query=TREND)


@pytest.fixture
def body(insight):
    """Of a request for an alert, with what is required alone."""
    return {
        "insight": insight.id,
        "subscribed_users": [],
        "threshold": {"configuration": {"type": "absolute", "bounds": {"upper": 10}}},
    }
