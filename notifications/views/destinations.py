"""Destinations, which PostHog calls hog functions, and the templates they are made of."""

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.mixins import CreateModelMixin, ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response

from notifications import destinations, logs, metrics
from notifications.filters import HogFunctionFilter
from notifications.invocations import invoke
from notifications.models import HogFunction
from notifications.serializers.destinations import (
    FunctionMetricsSerializer,
    FunctionTotalsSerializer,
    HogFunctionMinimalSerializer,
    HogFunctionSerializer,
    InvocationResultSerializer,
    InvocationSerializer,
    LogLineSerializer,
    LogLinesSerializer,
    LogsRequestSerializer,
    MetricsRequestSerializer,
    TemplateSerializer,
)
from notifications.templates import TEMPLATES
from posthog_clone.api.deletion import SoftDelete
from posthog_clone.api.updating import PutAsPatch
from projects.viewsets import ProjectViewSet

READ, WRITE = ["hog_function:read"], ["hog_function:write"]
TRUE = {"true", "1"}
TYPES = set(HogFunction.Type.values)


@extend_schema_view(
    list=extend_schema(
        parameters=[OpenApiParameter("full", bool, description="Whole rows, inputs and all.")]
    )
)
class HogFunctionViewSet(
    SoftDelete,
    CreateModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
    PutAsPatch,
    ProjectViewSet,
):
    """Where events go: a webhook, or a channel of Slack, Discord or Microsoft Teams.

    One is deleted by PATCH `{"deleted": true}`, and restored by `{"deleted": false}`.
    """

    scope_object = "hog_function"
    queryset = HogFunction.objects.select_related("project", "integration", "created_by").order_by(
        "-updated_at", "-id"
    )
    serializer_class = HogFunctionSerializer
    filterset_class = HogFunctionFilter

    def filter_queryset(self, queryset):
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def get_serializer_class(self):
        is_full = self.request and self.request.query_params.get("full", "").lower() in TRUE
        if self.action == "list" and not is_full:
            return HogFunctionMinimalSerializer
        return self.serializer_class

    def perform_create(self, serializer):
        serializer.instance = made(self.project, serializer.validated_data)
        destinations.create(serializer.instance, self.request.user)

    def perform_update(self, serializer):
        fields = dict(serializer.validated_data)
        inputs = fields.pop("read_inputs", None)
        destinations.change(serializer.instance, fields, inputs, self.request.user)

    @extend_schema(parameters=[LogsRequestSerializer], responses=LogLinesSerializer)
    @action(detail=True, required_scopes=READ)
    def logs(self, request, **kwargs):
        """What was done, the newest first."""
        wanted = read(LogsRequestSerializer, request)
        levels = wanted.pop("level", "").lower()
        rows = logs.read(self.get_object(), levels=levels and levels.split(","), **wanted)
        shown = LogLineSerializer(rows, many=True).data
        return Response({"count": len(rows), "next": None, "previous": None, "results": shown})

    @extend_schema(parameters=[MetricsRequestSerializer], responses=FunctionMetricsSerializer)
    @action(detail=True, required_scopes=READ)
    def metrics(self, request, **kwargs):
        """How many deliveries succeeded and failed, over time."""
        wanted = read(MetricsRequestSerializer, request)
        return Response(metrics.series(self.get_object(), wanted))

    @extend_schema(parameters=[MetricsRequestSerializer], responses=FunctionTotalsSerializer)
    @action(detail=True, url_path="metrics/totals", required_scopes=READ)
    def metrics_totals(self, request, **kwargs):
        wanted = read(MetricsRequestSerializer, request)
        return Response({"totals": metrics.totals(self.get_object(), wanted)})

    @extend_schema(request=InvocationSerializer, responses=InvocationResultSerializer)
    @action(detail=True, methods=["post"], required_scopes=WRITE)
    def invocations(self, request, pk, **kwargs):
        """Try a configuration out, saved or not; `new` is the id of one that is not."""
        instance = None if pk == "new" else self.get_object()
        body = InvocationSerializer(data=request.data, context=self.get_serializer_context())
        body.fields["configuration"].instance = instance
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        function = made(self.project, wanted["configuration"], instance)
        result = invoke(
            function, wanted.get("globals") or {}, is_mock=wanted["mock_async_functions"]
        )
        return Response(InvocationResultSerializer(result).data)


def made(project, fields, instance=None) -> HogFunction:
    """A destination of these fields, not saved; what they leave out, it has of `instance`."""
    fields = dict(fields)
    inputs = fields.pop("read_inputs", None)
    function = HogFunction(project=project)
    if instance:
        for name in ("id", "type", "template_id", "name", "filters"):
            fields.setdefault(name, getattr(instance, name))
        function.inputs, function.integration = instance.inputs, instance.integration
        function.encrypted_inputs = instance.encrypted_inputs
    for name, value in fields.items():
        setattr(function, name, value)
    if inputs:
        destinations.put_inputs(function, inputs)
    return function


class HogFunctionTemplateViewSet(ProjectViewSet):
    """What destinations can be made of."""

    scope_object = "hog_function"
    queryset = HogFunction.objects.none()
    serializer_class = TemplateSerializer
    lookup_url_kwarg = "id"

    @extend_schema(
        responses=TemplateSerializer(many=True),
        filters=False,
        parameters=[
            OpenApiParameter("type", description="`destination`, `internal_destination`"),
            OpenApiParameter("types", description="Several, parted by commas."),
        ],
    )
    def list(self, request, **kwargs):
        """Each can be a destination or an internal one; of other types there are none."""
        given = request.query_params
        wanted = {given.get("type", ""), *given.get("types", "").split(",")} - {""}
        found = list(TEMPLATES.values()) if not wanted or wanted & TYPES else []
        page = self.paginate_queryset(found)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request, id, **kwargs):
        if id not in TEMPLATES:
            raise NotFound
        return Response(self.get_serializer(TEMPLATES[id]).data)


def read(serializer_class, request) -> dict:
    serializer = serializer_class(data=request.query_params)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data
