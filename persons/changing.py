"""Changes of a person's properties by hand, as events make them with $set and $unset."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from clickhouse import outbox
from persons.copies import copy_of_person
from persons.locking import lock_person
from persons.models import Person, next_version
from persons.naming import name_of
from persons.processing.properties import differs
from projects.activity import Change, log_activity
from projects.models import User


def set_properties(person: Person, values: dict[str, Any], *, user: User | None) -> None:
    change_properties(person, values, (), activity="updated", user=user)


def unset_property(person: Person, key: str, *, user: User | None) -> None:
    change_properties(person, {}, [key], activity="delete_property", user=user)


@transaction.atomic
def change_properties(
    person: Person,
    values: dict[str, Any],
    unset: Collection[str],
    *,
    activity: str,
    user: User | None,
) -> None:
    """Set and remove properties; the others stay. What changes nothing leaves no trace.

    Raises NotFound when the person was deleted or merged meanwhile.
    """
    person = lock_person(person)
    edit = edited(person.properties, values, unset)
    if edit is None:
        return
    person.properties = edit.properties
    person.version = next_version(person.version)
    person.save(update_fields=["properties", "version"])
    outbox.enqueue("persons", [copy_of_person(person)])
    log_activity(
        person.project,
        user=user,
        scope="Person",
        item_id=person.id,
        activity=activity,
        name=name_of(person, person.project),
        changes=[Change("Person", "changed", "properties", edit.before, edit.after)],
    )


@dataclass(frozen=True, slots=True)
class Edit:
    properties: dict[str, Any]
    before: dict[str, Any]
    """What was touched, as it was."""
    after: dict[str, Any]


def edited(
    properties: dict[str, Any], values: dict[str, Any], unset: Collection[str]
) -> Edit | None:
    """The properties with `values` set and `unset` removed; None when that changes nothing."""
    touched = [key for key, value in values.items() if differs(properties, key, value)]
    touched += [key for key in unset if key in properties]
    if not touched:
        return None
    after = {key: value for key, value in {**properties, **values}.items() if key not in unset}
    return Edit(
        properties=after,
        before={key: properties[key] for key in touched if key in properties},
        after={key: after[key] for key in touched if key in after},
    )
