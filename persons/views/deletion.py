"""Deletion of persons and of their events."""

from collections.abc import Collection, Mapping

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response

from persons.deletion import delete_events_only, delete_persons
from persons.models import EventsDeletion, PersonDistinctId
from persons.serializers import bodies
from persons.serializers.deletions import DeletionsQuerySerializer, DeletionStatusSerializer
from posthog_clone.api.flags import flag
from posthog_clone.api.pagination import Pagination

ACCEPTED = OpenApiResponse(description="Done; the body is empty.")
FLAGS = {
    "delete_events": "Their events too: those received until now, within seconds.",
    "delete_recordings": "Session recordings too, of which there are none.",
    "keep_person": "Not the person itself.",
}


class DeletionMixin:
    """Adds to the persons' viewset what deletes them, or only their events."""

    @extend_schema(
        parameters=[
            OpenApiParameter(name, OpenApiTypes.BOOL, description=description)
            for name, description in FLAGS.items()
        ],
        responses={202: ACCEPTED},
    )
    def destroy(self, request, **kwargs):
        """Delete the person; its events stay, unless `delete_events` says otherwise."""
        flags = {name: flag(request.query_params, name) for name in FLAGS}
        person = self.get_object()
        self.delete_wanted([person.id], flags)
        return Response(status=202)

    @extend_schema(
        request=bodies.BulkDeletionSerializer,
        responses={202: bodies.BulkDeletionReportSerializer},
    )
    @action(detail=False, methods=["post"])
    def bulk_delete(self, request, **kwargs):
        """Delete up to 1000 persons, named by their ids or by distinct ids."""
        serializer = bodies.BulkDeletionSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        body = serializer.validated_data
        found = self.named_persons(body)
        deleted = self.delete_wanted(found, body)
        return Response(
            {
                "persons_found": len(found),
                "persons_deleted": deleted,
                "events_queued_for_deletion": body["delete_events"] and bool(found),
                "recordings_queued_for_deletion": body["delete_recordings"] and bool(found),
                "deletion_errors": [],
            },
            status=202,
        )

    def named_persons(self, body: Mapping) -> set[int]:
        persons = self.get_queryset()
        if distinct_ids := body.get("distinct_ids"):
            links = PersonDistinctId.objects.filter(
                project=self.project, distinct_id__in=distinct_ids
            )
            return set(links.values_list("person_id", flat=True))
        numbers = [id_ for id_ in body["ids"] if isinstance(id_, int)]
        uuids = [id_ for id_ in body["ids"] if not isinstance(id_, int)]
        return {
            *persons.filter(id__in=numbers).values_list("id", flat=True),
            *persons.filter(uuid__in=uuids).values_list("id", flat=True),
        }

    def delete_wanted(self, ids: Collection[int], flags: Mapping[str, bool]) -> int:
        """Delete the persons, unless they are to be kept; returns how many it deleted. There are no
        recordings to delete."""
        delete_events = flags["delete_events"]
        if flags["keep_person"]:
            if delete_events:
                delete_events_only(self.project, ids)
            return 0
        return delete_persons(
            self.project, ids, user=self.request.user, delete_events=delete_events
        )

    @extend_schema(request=None, responses={202: ACCEPTED})
    @action(detail=True, methods=["post"])
    def delete_events(self, request, **kwargs):
        """Delete the events that the person has by now; the person stays."""
        delete_events_only(self.project, [self.get_object().id])
        return Response(status=202)

    @extend_schema(request=None, responses={202: ACCEPTED})
    @action(detail=True, methods=["post"])
    def delete_recordings(self, request, **kwargs):
        """Nothing to do here: there are no recordings."""
        self.get_object()
        return Response(status=202)

    @extend_schema(
        parameters=[DeletionsQuerySerializer],
        responses=DeletionStatusSerializer(many=True),
        filters=False,
    )
    @action(detail=False, pagination_class=Pagination)
    def deletion_status(self, request, **kwargs):
        """How far the deletions of events are, the newest first."""
        query = DeletionsQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        rows = EventsDeletion.objects.filter(project=self.project).order_by("-created_at", "-id")
        if wanted["status"] != "all":
            rows = rows.filter(verified_at__isnull=wanted["status"] == "pending")
        if wanted["person_uuid"]:
            rows = rows.filter(person_uuid=wanted["person_uuid"])
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(DeletionStatusSerializer(page, many=True).data)
