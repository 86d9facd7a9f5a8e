"""Serializer fields for what both stores have to hold."""

from typing import Any

import orjson
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from posthog_clone.api.parsers import holds_nul

MAX_DEPTH = 128  # as capture has it
WRITABLE_DEPTH = 254  # what orjson writes at most


class PropertyValueField(serializers.JSONField):
    """Any JSON that both stores can hold."""

    def to_internal_value(self, data: Any) -> Any:
        probe = data
        for _ in range(WRITABLE_DEPTH - MAX_DEPTH):
            probe = [probe]
        try:
            text = orjson.dumps(probe)
        except TypeError:
            raise ValidationError(f"Nested too deeply: {MAX_DEPTH} levels are the most.") from None
        if b"\\u0000" in text and holds_nul(data):
            raise ValidationError("The null character \\u0000 can't be stored.")
        return data


@extend_schema_field(OpenApiTypes.OBJECT)
class PropertiesField(PropertyValueField):
    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise ValidationError("Expected an object of properties by name.")
        return super().to_internal_value(data)


class TextField(serializers.CharField):
    """A string, which must come as one: 5 isn't "5"."""

    def __init__(self, **options):
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise ValidationError(f"Expected a string, not {repr(data)[:100]}.")
        return super().to_internal_value(data)
