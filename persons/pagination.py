"""Pages of persons."""

from django.db.models import QuerySet

from persons.models import Person
from posthog_clone.api.pagination import Pagination, slow_counts

MAX_DISTINCT_IDS = 1000
ALL = 2**62


class PersonPagination(Pagination):
    """Finds a page in the index alone, and only then reads those persons.

    With 200,000 persons, the last page takes PostgreSQL 15 ms that way; reading all that come
    before it took 480 ms.
    """

    def get_count(self, queryset: QuerySet[Person]) -> int:
        # The slice keeps the order in the query, and so SQLite on the index that has what a search
        # compares: 26 ms instead of 130 to 970.
        return slow_counts.count(queryset.values("id")[:ALL])

    def paginate_queryset(self, queryset, request, view=None) -> list[Person]:
        ids = self.ids_of_page(queryset.values_list("id", flat=True), request)
        persons = {
            person.id: person
            for person in Person.objects.filter(id__in=ids).with_distinct_ids(MAX_DISTINCT_IDS)
        }
        return [persons[id_] for id_ in ids if id_ in persons]

    def ids_of_page(self, ids: QuerySet, request) -> list[int]:
        """A page that is not full tells how many there are: a search looks but once at them all."""
        self.request = request
        self.limit, self.offset = self.get_limit(request), self.get_offset(request)
        start = min(self.offset, ALL)
        page = list(ids[start : start + self.limit])
        if len(page) < self.limit and (page or not self.offset):
            self.count = self.offset + len(page)
        else:
            self.count = self.get_count(ids)
        return page
