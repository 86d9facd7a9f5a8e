"""From a question to a query: by the rules, else by the operator's language model."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rest_framework.exceptions import ValidationError

from hogql import execution, kinds
from hogql.parser import parse_select
from insights.max import model, plans, queries, sql, vocabulary
from insights.max.question import NotUnderstood, Question
from insights.max.reading import read
from posthog_clone.api.errors import first_error
from projects.models import Project

KINDS = {
    "trends": "TrendsQuery",
    "funnel": "FunnelsQuery",
    "retention": "RetentionQuery",
    "sql": "HogQLQuery",
}
IS_SQL = re.compile(r"\s*(?:select\b|with\b.*\bselect\b)", re.IGNORECASE | re.DOTALL)
AS_IT_IS = "The question is a query already: runs it as it is."


@dataclass(frozen=True, slots=True)
class Plan:
    query: dict[str, Any]
    text: str
    """What the query does, in words."""


def make(project: Project, text: str, insight_type: str, now: datetime) -> Plan:
    """Raises NotUnderstood, whose message is the answer then."""
    names = vocabulary.of_project(project)
    refusal = None
    if IS_SQL.match(text):
        query = {"kind": "HogQLQuery", "query": text}
        refusal = why_refused(project, query, now)
        if refusal is None:
            if insight_type != "sql":
                raise NotUnderstood("This is a query already. Send it with insight_type `sql`.")
            return Plan(query, AS_IT_IS)
    try:
        return by_rules(project, text, insight_type, names, now)
    except NotUnderstood as reason:
        if refusal:
            raise NotUnderstood(f"The query is refused: {refusal}") from None
        if not model.is_configured():
            raise
        return by_model(project, text, insight_type, names, str(reason), now)


def by_rules(
    project: Project,
    text: str,
    insight_type: str,
    names: vocabulary.Vocabulary,
    now: datetime,
) -> Plan:
    question = read(text, insight_type, names, now.astimezone(ZoneInfo(project.timezone)))
    plan = Plan(query_of(question, insight_type), plans.plan(question))
    if refusal := why_refused(project, plan.query, now):
        raise NotUnderstood(f"The query that this asks for is refused: {refusal}")
    return plan


def query_of(question: Question, insight_type: str) -> dict[str, Any]:
    if insight_type == "sql":
        return {"kind": "HogQLQuery", "query": sql.query(question)}
    return queries.BUILDERS[question.shape](question)


def why_refused(project: Project, query: dict[str, Any], now: datetime) -> str | None:
    """What the query's own model has against it, and of SQL the compiler."""
    try:
        kinds.check(project, query)
        if query["kind"] == "HogQLQuery":
            tree = execution.prepared(parse_select(query["query"]), project, None, None, None, now)
            execution.compiled_for(tree, project)
    except ValidationError as error:
        path, reason = first_error(error.detail)
        where = ".".join(str(step) for step in path if isinstance(step, str))
        return f"{where}: {reason}" if where else str(reason)
    return None


def by_model(
    project: Project,
    text: str,
    insight_type: str,
    names: vocabulary.Vocabulary,
    reason: str,
    now: datetime,
) -> Plan:
    """What the model makes of the question; it gets a second chance when its query is refused."""
    conversation = model.Conversation(KINDS[insight_type], text, names, now)
    for _ in range(model.ATTEMPTS):
        try:
            proposal = conversation.ask()
        except model.Failed as error:
            raise NotUnderstood(f"{reason} The language model was of no help: {error}") from error
        if proposal.query is None:
            raise NotUnderstood(proposal.text or reason)
        refusal = (
            why_refused(project, proposal.query, now)
            if proposal.query.get("kind") == KINDS[insight_type]
            else f"kind: It must be {KINDS[insight_type]}."
        )
        if refusal is None:
            return Plan(proposal.query, proposal.text)
        conversation.refuse(refusal)
    raise NotUnderstood(f"{reason} The language model proposed a query that is refused: {refusal}")
