"""The values of a property and how often each is there."""

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

MAX_VALUES = 20


class PropertyValueSerializer(serializers.Serializer):
    name = serializers.CharField()
    count = serializers.IntegerField()


class PropertyValuesSerializer(serializers.Serializer):
    results = PropertyValueSerializer(many=True)
    refreshing = serializers.BooleanField()


def values_answer(rows: Iterable[tuple[str, int]]) -> dict[str, Any]:
    return {
        "results": [{"name": name, "count": count} for name, count in rows],
        "refreshing": False,
    }
