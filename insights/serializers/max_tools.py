"""What the question tool takes and gives."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from insights.max.planning import KINDS
from posthog_clone.api.serializers import Serializer


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A question",
            {"query": "How many signups by country in the last 7 days?", "insight_type": "trends"},
        )
    ]
)
class QuestionSerializer(Serializer):
    query = serializers.CharField(max_length=1000, help_text="A question in English, or SQL.")
    insight_type = serializers.ChoiceField(list(KINDS))


class MaxMessageSerializer(serializers.Serializer):
    """An event of the conversation; a message's `data` has a type of its own: `ai/viz` with the
    query that was made of the question, `tool` with what it gives, or `ai/failure`."""

    type = serializers.CharField()
    data = extend_schema_field(OpenApiTypes.OBJECT)(serializers.DictField)()
