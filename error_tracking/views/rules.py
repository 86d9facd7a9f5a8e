from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import (
    CreateModelMixin,
    DestroyModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
)
from rest_framework.response import Response

from error_tracking.models import Rule
from error_tracking.rules import reorder_rules, with_issues
from error_tracking.serializers.rules import (
    AssignmentRuleSerializer,
    BypassRuleSerializer,
    GroupingRuleSerializer,
    RuleReorderSerializer,
    SeverityRuleSerializer,
    SuppressionRuleSerializer,
)
from posthog_clone.api.updating import PutAsPatch
from projects.viewsets import ProjectViewSet

MAX_SEVERITY_RULES = 100
NO_CONTENT = OpenApiResponse(description="Done; the body is empty.")


class RuleViewSet(
    CreateModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
    PutAsPatch,
    DestroyModelMixin,
    ProjectViewSet,
):
    """Rules of one kind, tried in the order of `order_key`."""

    scope_object = "error_tracking"
    queryset = Rule.objects.order_by("order_key", "created_at", "id")
    kind: Rule.Kind

    def get_queryset(self):
        return super().get_queryset().filter(kind=self.kind)

    def perform_create(self, serializer):
        serializer.save(project=self.project, kind=self.kind)

    @extend_schema(responses={204: NO_CONTENT})
    def update(self, request, *args, **kwargs):
        super().update(request, *args, **kwargs)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses={204: NO_CONTENT})
    def partial_update(self, request, *args, **kwargs):
        return super().partial_update(request, *args, **kwargs)

    @extend_schema(request=RuleReorderSerializer, responses={200: NO_CONTENT})
    @action(detail=False, methods=["patch"], pagination_class=None)
    def reorder(self, request, **kwargs):
        body = RuleReorderSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        reorder_rules(self.get_queryset(), body.validated_data["orders"])
        return Response()


class UnpagedList:
    """A list without count and links: `{"results": […]}` holds all there are."""

    pagination_class = None

    def list(self, request, *args, **kwargs):
        rules = self.shown(self.filter_queryset(self.get_queryset()))
        return Response({"results": self.get_serializer(rules, many=True).data})

    def shown(self, rules):
        return rules


class GroupingRuleViewSet(UnpagedList, RuleViewSet):
    """Exceptions that match a grouping rule share one issue."""

    kind = Rule.Kind.GROUPING
    serializer_class = GroupingRuleSerializer

    def shown(self, rules):
        return with_issues(rules)

    def get_object(self):
        return with_issues([super().get_object()])[0]

    def perform_create(self, serializer):
        super().perform_create(serializer)
        with_issues([serializer.instance])


class SuppressionRuleViewSet(RuleViewSet):
    """Exceptions that match a suppression rule are dropped: all, or the share it says."""

    kind = Rule.Kind.SUPPRESSION
    serializer_class = SuppressionRuleSerializer

    @extend_schema(responses=SuppressionRuleSerializer)
    def partial_update(self, request, *args, **kwargs):
        super().partial_update(request, *args, **kwargs)
        return Response(self.get_serializer(self.get_object()).data)


class AssignmentRuleViewSet(RuleViewSet):
    """New and reopened issues that match an assignment rule get its assignee."""

    kind = Rule.Kind.ASSIGNMENT
    serializer_class = AssignmentRuleSerializer


class BypassRuleViewSet(RuleViewSet):
    """Exceptions that match a bypass rule are not rate limited."""

    kind = Rule.Kind.BYPASS
    serializer_class = BypassRuleSerializer


class SeverityRuleViewSet(UnpagedList, RuleViewSet):
    """New issues that match a severity rule get its severity."""

    kind = Rule.Kind.SEVERITY
    serializer_class = SeverityRuleSerializer

    def perform_create(self, serializer):
        if self.get_queryset().count() >= MAX_SEVERITY_RULES:
            raise ValidationError(
                f"A project has at most {MAX_SEVERITY_RULES} severity rules: delete one first."
            )
        super().perform_create(serializer)
