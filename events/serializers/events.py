"""The event of the API."""

from collections.abc import Sequence

import orjson
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from events.elements import elements_from_chain
from events.queries import EventRow
from persons.models import PersonDistinctId
from projects.models import Project

# Of a person, an event shows only these.
SHOWN_PERSON_PROPERTIES = ("email", "name", "username")


class EventPersonSerializer(serializers.Serializer):
    is_identified = serializers.BooleanField()
    distinct_ids = serializers.ListField(child=serializers.CharField())
    properties = serializers.DictField()


class EventElementSerializer(serializers.Serializer):
    event = serializers.CharField(allow_null=True)
    text = serializers.CharField(allow_null=True)
    tag_name = serializers.CharField(allow_null=True)
    attr_class = serializers.ListField(child=serializers.CharField(), allow_null=True)
    href = serializers.CharField(allow_null=True)
    attr_id = serializers.CharField(allow_null=True)
    nth_child = serializers.IntegerField(allow_null=True)
    nth_of_type = serializers.IntegerField(allow_null=True)
    attributes = serializers.DictField()
    order = serializers.IntegerField()


class EventSerializer(serializers.Serializer):
    """Describes what `event_object` makes; events are read, never written, through the API."""

    id = serializers.CharField(help_text="The event's uuid, as captured.")
    distinct_id = serializers.CharField()
    properties = extend_schema_field(OpenApiTypes.OBJECT)(serializers.DictField)()
    event = serializers.CharField()
    timestamp = serializers.CharField(help_text="ISO 8601, UTC, with offset `+00:00`.")
    person = EventPersonSerializer(allow_null=True)
    elements = EventElementSerializer(many=True)
    elements_chain = serializers.CharField()


class EventListSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    results = EventSerializer(many=True)


class EventValueSerializer(serializers.Serializer):
    name = serializers.CharField()


class EventValuesSerializer(serializers.Serializer):
    results = EventValueSerializer(many=True)
    refreshing = serializers.BooleanField()


def event_object(row: EventRow, person: dict | None, *, parsed: bool = False) -> dict:
    """The API's event. Unless `parsed`, properties pass from store to answer as text."""
    text = row.properties.encode()
    return {
        "id": str(row.uuid),
        "distinct_id": row.distinct_id,
        "properties": orjson.loads(text) if parsed else orjson.Fragment(text),
        "event": row.event,
        "timestamp": row.timestamp.isoformat(),
        "person": person,
        "elements": elements_from_chain(row.elements_chain) if row.elements_chain else [],
        "elements_chain": row.elements_chain,
    }


def persons_of(project: Project, rows: Sequence[EventRow]) -> dict[str, dict]:
    """The persons behind the rows' distinct ids, by those, as events show them; in one query."""
    found = PersonDistinctId.objects.filter(
        project=project, distinct_id__in={row.distinct_id for row in rows}
    )
    # Not as models: making those took longer than the query.
    fields = found.values_list("distinct_id", "person__is_identified", "person__properties")
    return {
        distinct_id: {
            "is_identified": is_identified,
            "distinct_ids": [distinct_id],
            "properties": {
                key: properties[key] for key in SHOWN_PERSON_PROPERTIES if key in properties
            },
        }
        for distinct_id, is_identified, properties in fields
    }
