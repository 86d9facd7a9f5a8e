"""Reading the activity log: a project's, and one resource's through ActivityMixin."""

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response

from projects.activity import SCOPES
from projects.models import ActivityLogEntry
from projects.serializers.activity import ActivityLogEntrySerializer
from projects.viewsets import ProjectViewSet


class ActivityPages(PageNumberPagination):
    """Pages by number, in the envelope of one resource's log."""

    page_size = 10
    page_size_query_param = "limit"
    max_page_size = 1000
    count_key = "total_count"

    def get_paginated_response(self, data):
        return Response(
            {
                "results": data,
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                self.count_key: self.page.paginator.count,
            }
        )

    def get_paginated_response_schema(self, schema):
        schema = super().get_paginated_response_schema(schema)
        schema["properties"][self.count_key] = schema["properties"].pop("count")
        schema["required"] = ["results", self.count_key]
        return schema


class ProjectActivityPages(ActivityPages):
    page_size = 100
    page_size_query_param = "page_size"
    count_key = "count"


class ScopesFilter(django_filters.BaseInFilter, django_filters.ChoiceFilter):
    pass


class ActivityLogFilter(django_filters.FilterSet):
    scope = django_filters.ChoiceFilter(choices=[(scope, scope) for scope in SCOPES])
    scopes = ScopesFilter(
        field_name="scope", choices=[(scope, scope) for scope in SCOPES], label="By commas."
    )
    user = django_filters.UUIDFilter(field_name="user__uuid")
    item_id = django_filters.CharFilter()
    ordering = django_filters.OrderingFilter(fields=["created_at"])

    class Meta:
        model = ActivityLogEntry
        fields = []


class ActivityLogViewSet(ListModelMixin, ProjectViewSet):
    """Who did what in the project, newest first."""

    scope_object = "activity_log"
    queryset = ActivityLogEntry.objects.select_related("user").order_by("-created_at", "-id")
    serializer_class = ActivityLogEntrySerializer
    pagination_class = ProjectActivityPages
    filterset_class = ActivityLogFilter


class ActivityMixin:
    """Adds `activity/` and `:id/activity/` to the viewset of a resource."""

    activity_scope: str

    def activity_item_id(self, instance) -> str:
        """Under which item_id the instance's entries are kept."""
        return str(instance.pk)

    @extend_schema(responses=ActivityLogEntrySerializer(many=True))
    @action(
        detail=False,
        url_path="activity",
        required_scopes=["activity_log:read"],
        pagination_class=ActivityPages,
        filter_backends=[],
    )
    def all_activity(self, request, **kwargs):
        """What was done to all of them, newest first."""
        return self.list_activity()

    @extend_schema(responses=ActivityLogEntrySerializer(many=True))
    @action(
        detail=True,
        required_scopes=["activity_log:read"],
        pagination_class=ActivityPages,
        filter_backends=[],
    )
    def activity(self, request, **kwargs):
        """What was done to this one, newest first."""
        return self.list_activity(item_id=self.activity_item_id(self.get_object()))

    def list_activity(self, **conditions):
        entries = ActivityLogEntry.objects.filter(
            project=self.project, scope=self.activity_scope, **conditions
        )
        page = self.paginate_queryset(entries.select_related("user").order_by("-created_at", "-id"))
        return self.get_paginated_response(ActivityLogEntrySerializer(page, many=True).data)
