"""Lists of definitions: which, and in what order."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Length, TruncDate
from django.utils import timezone

from events.definitions.recording import UNDEFINED
from events.models import NO_GROUP, Definition, EventProperty, PropertyDefinition
from hogql.database import SESSIONS
from persons.processing.properties import AUTOMATIC
from projects.models import Project

STALE = timedelta(days=30)
# Of events, these say something about persons, groups or sessions.
NOT_OF_EVENTS = {
    *UNDEFINED,
    *("distinct_id", "$initial_referrer", "$initial_referring_domain"),
    *("$group_type", "$group_key", "$group_set"),
}
CAMPAIGN = {name for name in AUTOMATIC if not name.startswith("$")}
SESSION_IDS = UUID("5f1cc8c5-7d1d-4d4e-9a5e-2f8d2a3c7b10")
TYPES = {"number": "Numeric", "datetime": "DateTime", "bool": "Boolean"}


def matching(definitions: QuerySet, search: str) -> QuerySet:
    """Those whose name has every term of the search in it."""
    for term in search.split():
        definitions = definitions.filter(name__icontains=term)
    return definitions


# Events


def event_definitions(definitions: QuerySet, wanted: Mapping[str, Any]) -> QuerySet:
    definitions = matching(definitions, wanted["search"])
    if names := wanted["names"]:
        definitions = definitions.filter(name__in=names)
    if wanted["event_type"] == "event_custom":
        definitions = definitions.exclude(name__startswith="$")
    elif wanted["event_type"] == "event_posthog":
        definitions = definitions.filter(name__startswith="$")
    if wanted["exclude_hidden"]:
        definitions = definitions.filter(hidden=False)
    if wanted["verified"] is not None:
        definitions = definitions.filter(verified=wanted["verified"])
    if tags := wanted["tags"]:
        definitions = definitions.filter(id__in=tagged(definitions, set(tags)))
    if excluded := wanted["excluded_properties"]:
        definitions = definitions.exclude(name__in=excluded)
    if wanted["exclude_stale"]:
        recent = Q(last_seen_at__gte=timezone.now() - STALE)
        definitions = definitions.filter(recent | Q(last_seen_at=None))
    return definitions.order_by(*order(wanted))


def order(wanted: Mapping[str, Any]) -> list:
    if ordering := wanted["ordering"]:
        field = F(ordering.removeprefix("-"))
        is_falling = ordering.startswith("-")
        first = field.desc(nulls_last=True) if is_falling else field.asc(nulls_last=True)
        return [first, "name", "id"]
    if wanted["search"]:
        return [Length("name"), "name", "id"]
    return [TruncDate("last_seen_at").desc(nulls_last=True), "name", "id"]


def tagged(definitions: QuerySet, tags: set[str]) -> list[UUID]:
    """Compared here: SQLite can't look into lists, and few definitions have tags."""
    rows = definitions.exclude(tags=[]).values_list("id", "tags")
    return [id_ for id_, found in rows if tags & set(found)]


# Properties


def property_definitions(definitions: QuerySet, wanted: Mapping[str, Any]) -> QuerySet:
    definitions = definitions.filter(
        type=wanted["type"],
        group_type_index=(
            NO_GROUP if wanted["group_type_index"] is None else wanted["group_type_index"]
        ),
    )
    definitions = matching(definitions, wanted["search"])
    if wanted["type"] == PropertyDefinition.Type.EVENT:
        definitions = definitions.exclude(
            Q(name__in=NOT_OF_EVENTS) | Q(name__startswith="$session_entry_")
        )
    if names := wanted["properties"]:
        definitions = definitions.filter(name__in=names)
    if wanted["is_numerical"] is not None:
        numeric = Q(property_type=PropertyDefinition.PropertyType.NUMERIC)
        definitions = definitions.filter(
            numeric if wanted["is_numerical"] else ~numeric | Q(property_type=None)
        )
    if wanted["is_feature_flag"] is not None:
        flags = Q(name__startswith="$feature/")
        definitions = definitions.filter(flags if wanted["is_feature_flag"] else ~flags)
    if wanted["exclude_core_properties"]:
        definitions = definitions.exclude(Q(name__startswith="$") | Q(name__in=CAMPAIGN))
    if wanted["exclude_hidden"]:
        definitions = definitions.filter(hidden=False)
    if excluded := wanted["excluded_properties"]:
        definitions = definitions.exclude(name__in=excluded)
    return seen_on(definitions, wanted["event_names"], wanted["filter_by_event_names"])


def seen_on(definitions: QuerySet, events: list[str] | None, only: bool) -> QuerySet:
    """Says of each whether one of the events has it, unless none is named."""
    if not events:
        return definitions.order_by("-verified", "name", "id")
    pairs = EventProperty.objects.filter(
        project=OuterRef("project"), event__in=events, property=OuterRef("name")
    )
    definitions = definitions.annotate(is_seen_on_filtered_events=Exists(pairs))
    if only:
        definitions = definitions.filter(is_seen_on_filtered_events=True)
    return definitions.order_by("-is_seen_on_filtered_events", "-verified", "name", "id")


def seen_together(project: Project, events: list[str], name: str) -> dict[str, bool]:
    pairs = EventProperty.objects.filter(project=project, event__in=events, property=name)
    found = set(pairs.values_list("event", flat=True))
    return {event: event in found for event in events}


def session_properties(wanted: Mapping[str, Any]) -> list[Definition]:
    """Those of sessions are what queries offer; nobody defines them."""
    return [each for each in all_session_properties() if is_wanted(each, wanted)]


def all_session_properties() -> Iterator[PropertyDefinition]:
    for name, field in SESSIONS.fields.items():
        if name.startswith("$"):
            definition = PropertyDefinition(
                id=uuid5(SESSION_IDS, name),
                name=name,
                property_type=TYPES.get(field.type.kind, "String"),
            )
            yield definition


def is_wanted(definition: PropertyDefinition, wanted: Mapping[str, Any]) -> bool:
    name = definition.name
    return (
        all(term in name for term in wanted["search"].lower().split())
        and (not wanted["properties"] or name in wanted["properties"])
        and wanted["is_numerical"] in (None, definition.is_numerical)
        and not wanted["is_feature_flag"]
        and not wanted["exclude_core_properties"]
        and name not in (wanted["excluded_properties"] or ())
    )
