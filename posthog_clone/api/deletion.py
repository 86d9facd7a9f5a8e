"""Rows that are never really deleted."""

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response


class HardDeleteForbidden:
    """DELETE answers 405 without a body: these rows go by PATCH `{"deleted": true}` or stay.

    PostHog: posthog/api/forbid_destroy_model.py
    """

    hard_delete_scopes: list = []
    """What a key needs to be told so; nothing, unless the resource says otherwise."""

    @extend_schema(
        description="Hard delete of this model is not allowed.",
        responses={405: OpenApiResponse(description="Not allowed; the body is empty.")},
    )
    def destroy(self, request, **kwargs):
        return Response(status=405)
