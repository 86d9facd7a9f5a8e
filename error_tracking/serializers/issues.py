from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from error_tracking.assignees import NOBODY, AssigneeField
from error_tracking.models import Issue
from error_tracking.serializers.external_references import (
    ExternalReferenceSerializer,
    ReferenceOfNewIssueSerializer,
)
from posthog_clone.api.serializers import ModelSerializer, Serializer
from posthog_clone.api.times import iso

SETTABLE_STATUSES = [Issue.Status.ACTIVE, Issue.Status.RESOLVED, Issue.Status.SUPPRESSED]


class StatusField(serializers.ChoiceField):
    """A status that people may give an issue; the others are reached in other ways."""

    def __init__(self, **kwargs):
        super().__init__([status.value for status in SETTABLE_STATUSES], **kwargs)

    def to_representation(self, value):
        return str(value)


@extend_schema_serializer(
    examples=[
        OpenApiExample("Resolve", {"status": "resolved"}, request_only=True),
        OpenApiExample(
            "Rename and rate", {"name": "Checkout times out", "severity": "high"}, request_only=True
        ),
    ]
)
class IssueSerializer(ModelSerializer):
    status = StatusField(required=False)
    first_seen = serializers.DateTimeField(source="seen_first", read_only=True, allow_null=True)
    assignee = AssigneeField(allow_null=True, required=False)
    external_issues = ExternalReferenceSerializer(
        source="external_references", many=True, read_only=True
    )
    cohort = serializers.SerializerMethodField()
    fingerprint = serializers.SerializerMethodField()

    class Meta:
        model = Issue
        fields = [
            "id",
            "status",
            "name",
            "description",
            "first_seen",
            "assignee",
            "external_issues",
            "cohort",
            "fingerprint",
            "severity",
        ]

    def to_representation(self, issue):
        """By hand: a page through DRF's fields takes three times the rest of the request."""
        return {
            "id": str(issue.id),
            "status": issue.status,
            "name": issue.name,
            "description": issue.description,
            "first_seen": iso(issue.seen_first),
            "assignee": issue.assignee,
            "external_issues": [
                ExternalReferenceSerializer(reference).data for reference in issue.tickets
            ],
            "cohort": self.get_cohort(issue),
            "fingerprint": self.get_fingerprint(issue),
            "severity": issue.severity,
        }

    @extend_schema_field({"type": ["object", "null"]})
    def get_cohort(self, issue):
        cohort = issue.cohort
        if cohort is None or cohort.deleted:
            return None
        return {"id": cohort.id, "name": cohort.name}

    @extend_schema_field({"type": ["string", "null"]})
    def get_fingerprint(self, issue):
        return issue.earliest_fingerprint


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "An issue by hand",
            {
                "name": "Checkout times out",
                "description": "Reported by support",
                "first_seen": "2026-01-31T09:15:00Z",
                "severity": "high",
            },
            request_only=True,
        )
    ]
)
class NewIssueSerializer(ModelSerializer):
    status = serializers.ChoiceField(Issue.Status.choices, required=False)
    first_seen = serializers.DateTimeField()
    assignee = AssigneeField(allow_null=True, required=False)
    external_issues = ReferenceOfNewIssueSerializer(many=True, required=False, default=list)

    class Meta:
        model = Issue
        fields = [
            "status",
            "name",
            "description",
            "first_seen",
            "assignee",
            "external_issues",
            "severity",
        ]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Take in two issues",
            {
                "ids": [
                    "0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e",
                    "0197a3c4-1f20-7d35-8b6a-92c0e4f7a1b3",
                ]
            },
            request_only=True,
            description="The ids of the issues that disappear into the one of the path.",
        )
    ]
)
class IssueMergeSerializer(Serializer):
    ids = serializers.ListField(child=serializers.UUIDField(), allow_empty=False)


class IssueSplitOffSerializer(Serializer):
    fingerprint = serializers.CharField(trim_whitespace=False)
    name = serializers.CharField(required=False, allow_null=True, allow_blank=True)
    description = serializers.CharField(required=False, allow_null=True, allow_blank=True)

    def to_internal_value(self, data):
        """Older clients send bare fingerprints."""
        return super().to_internal_value({"fingerprint": data} if isinstance(data, str) else data)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two fingerprints leave",
            {
                "fingerprints": [
                    {"fingerprint": "checkout-timeout", "name": "Checkout times out"},
                    {"fingerprint": "login-timeout"},
                ]
            },
            request_only=True,
            description="Of this issue: `GET error_tracking/fingerprints/?issue_id=`",
        )
    ]
)
class IssueSplitSerializer(Serializer):
    fingerprints = IssueSplitOffSerializer(many=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "To a user",
            {"assignee": {"type": "user", "id": 1}},
            request_only=True,
            description="The id of a member's `user`: `GET /api/organizations/@current/members/`.",
        ),
        OpenApiExample("To nobody", {"assignee": None}, request_only=True),
    ]
)
class IssueAssignSerializer(Serializer):
    assignee = AssigneeField(allow_null=True, required=False, default=NOBODY)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Resolve",
            {
                "ids": [
                    "0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e",
                    "0197a3c4-1f20-7d35-8b6a-92c0e4f7a1b3",
                ],
                "action": "set_status",
                "status": "resolved",
            },
            request_only=True,
            description="The ids of issues: `GET error_tracking/issues/`.",
        ),
        OpenApiExample(
            "Assign to nobody",
            {"ids": ["0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e"], "action": "assign", "assignee": None},
            request_only=True,
            description="The ids of issues: `GET error_tracking/issues/`.",
        ),
    ]
)
class IssueBulkSerializer(Serializer):
    ids = serializers.ListField(child=serializers.UUIDField())
    action = serializers.CharField()


class IssueBulkStatusSerializer(Serializer):
    status = StatusField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Link a cohort",
            {"cohortId": 1},
            request_only=True,
            description="The id of a cohort: `GET cohorts/`.",
        )
    ]
)
class IssueCohortSerializer(Serializer):
    cohortId = serializers.IntegerField(  # noqa: N815 - its name in the API
        min_value=-(2**31), max_value=2**31 - 1
    )
