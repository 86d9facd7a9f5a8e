"""The query kind LogsQuery, as clients send it to the project's query endpoint."""

from collections.abc import Mapping
from typing import Any

from hogql.kinds import Run
from logs.answers import page
from logs.search import build_search
from logs.serializers.queries import LogsQueryBodySerializer
from projects.models import Project


def answer(project: Project, query: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """A page of lines. Raises ValidationError for what can't be asked."""
    body = LogsQueryBodySerializer(data=dict(query))
    body.is_valid(raise_exception=True)
    search = build_search(project.id, body.validated_data, run.now)
    return page(search, dict(query), body.validated_data["excludeAttributes"])
