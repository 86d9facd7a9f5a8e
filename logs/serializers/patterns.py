"""Kinds of log lines, as the API shows them."""

from rest_framework import serializers

from posthog_clone.api.serializers import Serializer


class LogPatternExampleSerializer(Serializer):
    body = serializers.CharField(help_text="Blanks collapsed and cut.")
    severity_text = serializers.CharField()
    service_name = serializers.CharField()
    timestamp = serializers.DateTimeField()


class LogPatternSerializer(Serializer):
    pattern = serializers.CharField(
        help_text="What lines have in common, with <uuid>, <ip>, <hex> and <num> for the rest."
    )
    count = serializers.IntegerField(help_text="Among the lines that were looked at.")
    estimated_count = serializers.IntegerField(help_text="Among all that match.")
    volume_share_pct = serializers.FloatField()
    error_count = serializers.IntegerField()
    estimated_error_count = serializers.IntegerField()
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    examples = LogPatternExampleSerializer(many=True)
    services = serializers.ListField(child=serializers.CharField())
    sparkline = serializers.ListField(child=serializers.IntegerField())
    severity_counts = serializers.DictField(child=serializers.IntegerField())
    match_regex = serializers.CharField(allow_null=True)
    match_literal = serializers.CharField(allow_null=True)


class LogsPatternsBucketSerializer(Serializer):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class LogsPatternsResponseSerializer(Serializer):
    patterns = LogPatternSerializer(many=True)
    scanned_count = serializers.IntegerField()
    total_count = serializers.IntegerField()
    sampled = serializers.BooleanField()
    sample_coverage_pct = serializers.FloatField()
    sparkline_buckets = LogsPatternsBucketSerializer(many=True)
