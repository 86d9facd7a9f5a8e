"""Base classes of the serializers: they read form-encoded bodies as if they were JSON.

Inherit from these, not from DRF's. In DRF a form has rules of its own (a missing boolean is false,
lists and objects are spelled `name.key=…`); PostHog's clients send JSON text in such fields.
"""

from typing import Any

import orjson
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from posthog_clone.api.parsers import UnfitJSON, read_json

LISTS = (
    serializers.ListField,
    serializers.ListSerializer,
    serializers.ManyRelatedField,
    serializers.MultipleChoiceField,
)
COMPOSED = (*LISTS, serializers.BaseSerializer, serializers.DictField, serializers.JSONField)


class FormBodies:
    """Turns a form into the object that the same request would have sent as JSON."""

    def to_internal_value(self, data):
        errors = {}
        if isinstance(data, QueryDict):
            data, errors = self.read_form(data)
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            if not errors or not isinstance(error.detail, dict):
                raise
            errors = {**error.detail, **errors}
        if errors:
            in_field_order = {name: errors[name] for name in self.fields if name in errors}
            raise ValidationError({**in_field_order, **errors})
        return value

    def read_form(self, form: QueryDict) -> tuple[dict[str, Any], dict[str, list]]:
        data, errors = dict(form.items()), {}
        for field in self._writable_fields:
            name = field.field_name
            if name not in data or not isinstance(data[name], str):
                continue
            try:
                data[name] = read_field(field, form.getlist(name))
            except UnfitJSON as error:
                errors[name] = [ErrorDetail(f"JSON parse error - {error}", code="invalid")]
            except orjson.JSONDecodeError:
                message = f"Value must be valid JSON, not {data[name][:100]!r}."
                errors[name] = [ErrorDetail(message, code="invalid")]
        return data, errors


def read_field(field: serializers.Field, values: list[str]) -> Any:
    text = values[-1]
    if isinstance(field, COMPOSED):
        if isinstance(field, LISTS) and len(values) > 1:
            return values
        return read_json(text)
    return None if field.allow_null and means_null(field, text) else text


def means_null(field: serializers.Field, text: str) -> bool:
    if isinstance(field, serializers.CharField):
        return text == "" and not field.allow_blank
    return text == "null" or (text == "" and not getattr(field, "allow_blank", False))


class Serializer(FormBodies, serializers.Serializer):
    pass


class ModelSerializer(FormBodies, serializers.ModelSerializer):
    pass


class Constant(serializers.Field):
    """A key that PostHog's answers have and whose value is always the same here."""

    def __init__(self, value: Any, type: type | None = None):
        super().__init__(read_only=True, source="*")
        self.value = value
        self.type = type or value.__class__

    def to_representation(self, instance):
        return self.value
