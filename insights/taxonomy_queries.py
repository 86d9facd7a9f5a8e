"""The query kinds TeamTaxonomyQuery and EventTaxonomyQuery: what there is to ask about."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from hogql.kinds import Run
from insights import taxonomy
from insights.asking import KindSerializer, PageSerializer, TextField, checked
from projects.models import Project

MAX_SAMPLES = 25
EVENTS = 500


class TeamTaxonomyQuerySerializer(PageSerializer):
    pass


class EventTaxonomyQuerySerializer(KindSerializer):
    event = TextField(required=False, allow_null=True)
    actionId = serializers.IntegerField(required=False, allow_null=True)
    properties = serializers.ListField(
        child=TextField(), required=False, allow_null=True, help_text="Only these."
    )
    maxPropertyValues = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_SAMPLES
    )

    def validate(self, attrs):
        if not attrs.get("event") and attrs.get("actionId") is None:
            raise ValidationError({"event": "Name an event, or an action by actionId."})
        return attrs


def answer_team(project: Project, query: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """Events by how often they came in the last 30 days."""
    asked = checked(TeamTaxonomyQuerySerializer, project, query)
    limit, offset = asked.page(EVENTS)
    found, has_more = taxonomy.events(project, run.now, limit, offset)
    return {
        "results": [{"event": name, "count": count} for name, count in found],
        "hasMore": has_more,
        "limit": limit,
        "offset": offset,
    }


def answer_event(project: Project, query: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """Properties of an event or action, the most frequent first, with some of their values."""
    asked = checked(EventTaxonomyQuerySerializer, project, query).validated_data
    if asked.get("event"):
        condition = taxonomy.event_condition(asked["event"])
    else:
        condition = taxonomy.action_condition(project, asked["actionId"], run.now)
    samples, only = asked.get("maxPropertyValues") or taxonomy.SAMPLES, asked.get("properties")
    found = taxonomy.event_properties(project, condition, run.now, samples)
    return {
        "results": [
            {
                "property": each.name,
                "sample_values": each.sample,
                "sample_count": each.count,
            }
            for each in found
            if not only or each.name in only
        ]
    }
