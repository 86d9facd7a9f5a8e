"""Searching persons by their e-mail and name: PostgreSQL by its trigrams, SQLite by its own."""

from django.db import OperationalError, connection
from django.db.models import Q

from persons.models import PersonQuerySet

INDEX = "persons_person_search"
SHORTEST = 3
FEW = 1000
"""Who has more hits soon finds a page of them by looking at one person after the other."""


def matching(persons: PersonQuerySet, text: str, ids: list[int]) -> PersonQuerySet:
    """Those whose e-mail or name contains the text, in whatever case, and those of these ids."""
    hits = indexed(text) if connection.vendor == "sqlite" else None
    if hits is not None and len(hits) <= FEW:
        return persons.filter(id__in={*hits, *ids})
    return persons.filter(Q(email_and_name__icontains=text) | Q(id__in=ids))


def indexed(text: str) -> list[int] | None:
    """The ids of the persons with the text, of all projects; some if they are many. None when the
    index can't tell."""
    if len(text) < SHORTEST:
        return None
    phrase = '"' + text.replace('"', '""') + '"'
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT rowid FROM {INDEX} WHERE {INDEX} MATCH %s LIMIT {FEW + 1}", [phrase]
            )
            return [id_ for (id_,) in cursor.fetchall()]
    except OperationalError:  # a SQLite that could not make it
        return None
