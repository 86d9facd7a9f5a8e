"""Pages by `limit` and `offset`."""

from django.db.models import QuerySet
from rest_framework.pagination import LimitOffsetPagination


class Pagination(LimitOffsetPagination):
    """Lenient: a limit or offset that makes no sense counts as not given."""

    default_limit = 100
    max_limit = 1000
    template = None

    def paginate_queryset(self, queryset, request, view=None):
        if isinstance(queryset, QuerySet) and not queryset.ordered:
            raise TypeError(
                f"{type(view).__name__} lists rows in no order, so pages could repeat or lose "
                "some: give its queryset an order_by()."
            )
        return super().paginate_queryset(queryset, request, view)
