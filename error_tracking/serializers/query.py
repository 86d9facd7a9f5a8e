"""Queries on issues: what can be asked, and the answers."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from error_tracking.assignees import AssigneeField, assignee_of
from error_tracking.models import Issue
from error_tracking.reports.issue import IssueReport
from error_tracking.reports.issues import ALL, Numbers, Reported
from error_tracking.reports.occurrences import Verbosity
from error_tracking.reports.volumes import Bucket
from hogql.filters.model import TYPES, parse_properties
from posthog_clone.api.serializers import Serializer
from posthog_clone.api.times import iso

ORDERS = ["last_seen", "first_seen", "occurrences", "users", "sessions"]
MAX_SEARCH = 500
MAX_RESOLUTION = 200
MAX_OFFSET = 50_000


class ErrorTrackingDateRangeSerializer(Serializer):
    date_from = serializers.CharField(required=False, allow_null=True, default="-7d")
    date_to = serializers.CharField(required=False, allow_null=True, default=None)


class FilterListField(serializers.ListField):
    """Property filters that must all hold; no groups within."""

    child = serializers.DictField()

    def to_internal_value(self, data):
        filters = super().to_internal_value(data)
        for leaf in filters:
            if "values" in leaf:
                raise ValidationError("Groups of filters are not taken here, only filters.")
        try:
            parse_properties(filters, types=TYPES - {"hogql"})
        except ValidationError as error:
            raise ValidationError(error.detail) from error
        return filters


@extend_schema_field(
    {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
)
class TextsField(serializers.Field):
    """A text or a list of texts."""

    def to_internal_value(self, data: Any) -> list[str]:
        texts = data if isinstance(data, list) else [data]
        if not all(isinstance(text, str) for text in texts):
            raise ValidationError("A text or a list of texts is needed.")
        return texts

    def to_representation(self, value):
        return value


def text():
    return serializers.CharField(
        required=False, allow_null=True, allow_blank=True, default=None, max_length=MAX_SEARCH
    )


class ScopeSerializer(Serializer):
    dateRange = ErrorTrackingDateRangeSerializer(required=False, allow_null=True)  # noqa: N815
    filterTestAccounts = serializers.BooleanField(default=True)  # noqa: N815

    def scope(self) -> dict[str, Any]:
        """What the query says about the exceptions it wants, for reports.scope.Scope."""
        asked = self.validated_data
        date_range = asked.get("dateRange") or {}
        return {
            "date_from": date_range.get("date_from", "-7d"),
            "date_to": date_range.get("date_to"),
            "filter_test_accounts": asked["filterTestAccounts"],
        }


class SearchSerializer(ScopeSerializer):
    searchQuery = text()  # noqa: N815
    filterGroup = FilterListField(required=False, allow_null=True, default=list)  # noqa: N815
    orderDirection = serializers.ChoiceField(["ASC", "DESC"], default="DESC")  # noqa: N815
    offset = serializers.IntegerField(min_value=0, max_value=MAX_OFFSET, default=0)

    def scope(self):
        asked = self.validated_data
        return {
            **super().scope(),
            "search": asked["searchQuery"] or "",
            "properties": asked["filterGroup"] or [],
        }


class IssuesQuerySerializer(SearchSerializer):
    status = serializers.ChoiceField([*Issue.Status.values, ALL], default=Issue.Status.ACTIVE)
    assignee = AssigneeField(allow_null=True, required=False, default=None)
    orderBy = serializers.ChoiceField(ORDERS, default="occurrences")  # noqa: N815
    limit = serializers.IntegerField(min_value=1, max_value=100, default=25)
    volumeResolution = serializers.IntegerField(  # noqa: N815
        min_value=0, max_value=MAX_RESOLUTION, default=0
    )
    library = text()
    release = text()
    fingerprint = TextsField(required=False, allow_null=True, default=None)
    user = text()
    personId = serializers.UUIDField(required=False, allow_null=True, default=None)  # noqa: N815
    url = text()
    filePath = text()  # noqa: N815

    def scope(self):
        asked = self.validated_data
        return {
            **super().scope(),
            "library": asked["library"],
            "release": asked["release"],
            "fingerprints": asked["fingerprint"] or [],
            "user": asked["user"],
            "person_id": asked["personId"],
            "url": asked["url"],
            "file_path": asked["filePath"],
        }


class ErrorTrackingKindSerializer(IssuesQuerySerializer):
    """The same as a query kind: no status means all, and one issue may be asked for."""

    issueId = serializers.UUIDField(required=False, allow_null=True, default=None)  # noqa: N815
    status = serializers.ChoiceField([*Issue.Status.values, ALL], default=ALL, allow_null=True)
    filterTestAccounts = serializers.BooleanField(default=False)  # noqa: N815

    def validate_status(self, value):
        return value or ALL


class IssueQuerySerializer(ScopeSerializer):
    issueId = serializers.UUIDField()  # noqa: N815
    volumeResolution = serializers.IntegerField(  # noqa: N815
        min_value=0, max_value=MAX_RESOLUTION, default=0
    )
    includeSparkline = serializers.BooleanField(default=False)  # noqa: N815


class IssueEventsQuerySerializer(SearchSerializer):
    issueId = serializers.UUIDField()  # noqa: N815
    limit = serializers.IntegerField(min_value=1, max_value=20, default=1)
    verbosity = serializers.ChoiceField(
        [verbosity.value for verbosity in Verbosity], default=Verbosity.SUMMARY.value
    )
    onlyAppFrames = serializers.BooleanField(default=True)  # noqa: N815


# Answers


def basics(issue: Issue) -> dict[str, Any]:
    return {
        "id": str(issue.id),
        "fingerprint": issue.earliest_fingerprint,
        "name": issue.name,
        "description": issue.description,
        "status": issue.status,
        "severity": issue.severity,
        "first_seen": iso(issue.seen_first),
        "assignee": assignee_of(issue.assigned_user_id),
    }


def issue_row(reported: Reported) -> dict[str, Any]:
    numbers = reported.numbers
    row = basics(reported.issue)
    return {
        **row,
        "first_seen": row["first_seen"] or iso(numbers.first_seen),
        "last_seen": iso(numbers.last_seen),
        "library": numbers.library,
        "source": numbers.source,
        "aggregations": {
            **impact(numbers),
            "volumeRange": [bucket.count for bucket in reported.volume],
            "volume_buckets": buckets(reported.volume),
        },
    }


def issue_report(report: IssueReport, with_sparkline: bool) -> dict[str, Any]:
    found = {key: value for key, value in basics(report.issue).items() if value not in (None, "")}
    numbers = report.numbers
    if numbers is None:
        return {**found, "impact": {}}
    frame = report.top_frame or {}
    more = {
        "last_seen": iso(numbers.last_seen),
        "library": numbers.library,
        "source": numbers.source,
        "function": frame.get("function"),
        "top_in_app_frame": report.top_frame,
        "latest_release": report.latest_release,
        "impact": impact(numbers),
        "sparkline": buckets(report.volume or []) if with_sparkline else None,
    }
    return found | {key: value for key, value in more.items() if value is not None}


def impact(numbers: Numbers) -> dict[str, int]:
    return {
        "occurrences": numbers.occurrences,
        "users": numbers.users,
        "sessions": numbers.sessions,
    }


def buckets(volume: list[Bucket]) -> list[dict[str, Any]]:
    return [{"label": iso(bucket.start), "value": bucket.count} for bucket in volume]


def page(results: list, has_more: bool, limit: int, offset: int) -> dict[str, Any]:
    body = {"results": results, "hasMore": has_more, "limit": limit, "offset": offset}
    return {**body, "nextOffset": offset + limit} if has_more else body
