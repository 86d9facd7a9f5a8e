"""What the agents' tools take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from insights.asking import TextField
from insights.tools import READERS, check_needs
from posthog_clone.api.serializers import Serializer

MAX_EVENTS = 500


class ExecuteSQLArgsSerializer(Serializer):
    query = serializers.CharField(trim_whitespace=False)
    truncate = serializers.BooleanField(default=True, help_text="Cut long values.")
    connectionId = serializers.CharField(required=False, allow_null=True)
    sendRawQuery = serializers.BooleanField(required=False, allow_null=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Events by name",
            {"args": {"query": "SELECT event, count() FROM events GROUP BY event"}},
            request_only=True,
        )
    ]
)
class ExecuteSQLSerializer(Serializer):
    args = ExecuteSQLArgsSerializer()


class TaxonomyQuerySerializer(Serializer):
    kind = serializers.ChoiceField(list(READERS))
    limit = serializers.IntegerField(default=MAX_EVENTS, min_value=1, max_value=MAX_EVENTS)
    offset = serializers.IntegerField(default=0, min_value=0)
    event_name = TextField(required=False, allow_null=True)
    action_id = serializers.IntegerField(required=False, allow_null=True)
    entity = TextField(
        required=False, allow_null=True, help_text="`person`, `session` or a group type."
    )
    property_name = TextField(required=False, allow_null=True)

    def validate(self, attrs):
        check_needs(attrs)
        return attrs


class ReadTaxonomyArgsSerializer(Serializer):
    query = TaxonomyQuerySerializer()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Events",
            {"args": {"query": {"kind": "events", "limit": 500, "offset": 0}}},
            request_only=True,
        ),
        OpenApiExample(
            "Values of a property",
            {
                "args": {
                    "query": {
                        "kind": "event_property_values",
                        "event_name": "$pageview",
                        "property_name": "$browser",
                    }
                }
            },
            request_only=True,
        ),
    ]
)
class ReadTaxonomySerializer(Serializer):
    args = ReadTaxonomyArgsSerializer()


@extend_schema_serializer(
    examples=[OpenApiExample("A search", {"query": "How are funnels counted?"}, request_only=True)]
)
class DocsSearchSerializer(Serializer):
    query = serializers.CharField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Rows",
            {"success": True, "content": "event | count()\n$pageview | 4071"},
            response_only=True,
        )
    ]
)
class ToolAnswerSerializer(serializers.Serializer):
    success = serializers.BooleanField()
    content = serializers.CharField(help_text="For a model to read; what went wrong, if it did.")
    structured_content = serializers.DictField(required=False)
