"""`filters_override` and `variables_override`: what a dashboard changes about its insights."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from hogql.kinds import WRAPPERS
from insights.asking import PropertiesField, TextField
from posthog_clone.api.serializers import Serializer

Query = Mapping[str, Any]


class FiltersOverrideSerializer(Serializer):
    date_from = TextField(required=False, allow_null=True)
    date_to = TextField(required=False, allow_null=True)
    properties = PropertiesField()
    explicitDate = serializers.BooleanField(required=False, allow_null=True)


def overridden(query: Query, filters: Query | None, variables: Query | None) -> Query:
    """The query with other dates, further property filters and other values of its variables."""
    if not filters and not variables:
        return query
    if isinstance(query, Mapping) and query.get("kind") in WRAPPERS:
        return {**query, "source": overridden(query.get("source"), filters, variables)}
    if not isinstance(query, Mapping):
        return query
    query = with_filters(query, filters or {})
    if variables and query.get("kind") == "HogQLQuery":
        query = {**query, "variables": {**(query.get("variables") or {}), **variables}}
    return query


def with_filters(query: Query, filters: Query) -> Query:
    if query.get("kind") == "HogQLQuery":
        return {
            **query,
            "filters": with_dates(with_properties(query.get("filters"), filters), filters),
        }
    query = with_properties(query, filters)
    if query.get("kind") != "EventsQuery":
        return with_dates(query, filters)
    if filters.get("date_from") or filters.get("date_to"):
        return {**query, "after": filters.get("date_from"), "before": filters.get("date_to")}
    return query


def with_dates(holder: Query, filters: Query) -> Query:
    if not (filters.get("date_from") or filters.get("date_to")):
        return holder
    names = ("date_from", "date_to", "explicitDate")
    return {**holder, "dateRange": {name: filters[name] for name in names if filters.get(name)}}


def with_properties(holder: Query | None, filters: Query) -> Query:
    holder = holder or {}
    further = filters.get("properties")
    if not further:
        return holder
    present = holder.get("properties")
    if isinstance(present, list) and isinstance(further, list):
        return {**holder, "properties": [*present, *further]}
    if not present:
        return {**holder, "properties": further}
    groups = [as_group(present), as_group(further)]
    return {**holder, "properties": {"type": "AND", "values": groups}}


def as_group(properties: Any) -> Any:
    return {"type": "AND", "values": properties} if isinstance(properties, list) else properties
