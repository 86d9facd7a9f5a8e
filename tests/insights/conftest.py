import pytest

from events.models import EventDefinition, PropertyDefinition
from tests.hogql.store import add_events, add_person
from tests.insights.questions import EVENT_PROPERTIES, EVENTS, PERSON_PROPERTIES


@pytest.fixture
def ask(api):
    """Asks a query; the answer of the API, whatever it is."""

    def ask(query, path="query/", **fields):
        if isinstance(query, str):
            query = {"kind": "HogQLQuery", "query": query}
        return api.post(path, {"query": query, **fields}, format="json")

    return ask


@pytest.fixture
def events(analytics, project):
    """Adds events of the project."""
    return lambda *rows: add_events(project.id, *rows)


@pytest.fixture
def people(analytics, project):
    """Adds a person of the project to the analytics store."""
    return lambda *distinct_ids, **fields: add_person(project.id, *distinct_ids, **fields)


@pytest.fixture
def shop(project):
    """The project, with the names that questions.py is about."""
    EventDefinition.objects.bulk_create(
        EventDefinition(project=project, name=name) for name in EVENTS
    )
    PropertyDefinition.objects.bulk_create(
        PropertyDefinition(project=project, name=name, type=type)
        for type, names in (("event", EVENT_PROPERTIES), ("person", PERSON_PROPERTIES))
        for name in names
    )
    return project
