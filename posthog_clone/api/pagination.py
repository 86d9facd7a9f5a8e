"""Pages by `limit` and `offset`."""

import threading
import time
from hashlib import sha256

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet
from rest_framework.pagination import LimitOffsetPagination

SLOW_COUNT_SECONDS = 0.005
MANY = 10_000
KEPT_FOR = 200
"""A count that took 50 ms is kept for 10 s."""
MAX_KEPT = 1000


class SlowCounts:
    """Counts that took long, for a while: a project's rows are counted on every page of a list."""

    def __init__(self):
        self.kept: dict[bytes, tuple[float, int]] = {}
        self.lock = threading.Lock()

    def count(self, queryset: QuerySet) -> int:
        """The exact number while counting is quick, else one that was exact a moment ago."""
        query = queryset.query
        try:
            # Only a digest is kept: there may be thousands of ids among the parameters.
            counted = queryset
            if not (query.is_sliced or query.distinct or query.group_by):
                counted = queryset.order_by().values("pk")  # columns cost time to spell out
            key = sha256(str(counted.query.sql_with_params()).encode()).digest()
        except EmptyResultSet:
            return 0
        expires, number = self.kept.get(key, (0.0, 0))
        started = time.monotonic()
        if expires > started:
            return number
        number = counted.count()
        took = time.monotonic() - started
        with self.lock:
            self.kept.pop(key, None)
            if took > SLOW_COUNT_SECONDS and number > MANY:
                if len(self.kept) >= MAX_KEPT:
                    self.kept.clear()
                self.kept[key] = (time.monotonic() + KEPT_FOR * took, number)
        return number


slow_counts = SlowCounts()


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

    def get_count(self, queryset):
        if isinstance(queryset, QuerySet):
            return slow_counts.count(queryset)
        return super().get_count(queryset)
