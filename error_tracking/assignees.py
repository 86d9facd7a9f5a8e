"""Who an issue, or what a rule finds, is given to: a member of the project's organization, or a
role of it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from error_tracking.models.assignees import ROLE, USER, Assignable
from projects.models import Project, Role, User

COLUMNS = ("assigned_user", "assigned_role")
NOBODY = dict.fromkeys(COLUMNS)
MAX_ID = 2**31 - 1


def wanted_assignee(fields: Mapping[str, Any]) -> dict[str, User | Role]:
    """The column that a query asks for, and its value; empty when it asks for none."""
    return {column: fields[column] for column in COLUMNS if fields.get(column)}


@extend_schema_field(
    {
        "type": ["object", "null"],
        "required": ["id", "type"],
        "properties": {
            "id": {"oneOf": [{"type": "integer"}, {"type": "string", "format": "uuid"}]},
            "type": {"type": "string", "enum": [USER, ROLE]},
        },
    }
)
class AssigneeField(serializers.JSONField):
    """Reads `{"type": "user", "id": 1}` into the columns of an `Assignable`; a lone id is taken for
    a user's."""

    default_error_messages = {
        "not_an_object": 'An assignee is an object such as {{"type": "user", "id": 1}}.',
    }

    def __init__(self, **kwargs):
        super().__init__(source="*", **kwargs)

    def to_internal_value(self, data: Any) -> dict[str, User | Role | None]:
        if data is None:
            return dict(NOBODY)
        if not isinstance(data, dict):
            self.fail("not_an_object")
        kind = data.get("type", USER)
        if kind not in (USER, ROLE):
            message = f"{kind!r:.100} is no type of assignee: use 'user' or 'role'."
            raise serializers.ValidationError({"type": message}, code="invalid_choice")
        if data.get("id") is None:
            raise serializers.ValidationError({"id": "This field is required."}, code="required")
        project = self.context["project"]
        if kind == ROLE:
            return {**NOBODY, "assigned_role": find_role(project, role_id(data["id"]))}
        return {**NOBODY, "assigned_user": find_user(project, user_id(data["id"]))}

    def to_representation(self, value: Assignable) -> dict | None:
        return value.assignee


def user_id(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_ID:
        message = f"{value!r:.100} is not the id of a user: use a whole number."
        raise serializers.ValidationError({"id": message})
    return value


def role_id(value: Any) -> UUID:
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError) as error:
        message = f"{value!r:.100} is not the id of a role: use a UUID."
        raise serializers.ValidationError({"id": message}) from error


def find_user(project: Project, id: int) -> User:
    member = User.objects.filter(
        id=id, is_active=True, memberships__organization=project.organization_id
    ).first()
    if member is None:
        message = f"There is no user {id} in this organization."
        raise serializers.ValidationError({"id": message}, code="does_not_exist")
    return member


def find_role(project: Project, id: UUID) -> Role:
    role = Role.objects.filter(id=id, organization=project.organization_id).first()
    if role is None:
        message = f"There is no role {id} in this organization."
        raise serializers.ValidationError({"id": message}, code="does_not_exist")
    return role
