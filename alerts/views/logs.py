"""Alerts on logs, at logs/alerts."""

from django.db.models import Prefetch
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from alerts.models import LogsAlert, LogsAlertEvent
from alerts.on_logs import editing, routing
from alerts.on_logs.simulating import simulate
from alerts.on_logs.timeline import LENGTH
from alerts.serializers.logs import (
    LogsAlertCreateDestinationSerializer,
    LogsAlertDeleteDestinationSerializer,
    LogsAlertDestinationResponseSerializer,
    LogsAlertEventSerializer,
    LogsAlertSerializer,
    LogsAlertSimulateResponseSerializer,
    LogsAlertSimulateSerializer,
)
from projects.viewsets import ProjectViewSet

READ = [("logs:read", "error_tracking:read")]


class LogsAlertViewSet(ProjectViewSet, ModelViewSet):
    """Alerts on how many log lines there were in the last minutes, checked every five minutes.

    They tell destinations: internal events `$logs_alert_firing`, `$logs_alert_resolved`,
    `$logs_alert_errored` and `$logs_alert_auto_disabled`.
    """

    queryset = (
        LogsAlert.objects.with_last_error()
        .select_related("project", "created_by")
        .order_by("-created_at", "-id")
    )
    serializer_class = LogsAlertSerializer

    def get_required_scopes(self):
        is_read = self.request.method in SAFE_METHODS or self.action == "simulate"
        return READ if is_read else ["logs:write"]

    def get_queryset(self):
        events = LogsAlertEvent.objects.filter(created_at__gte=timezone.now() - LENGTH)
        recent = Prefetch("events", events.order_by("created_at", "id"), to_attr="recent_events")
        return super().get_queryset().prefetch_related(recent)

    def get_serializer_context(self):
        destinations = routing.of_alerts(self.project) if self.project else {}
        return {
            **super().get_serializer_context(),
            "now": timezone.now(),
            "destinations": destinations,
        }

    def perform_create(self, serializer):
        alert = editing.create_alert(
            self.project, serializer.validated_data, self.request.user, timezone.now()
        )
        serializer.instance = self.get_queryset().get(pk=alert.pk)

    def perform_update(self, serializer):
        editing.change_alert(serializer.instance, serializer.validated_data, timezone.now())
        serializer.instance = self.get_queryset().get(pk=serializer.instance.pk)

    def perform_destroy(self, instance):
        editing.delete_alert(instance)

    @extend_schema(
        request=LogsAlertSimulateSerializer, responses={200: LogsAlertSimulateResponseSerializer}
    )
    @action(detail=False, methods=["post"])
    def simulate(self, request, **kwargs):
        """What an alert would have done in the past; changes nothing."""
        context = self.get_serializer_context()
        body = LogsAlertSimulateSerializer(data=request.data, context=context)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        return Response(simulate(self.project.id, wanted, wanted["since"], context["now"]))

    @extend_schema(responses=LogsAlertEventSerializer(many=True))
    @action(detail=True)
    def events(self, request, **kwargs):
        """Its checks and what people did to it, newest first."""
        rows = self.get_object().events.order_by("-created_at", "-id")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(LogsAlertEventSerializer(page, many=True).data)

    @extend_schema(request=None, responses=LogsAlertSerializer)
    @action(detail=True, methods=["post"])
    def reset(self, request, **kwargs):
        """Have one that could not be checked five times tried again."""
        alert = self.get_object()
        editing.reset_alert(alert, timezone.now())
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        request=LogsAlertCreateDestinationSerializer,
        responses={201: LogsAlertDestinationResponseSerializer},
    )
    @action(detail=True, methods=["post"])
    def destinations(self, request, **kwargs):
        """Tell a webhook or a Slack channel: makes a hog function for each thing to tell."""
        alert = self.get_object()
        body = LogsAlertCreateDestinationSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        ids = routing.add(alert, body.validated_data, request.user)
        return Response({"hog_function_ids": ids}, status=201)

    @extend_schema(request=LogsAlertDeleteDestinationSerializer, responses={204: None})
    @action(detail=True, methods=["post"], url_path="destinations/delete")
    def delete_destinations(self, request, **kwargs):
        alert = self.get_object()
        body = LogsAlertDeleteDestinationSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        routing.remove(alert, body.validated_data["hog_function_ids"], request.user)
        return Response(status=204)
