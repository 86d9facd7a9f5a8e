"""Updates: PATCH alone, and PUT that means PATCH."""

from rest_framework.mixins import UpdateModelMixin
from rest_framework.response import Response


class PutAsPatch(UpdateModelMixin):
    """PUT keeps what the body leaves out, as PATCH does: clients send partial bodies by it."""

    def update(self, request, *args, **kwargs):
        return super().update(request, *args, **{**kwargs, "partial": True})


class PatchModelMixin:
    """PATCH without PUT, which then is 405."""

    def partial_update(self, request, *args, **kwargs):
        instance = self.get_object()
        serializer = self.get_serializer(instance, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)
