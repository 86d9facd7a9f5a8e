"""Answers to the queries of the API, as plain objects."""

from typing import Any

from logs import queries
from logs.buckets import Buckets
from logs.exporting import MAX_LINES
from logs.search import Search
from logs.serializers.lines import NO_VALUE, line_object

SPARKLINE_BUCKETS = 50
SPARKLINE_SERVICES = 25


def page(search: Search, query: dict[str, Any], exclude_attributes: bool = False) -> dict[str, Any]:
    lines, has_more = queries.page(search)
    rows = [line_object(line) for line in lines]
    if exclude_attributes:
        for row in rows:
            row |= {"attributes": {}, "resource_attributes": {}}
    return {
        "query": query,
        "results": rows,
        "hasMore": has_more,
        "nextCursor": str(lines[-1].cursor) if has_more else None,
        "maxExportableLogs": MAX_LINES,
    }


def sparkline(search: Search, breakdown: str) -> list[dict[str, Any]]:
    """A row for every bucket and value: also where there are no lines."""
    buckets = Buckets.cover(search.date_from, search.date_to, SPARKLINE_BUCKETS)
    column = "service_name" if breakdown == "service" else "severity_text"
    values, counts = queries.counts_by_value(search, buckets, column)
    rows = []
    for start in buckets.starts():
        for value in values or [""]:
            name, count = value or NO_VALUE, counts.get((start, value), 0)
            if breakdown == "service":
                rows.append({"time": start, "service": name, "count": count})
            else:
                rows.append({"time": start, "level": name, "severity": name, "count": count})
    return rows


def count_ranges(search: Search, target: int) -> dict[str, Any]:
    buckets = Buckets.cover(search.date_from, search.date_to, target)
    counts = queries.counts_over_time(search, buckets)
    ranges = [
        {
            "date_from": max(start, search.date_from),
            "date_to": min(start + buckets.step, search.date_to),
            "count": counts.get(start, 0),
        }
        for start in buckets.starts()
    ]
    return {"ranges": ranges, "interval": buckets.interval}


def services(search: Search) -> dict[str, Any]:
    buckets = Buckets.cover(search.date_from, search.date_to, SPARKLINE_BUCKETS)
    names, counts = queries.counts_by_value(search, buckets, "service_name", SPARKLINE_SERVICES)
    return {
        "services": [
            {
                "service_name": service.name,
                "log_count": service.lines,
                "error_count": service.errors,
                "error_rate": service.errors / service.lines,
            }
            for service in queries.services(search)
        ],
        "sparkline": [
            {"time": start, "service_name": name, "count": counts.get((start, name), 0)}
            for start in buckets.starts()
            for name in names
        ],
    }


def attributes(
    search: Search, column: str, part: str, limit: int, offset: int, search_values: bool
) -> dict[str, Any]:
    """Keys that contain `part`, then those that only have values that do."""
    kind = "log_attribute" if column == "attributes" else "log_resource_attribute"
    keys = queries.attribute_keys(search, column, part)
    entries = [(key, "key", None) for key in keys]
    if search_values and part:
        by_value = queries.keys_with_value(search, column, part)
        entries += [(key, "value", value) for key, value in by_value.items() if key not in keys]
    results = [
        {"name": name, "propertyFilterType": kind, "matchedOn": matched, "matchedValue": value}
        for name, matched, value in entries[offset : offset + limit]
    ]
    return {"results": results, "count": len(entries)}


def facet_values(search: Search, facet: dict[str, Any]) -> list[dict[str, Any]]:
    """A facet's values and counts. Its own filter is left out, so that choosing one of its values
    doesn't make the others vanish."""
    part = facet.get("facetSearch") or ""
    if field := facet.get("facetField"):
        own = {"severity_text": "levels", "service_name": "services"}[field]
        values = queries.column_values(search.without(own), field, part, queries.MAX_VALUES)
    else:
        column = "attributes" if facet.get("facetAttribute") else "resource_attributes"
        key = facet.get("facetAttribute") or facet["facetResourceAttribute"]
        kind = "log_attribute" if column == "attributes" else "log_resource_attribute"
        values = queries.attribute_values(
            search.without_filters_on(kind, key), column, key, part, queries.MAX_VALUES
        )
    return [{"value": value, "count": count} for value, count in values if value]
