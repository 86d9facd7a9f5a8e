"""Updates by PUT."""

from rest_framework.mixins import UpdateModelMixin


class PutAsPatch(UpdateModelMixin):
    """PUT keeps what the body leaves out, as PATCH does: clients send partial bodies by it."""

    def update(self, request, *args, **kwargs):
        return super().update(request, *args, **{**kwargs, "partial": True})
