"""The query parameters of the persons list."""

from uuid import UUID

import django_filters
import orjson
from django.db.models import Q
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from hogql.filters.model import parse_properties
from hogql.filters.queryset import properties_q
from persons.cohorts.filters import is_id
from persons.cohorts.querying import cohort_condition
from persons.models import Person, PersonDistinctId, PersonQuerySet
from persons.searching import matching
from posthog_clone.api.parsers import read_json
from projects.viewsets import as_uuid

MAX_ID = 2**63 - 1
NOBODY = 0
MAX_EMAIL = Person._meta.get_field("email").output_field.max_length


class PersonFilter(django_filters.FilterSet):
    distinct_id = django_filters.CharFilter(
        method="with_distinct_id", strip=False, help_text="The person who has this distinct id."
    )
    email = django_filters.CharFilter(
        method="with_email", strip=False, help_text="Persons with exactly this e-mail address."
    )
    search = django_filters.CharFilter(
        method="with_search", help_text="Part of the e-mail or name, or a distinct id, or a uuid."
    )
    properties = django_filters.CharFilter(
        method="with_properties", help_text="A JSON list or group of property filters."
    )

    cohort = django_filters.CharFilter(
        method="in_cohort", help_text="Persons in the cohort of this id."
    )

    class Meta:
        model = Person
        fields = []

    @property
    def project(self):
        return self.request.parser_context["view"].project

    def ids_of(self, distinct_id: str) -> list[int]:
        """Asked for first: told to do both at once, a database may well start with the rest."""
        rows = PersonDistinctId.objects.filter(project=self.project, distinct_id=distinct_id)
        return list(rows.values_list("person_id", flat=True))

    def with_distinct_id(self, persons: PersonQuerySet, name: str, value: str):
        return persons.filter(id__in=self.ids_of(value))

    def with_email(self, persons: PersonQuerySet, name: str, value: str):
        return persons.filter(email=value[:MAX_EMAIL], properties__email=value)

    def with_search(self, persons: PersonQuerySet, name: str, value: str):
        ids = self.ids_of(value)
        if uuid := as_uuid(value):
            ids += persons.filter(uuid=uuid).values_list("id", flat=True)
        return matching(persons, value, ids)

    def with_properties(self, persons: PersonQuerySet, name: str, value: str):
        try:
            wanted = read_json(value)
        except orjson.JSONDecodeError:
            raise ValidationError("Properties are unparsable!") from None
        cohort, zone = cohort_condition(self.project), self.project.tz
        try:
            group = parse_properties(wanted, default_type="person")
            condition = properties_q(group, now=timezone.now(), zone=zone, cohort=cohort)
        except ValidationError as error:
            raise ValidationError({name: error.detail}) from None
        return persons.filter(condition)

    def in_cohort(self, persons: PersonQuerySet, name: str, value: str):
        if not is_id(value):
            raise ValidationError({name: f"{value[:100]!r} is not the id of a cohort."})
        try:
            return persons.filter(cohort_condition(self.project)(int(value)))
        except ValidationError as error:
            raise ValidationError({name: error.detail}) from None


def person_id(text: str) -> int | UUID | None:
    """The id or uuid of a person that the text is; None for any other text."""
    if text.isascii() and text.isdecimal():
        number = int(text[:20])
        return number if number <= MAX_ID else NOBODY
    return as_uuid(text)


def named(value: int | UUID) -> Q:
    return Q(id=value) if isinstance(value, int) else Q(uuid=value)
