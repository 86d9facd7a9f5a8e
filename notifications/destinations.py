"""Making, changing and retiring destinations."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from notifications import secrets
from notifications.inputs import Inputs
from notifications.models import HogFunction
from projects.activity import Change, changes_between, log_activity
from projects.models import Project, User

LOGGED = ("name", "description", "enabled", "filters", "template_id", "icon_url")


def put_inputs(function: HogFunction, inputs: Inputs) -> None:
    """Set the inputs; saving is up to the caller."""
    function.inputs = inputs.public
    function.encrypted_inputs = secrets.encrypt(inputs.secret) if inputs.secret else ""
    function.integration = inputs.integration


@transaction.atomic
def create(function: HogFunction, user: User) -> None:
    function.created_by = user
    function.save()
    log(function, user, "created")


@transaction.atomic
def change(
    function: HogFunction, fields: dict[str, Any], inputs: Inputs | None, user: User
) -> None:
    """Change what is given. Deliveries that wait go by the new settings too."""
    before = logged(function)
    was_deleted = function.deleted
    for name, value in fields.items():
        setattr(function, name, value)
    names = [*fields, "updated_at"]
    changes = changes_between("HogFunction", before, logged(function))
    if inputs:
        if inputs.public != function.inputs or inputs.has_new_secrets:
            changes.append(Change("HogFunction", "changed", "inputs"))
        put_inputs(function, inputs)
        names += ["inputs", "encrypted_inputs", "integration"]
    function.save(update_fields=names)
    if function.deleted != was_deleted:
        log(function, user, "deleted" if function.deleted else "restored")
    elif changes:
        log(function, user, "updated", changes)


def logged(function: HogFunction) -> dict[str, Any]:
    return {name: getattr(function, name) for name in LOGGED}


@transaction.atomic
def retire(project: Project, key: str, value: str) -> int:
    """Disable and delete the destinations whose filters ask for `key` to be `value`.

    For what they tell of has gone: an alert, say. Returns how many there were.
    """
    functions = HogFunction.objects.filter(project=project, deleted=False)
    gone = [f.id for f in functions if asks_for(f.filters, key, value)]
    return HogFunction.objects.filter(id__in=gone).update(
        enabled=False, deleted=True, updated_at=timezone.now()
    )


def asks_for(filters: dict[str, Any], key: str, value: str) -> bool:
    properties = filters.get("properties")
    return isinstance(properties, list) and any(
        item.get("key") == key
        and (item.get("operator") or "exact") == "exact"
        and item.get("value") in (value, [value])
        for item in properties
    )


def log(
    function: HogFunction, user: User, activity: str, changes: list[Change] | None = None
) -> None:
    log_activity(
        function.project,
        user=user,
        scope="HogFunction",
        item_id=function.id,
        activity=activity,
        name=function.name,
        type=function.type,
        changes=changes or [],
    )
