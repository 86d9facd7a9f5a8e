"""Log lines and counts of them, as the API shows them."""

from typing import Any

from rest_framework import serializers

from logs.queries import Line
from posthog_clone.api.serializers import Serializer

NO_VALUE = "(no value)"


def line_object(line: Line) -> dict[str, Any]:
    return {
        "uuid": line.uuid,
        "timestamp": line.timestamp,
        "observed_timestamp": line.observed_timestamp,
        "body": line.body,
        "severity_text": line.severity_text,
        "level": line.severity_text,
        "severity_number": line.severity_number,
        "service_name": line.service_name,
        "trace_id": line.trace_id,
        "span_id": line.span_id,
        "trace_flags": line.trace_flags,
        "attributes": line.attributes,
        "resource_attributes": line.resource_attributes,
        "resource_fingerprint": str(line.resource_fingerprint),
        "instrumentation_scope": line.instrumentation_scope,
        "event_name": line.event_name,
        "live_logs_checkpoint": None,
    }


class LogEntrySerializer(Serializer):
    uuid = serializers.UUIDField()
    timestamp = serializers.DateTimeField()
    observed_timestamp = serializers.DateTimeField(help_text="When it was received.")
    body = serializers.CharField()
    severity_text = serializers.CharField()
    level = serializers.CharField(help_text="The same as severity_text.")
    severity_number = serializers.IntegerField()
    service_name = serializers.CharField()
    trace_id = serializers.CharField(help_text="32 hex digits; zeros when there is none.")
    span_id = serializers.CharField(help_text="16 hex digits; zeros when there is none.")
    trace_flags = serializers.IntegerField()
    attributes = serializers.DictField(child=serializers.CharField())
    resource_attributes = serializers.DictField(child=serializers.CharField())
    resource_fingerprint = serializers.CharField(help_text="The same for equal resources.")
    instrumentation_scope = serializers.CharField(help_text="`name@version`")
    event_name = serializers.CharField()
    live_logs_checkpoint = serializers.DateTimeField(allow_null=True)


class LogsQueryResponseSerializer(Serializer):
    query = serializers.DictField()
    results = LogEntrySerializer(many=True)
    hasMore = serializers.BooleanField()
    nextCursor = serializers.CharField(allow_null=True)
    maxExportableLogs = serializers.IntegerField()


class LogsSparklineBucketSerializer(Serializer):
    time = serializers.DateTimeField()
    level = serializers.CharField(required=False)
    severity = serializers.CharField(required=False)
    service = serializers.CharField(required=False)
    count = serializers.IntegerField()


class LogsCountResponseSerializer(Serializer):
    count = serializers.IntegerField()


class LogsCountRangeBucketSerializer(Serializer):
    date_from = serializers.DateTimeField()
    date_to = serializers.DateTimeField()
    count = serializers.IntegerField()


class LogsCountRangesResponseSerializer(Serializer):
    ranges = LogsCountRangeBucketSerializer(many=True)
    interval = serializers.CharField(help_text="A number and s, m, h or d.")


class LogsServiceAggregateSerializer(Serializer):
    service_name = serializers.CharField()
    log_count = serializers.IntegerField()
    error_count = serializers.IntegerField()
    error_rate = serializers.FloatField()


class LogsServicesSparklineBucketSerializer(Serializer):
    time = serializers.DateTimeField()
    service_name = serializers.CharField()
    count = serializers.IntegerField()


class LogsServicesResponseSerializer(Serializer):
    services = LogsServiceAggregateSerializer(many=True)
    sparkline = LogsServicesSparklineBucketSerializer(many=True)


class LogAttributeEntrySerializer(Serializer):
    name = serializers.CharField()
    propertyFilterType = serializers.ChoiceField(["log_attribute", "log_resource_attribute"])
    matchedOn = serializers.ChoiceField(["key", "value"])
    matchedValue = serializers.CharField(allow_null=True)


class LogsAttributesResponseSerializer(Serializer):
    results = LogAttributeEntrySerializer(many=True)
    count = serializers.IntegerField()


class LogAttributeValueSerializer(Serializer):
    id = serializers.CharField()
    name = serializers.CharField()


class LogsValuesResponseSerializer(Serializer):
    results = LogAttributeValueSerializer(many=True)
    refreshing = serializers.BooleanField()


class LogsFacetValueSerializer(Serializer):
    value = serializers.CharField()
    count = serializers.IntegerField()


class LogsFacetResponseSerializer(Serializer):
    results = LogsFacetValueSerializer(many=True)


class HasLogsSerializer(Serializer):
    hasLogs = serializers.BooleanField()
