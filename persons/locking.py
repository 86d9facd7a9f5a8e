"""A person to be changed."""

from rest_framework.exceptions import NotFound

from persons.models import Person


def lock_person(person: Person) -> Person:
    """The person as it is now, with project and distinct ids, locked until the transaction ends.

    Raises NotFound when it was deleted or merged meanwhile.
    """
    persons = Person.objects.filter(pk=person.pk).select_related("project")
    found = persons.locked().with_distinct_ids().first()
    if found is None:
        raise NotFound
    return found
