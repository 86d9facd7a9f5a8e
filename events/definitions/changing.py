"""Definitions made, mended and deleted by hand."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from events.definitions.recording import seen
from events.models import Definition, EventDefinition
from projects.activity import changes_between, log_activity
from projects.models import Project, User

LOGGED = ("description", "tags", "verified", "hidden")


@transaction.atomic
def create(project: Project, fields: Mapping[str, Any], user: User | None) -> EventDefinition:
    """One that no event has come for yet, as far as anybody knows."""
    definition = EventDefinition(project=project, name=fields["name"])
    put(definition, fields, user)
    try:
        with transaction.atomic():
            definition.save()
    except IntegrityError as error:
        message = f"Event definition with name '{definition.name}' already exists"
        raise ValidationError({"name": message}) from error
    log(definition, "created", user)
    return definition


@transaction.atomic
def change(definition: Definition, fields: Mapping[str, Any], user: User | None) -> None:
    """What changes nothing leaves no trace. The name stays."""
    before = logged(definition)
    names = put(definition, fields, user)
    definition.save(update_fields=names)
    if changes := changes_between(type(definition).__name__, before, logged(definition)):
        log(definition, "changed", user, changes)


@transaction.atomic
def delete(definition: Definition, user: User | None) -> None:
    """The next event that brings it makes it again."""
    log(definition, "deleted", user)
    definition.delete()
    transaction.on_commit(seen.clear)


def put(definition: Definition, fields: Mapping[str, Any], user: User | None) -> list[str]:
    """Set the fields, which it returns with those that follow from them."""
    fields = {name: value for name, value in fields.items() if name != "name"}
    if fields.get("hidden") and fields.get("verified"):
        raise ValidationError("An event cannot be both hidden and verified")
    if fields.get("hidden"):
        fields["verified"] = False
    elif fields.get("verified"):
        fields["hidden"] = False
    now = timezone.now()
    if fields.get("verified", definition.verified) != definition.verified:
        is_verified = fields["verified"]
        fields["verified_at"] = now if is_verified else None
        fields["verified_by"] = user if is_verified else None
    fields |= {"updated_at": now, "updated_by": user}
    for name, value in fields.items():
        setattr(definition, name, value)
    return list(fields)


def logged(definition: Definition) -> dict[str, Any]:
    names = [*LOGGED, *({"property_type", "default_columns"} & vars(definition).keys())]
    return {name: getattr(definition, name) for name in names}


def log(definition: Definition, activity: str, user: User | None, changes=()) -> None:
    log_activity(
        definition.project,
        user=user,
        scope=type(definition).__name__,
        item_id=definition.id,
        activity=activity,
        name=definition.name,
        changes=changes,
    )
