"""Groups and their types. Events make both; groups can be made by hand, too."""

from django.db import transaction
from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response

from persons import queries
from persons.groups import change_group, create_group
from persons.models import Group, GroupType
from persons.serializers import groups as shapes
from persons.serializers.values import MAX_VALUES, PropertyValuesSerializer, values_answer
from projects.viewsets import ProjectViewSet


class GroupTypeViewSet(ListModelMixin, ProjectViewSet):
    """The project's kinds of group: at most five, each with an index."""

    scope_object = "group"
    queryset = GroupType.objects.order_by("index")
    serializer_class = shapes.GroupTypeSerializer
    pagination_class = None

    @extend_schema(
        request=shapes.GroupTypeNamesSerializer(many=True),
        responses=shapes.GroupTypeSerializer(many=True),
    )
    @action(detail=False, methods=["patch"])
    def update_metadata(self, request, **kwargs):
        """Say what types are called."""
        body = shapes.GroupTypeNamesSerializer(data=request.data, many=True)
        body.is_valid(raise_exception=True)
        types = {each.index: each for each in self.get_queryset()}
        with transaction.atomic():
            for number, names in enumerate(body.validated_data):
                index = names.pop("group_type_index")
                if index not in types:
                    message = f"This project has no group type {index}."
                    raise ValidationError({number: {"group_type_index": message}})
                for name, value in names.items():
                    setattr(types[index], name, value or None)
                types[index].save(update_fields=names)
        return self.list(request)


class GroupPages(CursorPagination):
    """Pages by a cursor, forward only."""

    page_size = 100
    offset_cutoff = None  # any number of groups may have come at the same time
    ordering = ("-created_at", "-id")

    def get_paginated_response(self, data):
        return Response({"next": self.get_next_link(), "previous": None, "results": data})


class GroupViewSet(ListModelMixin, ProjectViewSet):
    """Groups, such as the companies that users belong to."""

    scope_object = "group"
    queryset = Group.objects.order_by("-created_at", "-id")
    serializer_class = shapes.GroupSerializer
    pagination_class = GroupPages

    def filter_queryset(self, queryset):
        wanted = self.query(shapes.GroupListSerializer)
        queryset = queryset.filter(type_index=wanted["group_type_index"])
        if part := wanted["group_key"]:
            queryset = queryset.filter(key__icontains=part)
        if part := wanted["search"]:
            queryset = queryset.filter(Q(key__icontains=part) | Q(properties__name__icontains=part))
        return queryset

    @extend_schema(parameters=[shapes.GroupListSerializer])
    def list(self, request, **kwargs):
        """The groups of a type, newest first."""
        return super().list(request, **kwargs)

    @extend_schema(request=shapes.NewGroupSerializer, responses={201: shapes.GroupSerializer})
    def create(self, request, **kwargs):
        body = shapes.NewGroupSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        index = body.validated_data["group_type_index"]
        if not GroupType.objects.filter(project=self.project, index=index).exists():
            message = f"This project has no group type {index}."
            raise ValidationError({"group_type_index": message})
        group = create_group(
            self.project,
            index,
            body.validated_data["group_key"],
            body.validated_data["group_properties"] or {},
        )
        return Response(self.get_serializer(group).data, status=201)

    @extend_schema(
        parameters=[shapes.GroupKeySerializer], responses=shapes.FoundGroupSerializer, filters=False
    )
    @action(detail=False, pagination_class=None)
    def find(self, request, **kwargs):
        """The group of a type that has a key."""
        return Response(shapes.FoundGroupSerializer(self.named_group()).data)

    @extend_schema(parameters=[shapes.GroupPropertySerializer], responses=PropertyValuesSerializer)
    @action(detail=False, pagination_class=None)
    def property_values(self, request, **kwargs):
        """The values that groups of a type have for a property, most frequent first."""
        wanted = self.query(shapes.GroupPropertySerializer)
        rows = queries.group_property_values(
            self.project.id,
            wanted["group_type_index"],
            wanted["key"],
            wanted["value"],
            limit=MAX_VALUES,
        )
        return Response(values_answer(rows))

    @extend_schema(
        parameters=[shapes.GroupKeySerializer],
        request=shapes.UpdateGroupPropertySerializer,
        responses=shapes.GroupSerializer,
    )
    @action(detail=False, methods=["post"])
    def update_property(self, request, **kwargs):
        """Set one property of the group."""
        group = self.named_group()
        body = shapes.UpdateGroupPropertySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = {body.validated_data["key"]: body.validated_data["value"]}
        group = change_group(group, values, activity="updated", user=request.user)
        return Response(self.get_serializer(group).data)

    @extend_schema(
        parameters=[shapes.GroupKeySerializer],
        request=shapes.DeleteGroupPropertySerializer,
        responses=shapes.GroupSerializer,
    )
    @action(detail=False, methods=["post"])
    def delete_property(self, request, **kwargs):
        """Remove the property of the group that `$unset` names."""
        group = self.named_group()
        body = shapes.DeleteGroupPropertySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        unset = [body.validated_data["$unset"]]
        group = change_group(group, {}, unset, activity="delete_property", user=request.user)
        return Response(self.get_serializer(group).data)

    def query(self, serializer_class) -> dict:
        query = serializer_class(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        return query.validated_data

    def named_group(self) -> Group:
        """The group that the query names."""
        wanted = self.query(shapes.GroupKeySerializer)
        groups = self.get_queryset().filter(
            type_index=wanted["group_type_index"], key=wanted["group_key"]
        )
        if (group := groups.first()) is None:
            raise NotFound
        return group
