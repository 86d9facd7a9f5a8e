from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.response import Response

from error_tracking.assignees import wanted_assignee
from error_tracking.models import Issue
from error_tracking.reports.issue import report_issue
from error_tracking.reports.issues import Choice, report_issues
from error_tracking.reports.occurrences import (
    Verbosity,
    Wanted,
    logs_around,
    report_occurrences,
)
from error_tracking.reports.scope import Scope
from error_tracking.serializers.query import (
    IssueEventsQuerySerializer,
    IssueQuerySerializer,
    IssuesQuerySerializer,
    issue_report,
    issue_row,
    page,
)
from posthog_clone.api.times import iso
from projects.viewsets import ProjectViewSet

SPARKLINE_BUCKETS = 12


class ErrorTrackingQueryViewSet(ProjectViewSet):
    """Issues by what happened to them."""

    scope_object = "error_tracking"
    required_scopes = ["error_tracking:read"]
    rate_limit = "clickhouse"
    queryset = Issue.objects.all()
    pagination_class = None

    @extend_schema(request=IssuesQuerySerializer, responses=OpenApiTypes.OBJECT)
    @action(detail=False, methods=["post"])
    def issues(self, request, **kwargs):
        asked = self.read(IssuesQuerySerializer)
        fields = asked.validated_data
        choice = Choice(
            status=fields["status"],
            assignee=wanted_assignee(fields),
            conditions=asked.conditions(),
            order_by=fields["orderBy"],
            descending=fields["orderDirection"] == "DESC",
        )
        limit, offset = fields["limit"], fields["offset"]
        reported, has_more = report_issues(
            self.scope(asked), choice, limit, offset, fields["volumeResolution"]
        )
        return Response(page(list(map(issue_row, reported)), has_more, limit, offset))

    @extend_schema(request=IssueQuerySerializer, responses=OpenApiTypes.OBJECT)
    @action(detail=False, methods=["post"])
    def issue(self, request, **kwargs):
        asked = self.read(IssueQuerySerializer)
        fields = asked.validated_data
        issue = self.find(fields["issueId"])
        with_sparkline = fields["includeSparkline"] or fields["volumeResolution"] > 0
        resolution = fields["volumeResolution"] or SPARKLINE_BUCKETS
        report = report_issue(self.scope(asked, issue), issue, resolution if with_sparkline else 0)
        return Response(issue_report(report, with_sparkline))

    @extend_schema(request=IssueEventsQuerySerializer, responses=OpenApiTypes.OBJECT)
    @action(detail=False, methods=["post"])
    def issue_events(self, request, **kwargs):
        asked = self.read(IssueEventsQuerySerializer)
        fields = asked.validated_data
        limit, offset = fields["limit"], fields["offset"]
        found, has_more = report_occurrences(
            self.scope(asked, self.find(fields["issueId"])),
            limit,
            offset,
            descending=fields["orderDirection"] == "DESC",
        )
        wanted = Wanted(Verbosity(fields["verbosity"]), fields["onlyAppFrames"], fields["include"])
        lines = logs_around(self.project, found) if wanted.with_logs else [[]] * len(found)
        results = [
            {
                "uuid": str(each.uuid),
                "timestamp": iso(each.timestamp),
                "distinct_id": each.distinct_id,
                "properties": wanted.properties(each.properties),
                "logs": [wanted.line(line) for line in around],
            }
            for each, around in zip(found, lines, strict=True)
        ]
        return Response(page(results, has_more, limit, offset))

    def read(self, serializer_class):
        asked = serializer_class(data=self.request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        return asked

    def scope(self, asked, issue: Issue | None = None) -> Scope:
        ids = None if issue is None else [issue.id]
        return Scope(project=self.project, now=timezone.now(), issue_ids=ids, **asked.scope())

    def find(self, issue_id) -> Issue:
        return get_object_or_404(self.get_queryset().with_fingerprints(), id=issue_id)
