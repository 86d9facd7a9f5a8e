from drf_spectacular.utils import extend_schema_field
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


class IssueMergeSerializer(Serializer):
    ids = serializers.ListField(child=serializers.UUIDField(), allow_empty=False)


class IssueSplitOffSerializer(Serializer):
    fingerprint = serializers.CharField(trim_whitespace=False)
    name = serializers.CharField(required=False, allow_null=True, allow_blank=True)
    description = serializers.CharField(required=False, allow_null=True, allow_blank=True)

    def to_internal_value(self, data):
        """Older clients send bare fingerprints."""
        return super().to_internal_value({"fingerprint": data} if isinstance(data, str) else data)


class IssueSplitSerializer(Serializer):
    fingerprints = IssueSplitOffSerializer(many=True)


class IssueAssignSerializer(Serializer):
    assignee = AssigneeField(allow_null=True, required=False, default=NOBODY)


class IssueBulkSerializer(Serializer):
    ids = serializers.ListField(child=serializers.UUIDField())
    action = serializers.CharField()


class IssueBulkStatusSerializer(Serializer):
    status = StatusField()


class IssueCohortSerializer(Serializer):
    cohortId = serializers.IntegerField(  # noqa: N815 - its name in the API
        min_value=-(2**31), max_value=2**31 - 1
    )
