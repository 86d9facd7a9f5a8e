"""The query kind ErrorTrackingQuery, as clients send it to the project's query endpoint."""

from collections.abc import Mapping
from typing import Any

from error_tracking.assignees import wanted_assignee
from error_tracking.reports.issues import ALL, Choice, report_issues
from error_tracking.reports.scope import Scope
from error_tracking.serializers.query import ErrorTrackingKindSerializer, issue_row, page
from hogql.kinds import Run
from projects.models import Project


def answer(project: Project, query: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """Issues, or with `issueId` that one, as a page whose `results` are always a list.

    Raises ValidationError for what can't be asked.
    """
    asked = ErrorTrackingKindSerializer(data=dict(query), context={"project": project})
    asked.is_valid(raise_exception=True)
    fields = asked.validated_data
    issue_id = fields["issueId"]
    scope = Scope(
        project=project,
        now=run.now,
        issue_ids=[issue_id] if issue_id else None,
        **asked.scope(),
    )
    choice = Choice(
        status=ALL if issue_id else fields["status"],
        assignee=wanted_assignee(fields),
        conditions=asked.conditions(),
        order_by=fields["orderBy"],
        descending=fields["orderDirection"] == "DESC",
    )
    limit, offset = fields["limit"], fields["offset"]
    reported, has_more = report_issues(scope, choice, limit, offset, fields["volumeResolution"])
    return page([issue_row(each) for each in reported], has_more, limit, offset)
