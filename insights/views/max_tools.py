"""Questions in plain English."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response

from insights.max.answering import answer
from insights.serializers.max_tools import MaxMessageSerializer, QuestionSerializer
from posthog_clone.api.renderers import JSONRenderer
from projects.viewsets import ProjectViewSet


class EventStreamRenderer(BaseRenderer):
    """For `?format=txt`: each item of a list as an event of a stream."""

    media_type = "text/event-stream"
    format = "txt"
    charset = None

    def render(self, data: Any, accepted_media_type=None, renderer_context=None) -> bytes:
        response = (renderer_context or {}).get("response")
        if response is not None and response.status_code >= 400:
            response["Content-Type"] = "application/json"
            return JSONRenderer().render(data)
        return b"".join(map(event, data))


def event(item: dict[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (item["type"].encode(), JSONRenderer().render(item["data"]))


class MaxToolsViewSet(ProjectViewSet):
    rate_limit = "ai"
    renderer_classes = [JSONRenderer, EventStreamRenderer]
    pagination_class = None

    @extend_schema(
        request=QuestionSerializer,
        responses=MaxMessageSerializer(many=True),
        parameters=[OpenApiParameter("format", description="", enum=["json", "txt"])],
    )
    @action(detail=False, methods=["post"], required_scopes=["insight:read"])
    def create_and_query_insight(self, request, **kwargs):
        """The query that answers a question, and its results.

        The question is understood by rules, with the project's own events and properties; what
        they can't tell is said so in an `ai/failure`. No insight is stored.
        """
        body = QuestionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        question = body.validated_data
        return Response(
            answer(self.project, question["query"], question["insight_type"], timezone.now())
        )
