"""Queries on issues: what can be asked, and the answers."""

from typing import Any

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from error_tracking.assignees import NOBODY, AssigneeField
from error_tracking.models import Issue
from error_tracking.reports.issue import IssueReport
from error_tracking.reports.issues import ALL, Numbers, Reported
from error_tracking.reports.occurrences import GROUPS, Verbosity
from error_tracking.reports.volumes import Bucket
from hogql.filters.model import TYPES, parse_properties
from posthog_clone.api.serializers import Serializer
from posthog_clone.api.times import iso, parse_bound

ORDERS = ["last_seen", "first_seen", "occurrences", "users", "sessions"]
MAX_SEARCH = 500
MAX_PLACE = 1000
MAX_RESOLUTION = 200
MAX_OFFSET = 50_000


class BoundField(serializers.CharField):
    """A time, or how long ago, as `parse_bound` reads it; kept as it came."""

    def to_internal_value(self, data):
        text = super().to_internal_value(data)
        parse_bound(text, self.context["project"].tz, timezone.now())
        return text


class ErrorTrackingDateRangeSerializer(Serializer):
    date_from = BoundField(required=False, allow_null=True, default="-7d")
    date_to = BoundField(required=False, allow_null=True, default=None)


class FilterListField(serializers.ListField):
    """Property filters that must all hold; no groups within."""

    child = serializers.DictField()

    def __init__(self, *, on_issues: bool = False, **kwargs):
        self.on_issues = on_issues
        super().__init__(**kwargs)

    def to_internal_value(self, data):
        filters = super().to_internal_value(data)
        for leaf in filters:
            if "values" in leaf:
                raise ValidationError("Groups of filters are not taken here, only filters.")
            if self.on_issues and is_on_issue(leaf):
                issue_condition(leaf)
        of_events = [leaf for leaf in filters if not (self.on_issues and is_on_issue(leaf))]
        try:
            parse_properties(of_events, types=TYPES - {"hogql"})
        except ValidationError as error:
            raise ValidationError(error.detail) from error
        return filters


def is_on_issue(leaf: dict) -> bool:
    return leaf.get("type") == "error_tracking_issue"


def issue_condition(leaf: dict) -> Q:
    """A filter on the issue itself: there is one on its severity."""
    operator, value = leaf.get("operator") or "exact", leaf.get("value")
    if leaf.get("key") == "severity":
        if operator in ("is_set", "is_not_set"):
            return Q(severity__isnull=operator == "is_not_set")
        values = value if isinstance(value, list) else [value]
        if operator == "exact" and all(each in Issue.Severity.values for each in values):
            return Q(severity__in=values)
    raise ValidationError(
        "Filters of type error_tracking_issue are on the key severity, with the operators exact "
        f"({', '.join(Issue.Severity.values)}), is_set and is_not_set."
    )


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


def text(max_length: int = MAX_SEARCH):
    return serializers.CharField(
        required=False, allow_null=True, allow_blank=True, default=None, max_length=max_length
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


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Most frequent of the week",
            {
                "dateRange": {"date_from": "-7d"},
                "status": "active",
                "orderBy": "occurrences",
                "searchQuery": "timeout",
                "limit": 10,
            },
            request_only=True,
        ),
        OpenApiExample(
            "At checkout, in Chrome",
            {
                "url": "/checkout",
                "filterGroup": [
                    {"key": "$browser", "type": "event", "operator": "exact", "value": ["Chrome"]}
                ],
                "orderBy": "users",
                "volumeResolution": 24,
            },
            request_only=True,
        ),
    ]
)
class IssuesQuerySerializer(SearchSerializer):
    filterGroup = FilterListField(  # noqa: N815
        on_issues=True, required=False, allow_null=True, default=list
    )
    status = serializers.ChoiceField([*Issue.Status.values, ALL], default=Issue.Status.ACTIVE)
    assignee = AssigneeField(allow_null=True, required=False, default=NOBODY)
    orderBy = serializers.ChoiceField(ORDERS, default="occurrences")  # noqa: N815
    limit = serializers.IntegerField(min_value=1, max_value=100, default=25)
    volumeResolution = serializers.IntegerField(  # noqa: N815
        min_value=0, max_value=MAX_RESOLUTION, default=0
    )
    library = TextsField(required=False, allow_null=True, default=None)
    release = text()
    fingerprint = TextsField(required=False, allow_null=True, default=None)
    user = text()
    personId = serializers.UUIDField(required=False, allow_null=True, default=None)  # noqa: N815
    url = text(MAX_PLACE)
    filePath = text(MAX_PLACE)  # noqa: N815

    def conditions(self) -> Q:
        """What the filters ask of issues."""
        found = Q()
        for leaf in filter(is_on_issue, self.validated_data["filterGroup"] or []):
            found &= issue_condition(leaf)
        return found

    def scope(self):
        asked = self.validated_data
        of_events = [leaf for leaf in asked["filterGroup"] or [] if not is_on_issue(leaf)]
        return {
            **super().scope(),
            "properties": of_events,
            "libraries": asked["library"] or [],
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


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "The month of an issue",
            {
                "issueId": "0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e",
                "dateRange": {"date_from": "-30d"},
                "volumeResolution": 30,
            },
            request_only=True,
            description="The id of an issue: `GET error_tracking/issues/`.",
        )
    ]
)
class IssueQuerySerializer(ScopeSerializer):
    issueId = serializers.UUIDField()  # noqa: N815
    volumeResolution = serializers.IntegerField(  # noqa: N815
        min_value=0, max_value=MAX_RESOLUTION, default=0
    )
    includeSparkline = serializers.BooleanField(default=False)  # noqa: N815


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "The last occurrences, with stacks",
            {"issueId": "0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e", "verbosity": "stack", "limit": 5},
            request_only=True,
            description="The id of an issue: `GET error_tracking/issues/`.",
        )
    ]
)
class IssueEventsQuerySerializer(SearchSerializer):
    issueId = serializers.UUIDField()  # noqa: N815
    limit = serializers.IntegerField(min_value=1, max_value=20, default=1)
    verbosity = serializers.ChoiceField(
        [verbosity.value for verbosity in Verbosity], default=Verbosity.SUMMARY.value
    )
    include = serializers.ListField(
        child=serializers.ChoiceField(list(GROUPS)), required=False, allow_null=True, default=None
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
        "assignee": issue.assignee,
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
            "volumeRange": [bucket.count for bucket in numbers.volume],
            "volume_buckets": buckets(numbers.volume),
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
        "sparkline": buckets(numbers.volume) if with_sparkline else None,
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
