"""Questions answered: the query that was made of them, and what it gives, as messages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from rest_framework.exceptions import APIException, Throttled

import clickhouse
from hogql import kinds
from insights.concurrency import slot
from insights.max import planning
from insights.max.question import NotUnderstood
from insights.tables import table_of
from insights.tools import MAX_CELL, cell, table
from posthog_clone.api.errors import first_error
from projects.models import Project

MOST_ROWS = 200


def answer(project: Project, text: str, insight_type: str, now: datetime) -> list[dict[str, Any]]:
    """The messages in their order. Raises only what is for the client: to come again later."""
    try:
        plan = planning.make(project, text, insight_type, now)
    except NotUnderstood as reason:
        return [message("ai/failure", content=str(reason))]
    shown = message("ai/viz", query=text, plan=plan.text, answer=plan.query)
    try:
        with slot(project.id):
            found = kinds.answer(project, plan.query, kinds.Run(now=now))
    except (Throttled, clickhouse.Unavailable):
        raise
    except APIException as error:
        reason = str(first_error(error.detail)[1])
        return [shown, message("ai/failure", content=f"The query could not be run: {reason}")]
    return [shown, message("tool", tool_call_id=str(uuid4()), content=as_text(found))]


def message(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "message", "data": {"type": kind, "id": str(uuid4()), **fields}}


def as_text(found: Mapping[str, Any]) -> str:
    """The results as a table, for people and models to read."""
    results = table_of(found)
    rows = list(results.rows)
    if results.columns is None:
        columns = list(dict.fromkeys(key for row in rows for key in row))
        shown = [[row.get(column) for column in columns] for row in rows[:MOST_ROWS]]
    else:
        columns, shown = results.columns, rows[:MOST_ROWS]
    text = table([cell(column, MAX_CELL) for column in columns], shown, MAX_CELL)
    if len(rows) > MOST_ROWS:
        text += f"\n\nThese are the first {MOST_ROWS} rows of {len(rows)}."
    return text
