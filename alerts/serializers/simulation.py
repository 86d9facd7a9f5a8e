"""Trying a detector out on an insight's past."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from alerts.detectors import read_detector
from alerts.serializers.alerts import InsightOfProject
from alerts.serializers.fields import DetectorField
from insights.models import Insight
from posthog_clone.api.serializers import Serializer


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "What is far from the mean",
            {
                "insight": 42,
                "detector_config": {"type": "zscore", "threshold": 0.95, "window": 30},
                "date_from": "-90d",
            },
            request_only=True,
            description="The id of an insight of trends: `GET insights/`.",
        )
    ]
)
class AlertSimulateSerializer(Serializer):
    insight = InsightOfProject(queryset=Insight.objects.none())
    detector_config = DetectorField()
    series_index = serializers.IntegerField(required=False, default=0, min_value=0)
    date_from = serializers.CharField(
        required=False,
        allow_null=True,
        default=None,
        help_text="How far back: `-30d`, `-24h`; by default what fills the window three times.",
    )

    def validate_detector_config(self, value):
        return read_detector(value)


class SimulatedSeriesSerializer(Serializer):
    data = serializers.ListField(child=serializers.FloatField())
    dates = serializers.ListField(child=serializers.CharField())
    scores = serializers.ListField(
        child=serializers.FloatField(allow_null=True),
        help_text="From 0 to 1; null where too few points come before.",
    )
    triggered_indices = serializers.ListField(child=serializers.IntegerField())
    triggered_dates = serializers.ListField(child=serializers.CharField())
    total_points = serializers.IntegerField()
    anomaly_count = serializers.IntegerField()


class SimulatedBreakdownSerializer(SimulatedSeriesSerializer):
    label = serializers.CharField()


class AlertSimulateResponseSerializer(SimulatedSeriesSerializer):
    interval = serializers.CharField(allow_null=True)
    breakdown_results = SimulatedBreakdownSerializer(many=True, required=False)
