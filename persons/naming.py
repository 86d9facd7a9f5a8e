"""What a person is called."""

import re
from collections.abc import Sequence

import orjson

from persons.models import Person
from projects.models import Project

DEFAULT_PROPERTIES = ["email", "name", "username"]
# Uuids, and the ids that older SDKs give to people they don't know.
ANONYMOUS = re.compile(r"([a-z0-9]+-){4}[a-z0-9]+")


def name_of(person: Person, project: Project) -> str:
    """The first of the project's name properties that the person has, else a distinct id."""
    for key in project.person_display_name_properties or DEFAULT_PROPERTIES:
        if value := person.properties.get(key):
            return value if isinstance(value, str) else orjson.dumps(value).decode()
    if distinct_ids := telling_first(person.distinct_ids):
        return distinct_ids[0]
    return str(person.id)


def telling_first(distinct_ids: Sequence[str]) -> list[str]:
    """The same, those that look anonymous last."""
    return sorted(distinct_ids, key=lambda id_: ANONYMOUS.fullmatch(id_) is not None)
