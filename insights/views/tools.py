"""The tools that PostHog's agents call."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response

from insights import tools
from insights.concurrency import slot
from insights.serializers.tools import (
    DocsSearchSerializer,
    ExecuteSQLSerializer,
    ReadTaxonomySerializer,
    ToolAnswerSerializer,
)
from projects.viewsets import ProjectViewSet


class ToolsViewSet(ProjectViewSet):
    rate_limit = "query"
    pagination_class = None

    @extend_schema(request=ExecuteSQLSerializer, responses=ToolAnswerSerializer)
    @action(detail=False, methods=["post"], required_scopes=["query:read"])
    def execute_sql(self, request, **kwargs):
        """Rows of a HogQL query, as a table for a model to read."""
        args = self.read(ExecuteSQLSerializer)["args"]
        with slot(self.project.id):
            return Response(tools.execute_sql(self.project, args, timezone.now()))

    @extend_schema(request=ReadTaxonomySerializer, responses=ToolAnswerSerializer)
    @action(
        detail=False,
        methods=["post"],
        required_scopes=[("event_definition:read", "property_definition:read", "query:read")],
    )
    def read_taxonomy(self, request, **kwargs):
        """The project's events, properties and their values, for a model to read."""
        query = self.read(ReadTaxonomySerializer)["args"]["query"]
        with slot(self.project.id):
            return Response(tools.read_taxonomy(self.project, query, timezone.now()))

    @extend_schema(request=DocsSearchSerializer, responses=ToolAnswerSerializer)
    @action(detail=False, methods=["post"], required_scopes=[("project:read", "query:read")])
    def docs_search(self, request, **kwargs):
        """There is no documentation to search here; the answer says so."""
        self.read(DocsSearchSerializer)
        return Response(tools.failed(tools.NO_DOCS))

    def read(self, serializer):
        body = serializer(data=self.request.data)
        body.is_valid(raise_exception=True)
        return body.validated_data
