from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from error_tracking.assignees import AssigneeField, assignee_of
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
    first_seen = serializers.SerializerMethodField()
    assignee = AssigneeField(source="assigned_user", allow_null=True, required=False)
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
            "first_seen": self.get_first_seen(issue),
            "assignee": assignee_of(issue.assigned_user_id),
            "external_issues": [
                ExternalReferenceSerializer(reference).data for reference in issue.tickets
            ],
            "cohort": self.get_cohort(issue),
            "fingerprint": self.get_fingerprint(issue),
            "severity": issue.severity,
        }

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_first_seen(self, issue):
        seen = [time for time in (issue.first_seen, issue.earliest_seen) if time]
        return iso(min(seen)) if seen else None

    @extend_schema_field({"type": ["object", "null"]})
    def get_cohort(self, issue):
        return None

    @extend_schema_field({"type": ["string", "null"]})
    def get_fingerprint(self, issue):
        return issue.earliest_fingerprint


class NewIssueSerializer(ModelSerializer):
    status = serializers.ChoiceField(Issue.Status.choices, required=False)
    first_seen = serializers.DateTimeField()
    assignee = AssigneeField(source="assigned_user", allow_null=True, required=False)
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


class MergeSerializer(Serializer):
    ids = serializers.ListField(child=serializers.UUIDField(), allow_empty=False)


class SplitOffSerializer(Serializer):
    fingerprint = serializers.CharField(trim_whitespace=False)
    name = serializers.CharField(required=False, allow_null=True, allow_blank=True)
    description = serializers.CharField(required=False, allow_null=True, allow_blank=True)

    def to_internal_value(self, data):
        """Older clients send bare fingerprints."""
        return super().to_internal_value({"fingerprint": data} if isinstance(data, str) else data)


class SplitSerializer(Serializer):
    fingerprints = SplitOffSerializer(many=True)


class AssignSerializer(Serializer):
    assignee = AssigneeField(allow_null=True, required=False, default=None)


class BulkSerializer(Serializer):
    ids = serializers.ListField(child=serializers.UUIDField())
    action = serializers.CharField()


class BulkStatusSerializer(Serializer):
    status = StatusField()


class CohortSerializer(Serializer):
    cohortId = serializers.IntegerField()  # noqa: N815 - its name in the API
