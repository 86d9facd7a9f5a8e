"""Groups made and changed by hand, as $groupidentify does it."""

from collections.abc import Collection
from typing import Any

from django.db import transaction
from rest_framework.exceptions import NotFound, ValidationError

from clickhouse import outbox
from persons.changing import edited
from persons.copies import copy_of_group
from persons.models import Group, next_version
from projects.activity import Change, log_activity
from projects.models import Project, User


@transaction.atomic
def create_group(project: Project, type_index: int, key: str, properties: dict[str, Any]) -> Group:
    group, is_new = Group.objects.get_or_create(
        project=project,
        type_index=type_index,
        key=key,
        defaults={"properties": properties, "version": next_version()},
    )
    if not is_new:
        raise ValidationError("A group with this key already exists")
    outbox.enqueue("groups", [copy_of_group(group)])
    return group


@transaction.atomic
def change_group(
    group: Group,
    values: dict[str, Any],
    unset: Collection[str] = (),
    *,
    activity: str,
    user: User | None,
) -> Group:
    """Set and remove properties; the others stay. What changes nothing leaves no trace."""
    groups = Group.objects.select_related("project").select_for_update(of=("self",))
    group = groups.filter(pk=group.pk).first()
    if group is None:
        raise NotFound
    edit = edited(group.properties, values, unset)
    if edit is None:
        return group
    group.properties = edit.properties
    group.version = next_version(group.version)
    group.save(update_fields=["properties", "version", "updated_at"])
    outbox.enqueue("groups", [copy_of_group(group)])
    log_activity(
        group.project,
        user=user,
        scope="Group",
        item_id=group.id,
        activity=activity,
        name=group.key,
        changes=[Change("Group", "changed", "group_properties", edit.before, edit.after)],
    )
    return group
