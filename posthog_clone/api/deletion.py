"""Rows that are never really deleted."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.response import Response

FALSE = {"false", "0"}


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


class SoftDelete(HardDeleteForbidden):
    """Deleted by PATCH `{"deleted": true}`, and then found by `{"deleted": false}` alone, which
    restores. Needs a column `deleted`.
    """

    def get_queryset(self):
        queryset = super().get_queryset()
        if self.action in ("update", "partial_update") and restores(self.request.data):
            return queryset
        return queryset.filter(deleted=False)


def restores(body: Any) -> bool:
    value = body.get("deleted") if hasattr(body, "get") else None
    return value is False or (isinstance(value, str) and value.lower() in FALSE)
