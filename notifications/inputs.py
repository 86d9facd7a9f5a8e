"""The inputs of destinations: checked against their template, secret ones kept apart."""

from dataclasses import dataclass, field
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError

from notifications import outgoing, placeholders, signing
from notifications.models import HogFunction, Integration
from notifications.templates import Template
from projects.models import Project

URLS = {"url", "webhookUrl"}
SECRET = {"secret": True}
"""What answers show of a secret; sent back, it keeps the secret."""


@dataclass
class Inputs:
    public: dict[str, dict] = field(default_factory=dict)
    """With SECRET in the place of the secret ones."""
    secret: dict[str, dict] = field(default_factory=dict)
    integration: Integration | None = None
    has_new_secrets: bool = False


def read(
    template: Template, given: dict[str, Any], project: Project, function: HogFunction | None
) -> Inputs:
    """The inputs that the template has; `function` has the secrets so far.

    Raises ValidationError that names the input at fault: `inputs__url`.
    """
    inputs = Inputs()
    refuse_unknown(template, given)
    for described in template.inputs_schema:
        key, entry = described["key"], given.get(described["key"])
        if entry is not None and not isinstance(entry, dict):
            raise wrong(key, 'Must be an object such as {"value": …}.')
        is_kept = described["secret"] and bool(entry) and is_secret(entry)
        if is_kept:
            entry = function.secret_inputs.get(key) if function else None
        if is_missing(entry):
            if described["required"] and not described.get("default"):
                raise wrong(key, "This field is required.", "required")
            if entry is None or described["secret"]:
                continue
        elif not is_kept:
            check(described, entry["value"])
        if described["secret"]:
            inputs.secret[key], inputs.public[key] = entry, SECRET
            inputs.has_new_secrets |= not is_kept
        else:
            inputs.public[key] = entry
        if described["type"] == "integration":
            inputs.integration = find_integration(described, entry["value"], project)
    return inputs


def refuse_unknown(template: Template, given: dict[str, Any]) -> None:
    for key, entry in given.items():
        if template.input(key) is None and not is_empty(entry):
            known = ", ".join(described["key"] for described in template.inputs_schema)
            raise wrong(key[:100], f"{template.name} has no such input. There are {known}.")


def is_empty(entry: Any) -> bool:
    return not entry or (isinstance(entry, dict) and entry.get("value") in (None, "", {}, []))


def is_secret(entry: dict) -> bool:
    return bool(entry.get("secret")) and "value" not in entry


def is_missing(entry: dict | None) -> bool:
    return entry is None or entry.get("value") in (None, "")


def check(described: dict[str, Any], value: Any) -> None:
    key, type = described["key"], described["type"]
    if type == "string" and not isinstance(value, str):
        raise wrong(key, "Value must be a string.")
    if type == "integration_field" and not isinstance(value, str):
        raise wrong(key, "Value must be a string.")
    if type == "boolean" and not isinstance(value, bool):
        raise wrong(key, "Value must be a boolean.")
    if type == "dictionary":
        check_dictionary(key, value)
    if type == "choice" and value not in [choice["value"] for choice in described["choices"]]:
        raise wrong(key, f'"{str(value)[:100]}" is not a valid choice.', "invalid_choice")
    if described["secret"]:
        check_secret(key, value)
        return
    try:
        placeholders.check(value)
        if key in URLS and not placeholders.has_any(value):
            outgoing.parse(value)
    except (placeholders.InvalidPlaceholder, outgoing.Refused) as error:
        raise wrong(key, str(error)) from error


def check_dictionary(key: str, value: Any) -> None:
    if not isinstance(value, dict) or any(isinstance(v, dict | list) for v in value.values()):
        raise wrong(key, "Value must be a dictionary of strings.")
    try:
        outgoing.checked(value)
    except outgoing.Refused as error:
        raise wrong(key, str(error)) from error


def check_secret(key: str, value: str) -> None:
    try:
        signing.key_of(value)
    except signing.InvalidSecret as error:
        raise wrong(key, str(error)) from error


def find_integration(described: dict[str, Any], value: Any, project: Project) -> Integration:
    found = None
    if str(value).isascii() and str(value).isdecimal() and len(str(value)) < 19:
        found = Integration.objects.filter(
            project=project, kind=described["integration"], id=int(value)
        ).first()
    if found is None:
        message = f"This project has no {described['integration']} integration {str(value)[:50]}."
        raise wrong(described["key"], message, "does_not_exist")
    return found


def wrong(key: str, message: str, code: str = "invalid") -> ValidationError:
    return ValidationError({"inputs": {key: [ErrorDetail(message, code=code)]}})
