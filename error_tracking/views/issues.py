from drf_spectacular.utils import (
    OpenApiParameter,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.mixins import CreateModelMixin, ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response

from error_tracking.creating import create_issue
from error_tracking.editing import ACTIVITY_SCOPE, edit_issue, edit_issues
from error_tracking.merging import SplitOff, merge_issues, split_issue
from error_tracking.models import Fingerprint, Issue
from error_tracking.serializers.issues import (
    IssueAssignSerializer,
    IssueBulkSerializer,
    IssueBulkStatusSerializer,
    IssueCohortSerializer,
    IssueMergeSerializer,
    IssueSerializer,
    IssueSplitSerializer,
    NewIssueSerializer,
)
from persons.models import Cohort
from posthog_clone.api.deletion import HardDeleteForbidden
from posthog_clone.api.updating import PutAsPatch
from projects.views.activity import ActivityMixin
from projects.viewsets import ProjectViewSet, as_uuid

MAX_VALUES = 100
SUCCESS = inline_serializer("ErrorTrackingSuccess", {"success": serializers.BooleanField()})
SPLIT = inline_serializer(
    "ErrorTrackingSplit",
    {
        "success": serializers.BooleanField(),
        "new_issue_ids": serializers.ListField(child=serializers.UUIDField()),
    },
)
VALUES = inline_serializer(
    "ErrorTrackingIssueValues",
    {
        "results": inline_serializer(
            "ErrorTrackingIssueValue", {"name": serializers.CharField()}, many=True
        ),
        "refreshing": serializers.BooleanField(),
    },
)
EXISTS = inline_serializer("ErrorTrackingIssueExists", {"exists": serializers.BooleanField()})
VALUE_FIELDS = {"name": "name", "issue_description": "description"}


class IssueViewSet(
    HardDeleteForbidden,
    CreateModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
    PutAsPatch,
    ActivityMixin,
    ProjectViewSet,
):
    scope_object = "error_tracking"
    queryset = Issue.objects.order_by("-created_at", "-id")
    serializer_class = IssueSerializer

    activity_scope = ACTIVITY_SCOPE

    def get_queryset(self):
        queryset = super().get_queryset()
        return queryset if self.action == "list" else queryset.shown()

    def paginate_queryset(self, queryset):
        """Fingerprints are looked up for the page alone: PostgreSQL would do so for every row that
        an offset passes over, half a second for a hundred thousand."""
        if self.action != "list":
            return super().paginate_queryset(queryset)
        page = super().paginate_queryset(queryset.values_list("pk", flat=True))
        shown = Issue.objects.of_ids(self.project, page).shown().in_bulk()
        return [shown[pk] for pk in page if pk in shown]

    @extend_schema(request=NewIssueSerializer, responses={201: IssueSerializer})
    def create(self, request, *args, **kwargs):
        issue = create_issue(self.project, self.read(NewIssueSerializer).validated_data)
        return self.shown(issue, status=201)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "fingerprint", description="Where this leads to another issue, the answer is 308."
            )
        ],
        responses={
            200: IssueSerializer,
            308: inline_serializer(
                "ErrorTrackingIssueMoved", {"issue_id": serializers.UUIDField()}
            ),
        },
    )
    def retrieve(self, request, pk, **kwargs):
        if hint := request.query_params.get("fingerprint"):
            fingerprint = find_fingerprint(self.project, hint)
            if fingerprint and fingerprint.issue_id != as_uuid(pk):
                return Response({"issue_id": fingerprint.issue_id}, status=308)
        return super().retrieve(request, pk=pk, **kwargs)

    def perform_update(self, serializer):
        edit_issue(serializer.instance, serializer.validated_data, by=self.request.user)

    @extend_schema(request=IssueMergeSerializer, responses=SUCCESS)
    @action(detail=True, methods=["post"])
    def merge(self, request, **kwargs):
        body = self.read(IssueMergeSerializer)
        merged = merge_issues(self.get_object(), body.validated_data["ids"])
        return Response({"success": merged})

    @extend_schema(request=IssueSplitSerializer, responses=SPLIT)
    @action(detail=True, methods=["post"])
    def split(self, request, **kwargs):
        body = self.read(IssueSplitSerializer)
        parts = [SplitOff(**part) for part in body.validated_data["fingerprints"]]
        new_ids = split_issue(self.get_object(), parts)
        return Response({"success": True, "new_issue_ids": new_ids})

    @extend_schema(request=IssueAssignSerializer, responses=SUCCESS)
    @action(detail=True, methods=["patch"])
    def assign(self, request, **kwargs):
        assignee = self.read(IssueAssignSerializer).validated_data
        edit_issue(self.get_object(), assignee, by=request.user)
        return Response({"success": True})

    @extend_schema(request=IssueCohortSerializer, responses=SUCCESS)
    @action(detail=True, methods=["put"])
    def cohort(self, request, **kwargs):
        id = self.read(IssueCohortSerializer).validated_data["cohortId"]
        issue = self.get_object()
        issue.cohort = get_object_or_404(Cohort.objects.live().filter(project=self.project), id=id)
        issue.save(update_fields=["cohort"])
        return Response({"success": True})

    @extend_schema(request=IssueBulkSerializer, responses=SUCCESS)
    @action(detail=False, methods=["post"])
    def bulk(self, request, **kwargs):
        body = self.read(IssueBulkSerializer).validated_data
        if body["action"] == "set_status":
            changes = self.read(IssueBulkStatusSerializer).validated_data
        elif body["action"] == "assign":
            changes = self.read(IssueAssignSerializer).validated_data
        else:
            return Response({"success": True})
        edit_issues(self.project, body["ids"], changes, by=request.user)
        return Response({"success": True})

    @extend_schema(
        parameters=[
            OpenApiParameter("key", enum=["name", "issue_description", "severity"]),
            OpenApiParameter("value", description="What the values have to contain, in any case."),
        ],
        responses=VALUES,
    )
    @action(detail=False, pagination_class=None)
    def values(self, request, **kwargs):
        key = request.query_params.get("key", "")
        part = request.query_params.get("value", "").replace("\0", "")
        found = [{"name": value} for value in values_of(self.project, key, part)]
        return Response({"results": found, "refreshing": False})

    @extend_schema(responses=EXISTS)
    @action(detail=False, pagination_class=None)
    def exists(self, request, **kwargs):
        return Response({"exists": Issue.objects.filter(project=self.project).exists()})

    def read(self, serializer_class):
        body = serializer_class(data=self.request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return body

    def shown(self, issue, **options):
        return Response(self.get_serializer(self.get_queryset().get(pk=issue.pk)).data, **options)


def find_fingerprint(project, fingerprint: str) -> Fingerprint | None:
    if "\0" in fingerprint:
        raise ValidationError({"fingerprint": "Null characters are not allowed."})
    return Fingerprint.objects.filter(project=project, fingerprint=fingerprint).first()


def values_of(project, key: str, part: str) -> list[str]:
    """The values of issues that contain `part`, for the completion of a filter."""
    if key == "severity":
        return [value for value in Issue.Severity.values if part.lower() in value]
    field = VALUE_FIELDS.get(key)
    if field is None:
        return []
    found = Issue.objects.filter(project=project, **{f"{field}__isnull": False})
    if part:
        found = found.filter(**{f"{field}__icontains": part})
    return list(found.order_by(field).values_list(field, flat=True).distinct()[:MAX_VALUES])
