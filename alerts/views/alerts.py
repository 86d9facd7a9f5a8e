"""Alerts on insights, their thresholds, and trying detectors out."""

from django.db.models import Prefetch
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from alerts import editing
from alerts.filters import AlertFilter, ChecksWanted
from alerts.models import Alert, Threshold
from alerts.serializers.alerts import (
    AlertSerializer,
    ListedAlertSerializer,
    ThresholdWithAlertSerializer,
)
from alerts.serializers.simulation import (
    AlertSimulateResponseSerializer,
    AlertSimulateSerializer,
)
from alerts.simulating import simulate
from insights.models import Insight
from projects.viewsets import ProjectViewSet

TERRAFORM = "posthog/terraform-provider"
CHECKS = [
    OpenApiParameter("checks_limit", int, description="How many checks: 5, at most 500."),
    OpenApiParameter("checks_offset", int, description="How many of the newest to pass over."),
    OpenApiParameter("checks_date_from", str, description="ISO 8601, or relative: `-24h`."),
    OpenApiParameter("checks_date_to", str, description="The same."),
]


def wants_objects(request: Request | None) -> bool:
    headers = request.headers if request else {}
    return headers.get("User-Agent", "").startswith(TERRAFORM) or "X-PostHog-Client" in headers


class AlertsAsWanted(ProjectViewSet):
    """Shows insights and users as numbers, as documented; as objects to clients that decode those:
    PostHog's Terraform provider and MCP server."""

    @property
    def wants_objects(self) -> bool:
        return wants_objects(self.request)

    def get_serializer_context(self):
        return {**super().get_serializer_context(), "as_objects": self.wants_objects}


@extend_schema_view(
    list=extend_schema(responses=AlertSerializer(many=True)),
    retrieve=extend_schema(parameters=CHECKS),
)
class AlertViewSet(AlertsAsWanted, ModelViewSet):
    """Alerts on an insight: checked on schedule, told to their subscribers and destinations."""

    scope_object = "alert"
    queryset = (
        Alert.objects.with_last_value()
        .select_related("threshold")
        .prefetch_related("created_by")
        .order_by("-created_at", "-id")
    )
    filterset_class = AlertFilter

    @property
    def lists_rows(self) -> bool:
        return self.action == "list" and not self.wants_objects

    def get_serializer_class(self):
        return ListedAlertSerializer if self.lists_rows else AlertSerializer

    def get_queryset(self):
        queryset = super().get_queryset().filter(insight__deleted=False)
        if self.lists_rows:
            return queryset.as_rows()
        return queryset.with_subscribed().select_related("project", "insight__created_by")

    def filter_queryset(self, queryset):
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def retrieve(self, request, *args, **kwargs):
        wanted = ChecksWanted.read(request.query_params, self.project, timezone.now())
        alert = self.get_object()
        checks, total = wanted.of(alert)
        context = {**self.get_serializer_context(), "checks": checks, "checks_total": total}
        return Response(AlertSerializer(alert, context=context).data)

    def perform_create(self, serializer):
        alert = editing.create_alert(
            self.project, serializer.validated_data, self.request.user, timezone.now()
        )
        serializer.instance = self.get_queryset().get(pk=alert.pk)

    def perform_update(self, serializer):
        editing.change_alert(
            serializer.instance, serializer.validated_data, self.request.user, timezone.now()
        )
        serializer.instance = self.get_queryset().get(pk=serializer.instance.pk)

    def perform_destroy(self, instance):
        editing.delete_alert(instance, self.request.user)

    @extend_schema(
        request=AlertSimulateSerializer, responses={200: AlertSimulateResponseSerializer}
    )
    @action(
        detail=False,
        methods=["post"],
        required_scopes=["alert:read", "insight:read"],
        filterset_class=None,
    )
    def simulate(self, request, **kwargs):
        """What a detector would have found in the past of an insight; changes nothing."""
        body = AlertSimulateSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        found = simulate(
            wanted["insight"],
            wanted["detector_config"],
            series_index=wanted["series_index"],
            date_from=wanted["date_from"],
            now=timezone.now(),
        )
        return Response(found)


class ThresholdViewSet(ListModelMixin, RetrieveModelMixin, AlertsAsWanted):
    """The thresholds of an insight's alerts; of an insight that is not there, none."""

    scope_object = "alert"
    rate_limit = "clickhouse"
    serializer_class = ThresholdWithAlertSerializer
    queryset = Threshold.objects.order_by("-created_at", "-id")

    def get_queryset(self):
        queryset = super().get_queryset()
        if self.project is None:
            return queryset
        insights = Insight.objects.live().filter(project=self.project)
        insights = insights.named(self.kwargs["insight_id"])
        alerts = Alert.objects.with_subscribed().select_related(
            "project", "threshold", "created_by", "insight__created_by"
        )
        return queryset.filter(insight__in=insights, alert__isnull=False).prefetch_related(
            Prefetch("alert", alerts)
        )
