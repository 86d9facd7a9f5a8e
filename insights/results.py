"""What an insight shows beside itself: the answer to its query."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from rest_framework.exceptions import APIException, Throttled, ValidationError

from hogql.kinds import Run
from insights import answering, caching, running
from insights.answering import Question
from insights.caching import Kept
from insights.concurrency import slot
from insights.models import Insight
from insights.overrides import overridden
from insights.refreshing import Refresh
from insights.statuses import status_of
from posthog_clone.api.errors import body_of
from projects.models import Project, User

Answers = dict[int, dict[str, Any]]
"""By the insights' ids."""


def question_of(
    insight: Insight, project: Project, filters: Mapping | None, variables: Mapping | None
) -> Question | None:
    """What the insight asks; None when that is nothing, or nothing that is answered here."""
    if not insight.query:
        return None
    try:
        return Question.of(project, overridden(insight.query, filters, variables))
    except ValidationError:
        return None


def answers_of(
    insights: Sequence[Insight],
    project: Project,
    refresh: Refresh,
    *,
    now: datetime,
    user: User,
    filters: Mapping | None = None,
    variables: Mapping | None = None,
) -> Answers:
    """Kept or computed as `refresh` has it. Of several, one that fails says so in its own."""
    questions = {
        insight: question
        for insight in insights
        if (question := question_of(insight, project, filters, variables))
    }
    kept = caching.find_all(project, [question.key for question in questions.values()])
    answers = {}
    for insight, question in questions.items():
        found = kept.get(question.key)
        try:
            answers[insight.id] = answer_of(insight, question, found, refresh, now, user)
        except APIException as error:
            if len(insights) == 1 or isinstance(error, Throttled):
                raise
            failed = {"error": True, "complete": True, "error_message": body_of(error)["detail"]}
            answers[insight.id] = {"query_status": failed}
    return answers


def answer_of(
    insight: Insight,
    question: Question,
    found: Kept | None,
    refresh: Refresh,
    now: datetime,
    user: User,
) -> dict[str, Any]:
    is_fresh = not refresh.always and answering.fresh(found, now, lazy=refresh.lazy)
    if not refresh.computes or is_fresh:
        return answering.from_cache(question, found)
    query_id = str(uuid4())
    if refresh.waits or (refresh.waits_for_first and found is None):
        with slot(question.project.id):
            return answering.compute(question, Run(now=now, query_id=query_id))
    run = running.start(question, query_id, now=now, user=user, insight=insight)
    return answering.from_cache(question, found) | {"query_status": status_of(run, now)}
