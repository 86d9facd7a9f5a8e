"""What is known of events and their properties: made by ingestion, mended by people."""

from collections.abc import Collection

from events.models import NO_GROUP, PropertyDefinition
from hogql.knowledge import KnownTypes
from projects.models import Project

MAX_NAMES = 5000
"""As many names as one query to the database can ask for."""


def property_types(project: Project, names: Collection[str]) -> KnownTypes:
    """Of what type the properties of these names are: settings.HOGQL_PROPERTY_TYPES."""
    # A query may name anything; PostgreSQL refuses to look for what it can't hold.
    storable = sorted(name for name in names if "\0" not in name)
    if not storable:
        return {}
    rows = PropertyDefinition.objects.filter(
        project_id=project.id, property_type__isnull=False, name__in=storable[:MAX_NAMES]
    ).values_list("type", "name", "group_type_index", "property_type")
    return {
        (scope, name, None if index == NO_GROUP else index): known
        for scope, name, index, known in rows
    }
