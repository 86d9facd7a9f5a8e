"""Making personal API keys."""

from collections.abc import Iterable

from rest_framework.exceptions import ValidationError

from projects.access import is_scope
from projects.models import PersonalAPIKey, User


def check_scope_names(scopes: Iterable[str]) -> None:
    """Raise ValidationError for the first that is no scope."""
    for scope in scopes:
        if not is_scope(scope):
            raise ValidationError(f"Invalid scope: {scope}")


def create_personal_api_key(
    user: User, *, label: str, scopes: list[str], **fields
) -> tuple[PersonalAPIKey, str]:
    """The new key and its value, which nobody can ask for again."""
    check_scope_names(scopes)
    key = PersonalAPIKey(user=user, label=label, scopes=scopes, **fields)
    value = key.set_new_value()
    key.save()
    return key, value
