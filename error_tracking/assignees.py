"""Who an issue, or what a rule finds, is given to: a member of the project's organization."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from projects.models import Project, User

USER = "user"
ROLE = "role"
MAX_ID = 2**31 - 1


def assignee_of(user_id: int | None) -> dict | None:
    """As the API shows it; a user's id is a number everywhere."""
    return None if user_id is None else {"id": user_id, "type": USER}


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
    """Reads `{"type": "user", "id": 1}` into the user; a lone id is taken for a user's."""

    default_error_messages = {
        "not_an_object": 'An assignee is an object such as {{"type": "user", "id": 1}}.',
    }

    def to_internal_value(self, data: Any) -> User:
        if not isinstance(data, dict):
            self.fail("not_an_object")
        kind = data.get("type", USER)
        if kind not in (USER, ROLE):
            message = f"{kind!r:.100} is no type of assignee: use 'user' or 'role'."
            raise serializers.ValidationError({"type": message}, code="invalid_choice")
        if data.get("id") is None:
            raise serializers.ValidationError({"id": "This field is required."}, code="required")
        if kind == ROLE:
            message = f"There is no role {data['id']!r:.100} in this organization."
            raise serializers.ValidationError({"id": message}, code="does_not_exist")
        return find_user(self.context["project"], user_id(data["id"]))

    def get_attribute(self, instance: Any) -> int | None:
        """The id alone: it is in the row, and the user would be a query more."""
        return getattr(instance, f"{self.source}_id")

    def to_representation(self, value: int) -> dict | None:
        return assignee_of(value)


def user_id(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_ID:
        message = f"{value!r:.100} is not the id of a user: use a whole number."
        raise serializers.ValidationError({"id": message})
    return value


def find_user(project: Project, id: int) -> User:
    member = User.objects.filter(
        id=id, is_active=True, memberships__organization=project.organization_id
    ).first()
    if member is None:
        message = f"There is no user {id} in this organization."
        raise serializers.ValidationError({"id": message}, code="does_not_exist")
    return member
