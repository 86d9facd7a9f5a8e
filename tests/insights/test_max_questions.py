"""The corpus of questions: how many the rules answer, and that they are honest about the rest."""

from collections import Counter

import pytest

from insights.max import planning
from insights.max.question import NotUnderstood
from tests.insights.questions import BEYOND_THE_RULES, NOW, QUESTIONS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]


def answer(project, insight_type, text):
    try:
        return planning.make(project, text, insight_type, NOW).query
    except NotUnderstood:
        return None


@pytest.mark.parametrize(
    ("insight_type", "text", "expected"), QUESTIONS, ids=[text for _, text, _ in QUESTIONS]
)
def test_a_question(shop, insight_type, text, expected):
    found = answer(shop, insight_type, text)
    assert found == (None if text in BEYOND_THE_RULES else expected)


def test_how_many_are_answered(shop):
    kinds = Counter()
    for insight_type, text, expected in QUESTIONS:
        if answer(shop, insight_type, text) is None:
            kinds["declined"] += 1
        else:
            assert expected is not None
            kinds["answered"] += 1
    assert len(QUESTIONS) == 74
    assert kinds == {"answered": 64, "declined": 10}
