"""Booleans of a query."""

from collections.abc import Mapping

from rest_framework.exceptions import ValidationError

TRUE, FALSE = {"", "true", "1"}, {"false", "0"}


def flag(params: Mapping[str, str], name: str, default: bool = False) -> bool:
    """Whether the flag is set: by its name alone, or by true or 1.

    Raises ValidationError for what is neither true nor false.
    """
    text = params.get(name)
    if text is None:
        return default
    if text.lower() not in TRUE | FALSE:
        raise ValidationError({name: f"{text[:100]!r} is neither true nor false."})
    return text.lower() in TRUE
