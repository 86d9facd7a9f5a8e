"""The API of event and property definitions."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import uuid4

import orjson
import pytest

from events.definitions.recording import record, seen
from events.models import EventDefinition, EventProperty, PropertyDefinition
from persons.models import GroupType
from tests.factories import ProjectFactory
from tests.persons.capturing import captured

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)
EVENTS, PROPERTIES = "event_definitions/", "property_definitions/"


@pytest.fixture(autouse=True)
def nothing_seen():
    seen.clear()


def names(api, path) -> list[str]:
    answer = api.get(path)
    assert answer.status_code == 200, answer.json()
    return [row["name"] for row in answer.json()["results"]]


def json(value) -> str:
    return quote(orjson.dumps(value))


def define(project, name, **fields) -> EventDefinition:
    return EventDefinition.objects.create(project=project, name=name, **fields)


def define_property(project, name, **fields) -> PropertyDefinition:
    return PropertyDefinition.objects.create(project=project, name=name, **fields)


@pytest.fixture
def defined(project):
    record(
        [
            captured(project, "order placed", price=5, coupon="x", **{"__feature/beta": True}),
            captured(project, "$pageview", minutes=1, __current_url="/", utm_source="a", price=1),
            captured(
                project, "signup", **{"__set": {"plan": "pro", "$os": "x"}, "distinct_id": "y"}
            ),
        ]
    )


def test_an_event_definition_has_every_key(api, project, defined):
    (row,) = api.get(f"{EVENTS}?search=order").json()["results"]

    definition = EventDefinition.objects.get(name="order placed")
    seen_at = "2026-03-01T12:00:00Z"
    assert row == {
        "id": str(definition.id),
        "name": "order placed",
        "owner": None,
        "description": "",
        "tags": [],
        "created_at": seen_at,
        "updated_at": None,
        "updated_by": None,
        "last_seen_at": seen_at,
        "last_updated_at": None,
        "verified": False,
        "verified_at": None,
        "verified_by": None,
        "hidden": False,
        "is_action": False,
        "action_id": None,
        "is_calculating": False,
        "last_calculated_at": None,
        "created_by": None,
        "post_to_slack": False,
        "default_columns": [],
    }
    assert api.get(f"{EVENTS}{row['id']}/").json() == row
    assert api.get(f"{EVENTS}by_name/?name=order placed").json() == row


def test_by_name_needs_a_name_that_is_known(api, project, defined):
    define(ProjectFactory(), "elsewhere")

    assert api.get(f"{EVENTS}by_name/").status_code == 400
    assert api.get(f"{EVENTS}by_name/?name=nothing").status_code == 404
    assert api.get(f"{EVENTS}by_name/?name=elsewhere").status_code == 404


def test_event_definitions_are_filtered(api, project):
    day = timedelta(days=1)
    define(project, "order placed", last_seen_at=NOW, tags=["shop", "x"])
    define(project, "order", last_seen_at=NOW - day, verified=True, tags=["shop"])
    define(project, "$pageview", last_seen_at=NOW - 40 * day, hidden=True)
    define(project, "planned")

    every = ["order placed", "order", "$pageview", "planned"]
    assert names(api, EVENTS) == every
    assert names(api, f"{EVENTS}?search=ORD er") == ["order", "order placed"]
    assert names(api, f"{EVENTS}?search=placed order") == ["order placed"]
    assert names(api, f"{EVENTS}?names=order,planned&names=x") == ["order", "planned"]
    assert names(api, f"{EVENTS}?event_type=event") == every
    assert names(api, f"{EVENTS}?event_type=event_posthog") == ["$pageview"]
    assert names(api, f"{EVENTS}?event_type=event_custom") == ["order placed", "order", "planned"]
    assert names(api, f"{EVENTS}?exclude_hidden=true") == ["order placed", "order", "planned"]
    assert names(api, f"{EVENTS}?verified=true") == ["order"]
    assert names(api, f"{EVENTS}?verified=false&exclude_hidden=1") == ["order placed", "planned"]
    assert names(api, f"{EVENTS}?tags={json(['shop'])}") == ["order placed", "order"]
    assert names(api, f"{EVENTS}?tags={json(['x', 'y'])}") == ["order placed"]
    excluded = json(["order", "planned"])
    assert names(api, f"{EVENTS}?excluded_properties={excluded}") == ["order placed", "$pageview"]
    assert names(api, f"{EVENTS}?exclude_stale=true") == ["order placed", "order", "planned"]
    assert names(api, f"{EVENTS}?ordering=name")[0] == "$pageview"
    assert names(api, f"{EVENTS}?ordering=-name")[0] == "planned"
    for sign, expected in [("", ["order", "order placed"]), ("-", ["order placed", "order"])]:
        path = f"{EVENTS}?ordering={sign}last_seen_at&exclude_stale=1"
        assert names(api, path) == [*expected, "planned"]


@pytest.mark.parametrize(
    ("path", "attr"),
    [
        (f"{EVENTS}?event_type=x", "event_type"),
        (f"{EVENTS}?tags=x", "tags"),
        (f"{EVENTS}?excluded_properties=[", "excluded_properties"),
        (f"{EVENTS}?ordering=id", "ordering"),
        (f"{PROPERTIES}?type=x", "type"),
        (f"{PROPERTIES}?type=group", "group_type_index"),
        (f"{PROPERTIES}?type=group&group_type_index=5", "group_type_index"),
        (f"{PROPERTIES}?group_type_index=0", "group_type_index"),
        (f"{PROPERTIES}?event_names=x", "event_names"),
        (f"{PROPERTIES}?excluded_properties=x", "excluded_properties"),
        (f"{PROPERTIES}seen_together/?property_name=x", "event_names"),
        (f"{PROPERTIES}seen_together/?event_names=[]", "property_name"),
    ],
)
def test_bad_queries_are_refused(api, path, attr):
    answer = api.get(path)
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_an_event_can_be_defined_before_it_comes(api, project, user):
    body = {"name": "planned", "description": "soon", "tags": ["a"], "verified": True}
    answer = api.post(EVENTS, body)

    assert answer.status_code == 201
    made = answer.json()
    assert (made["created_at"], made["last_seen_at"]) == (None, None)
    assert (made["description"], made["tags"], made["verified"]) == ("soon", ["a"], True)
    assert made["verified_by"]["id"] == made["updated_by"]["id"] == user.id
    again = api.post(EVENTS, {"name": "planned"})
    assert (again.status_code, again.json()["attr"]) == (400, "name")
    assert again.json()["detail"] == "Event definition with name 'planned' already exists"

    event = captured(project, "planned")
    record([event])
    read = api.get(f"{EVENTS}{made['id']}/").json()
    assert read["created_at"] == read["last_seen_at"] == "2026-03-01T12:00:00Z"
    assert read["description"] == "soon"


def test_a_definition_is_verified_or_hidden_not_both(api, project, user):
    path = f"{EVENTS}{define(project, 'a').id}/"

    both = api.patch(path, {"verified": True, "hidden": True})
    assert both.status_code == 400
    assert both.json()["detail"] == "An event cannot be both hidden and verified"
    verified = api.patch(path, {"verified": True, "name": "b"}).json()
    assert (verified["verified"], verified["name"]) == (True, "a")
    assert verified["verified_at"] is not None
    assert verified["verified_by"]["id"] == user.id
    hidden = api.patch(path, {"hidden": True}).json()
    assert (hidden["verified"], hidden["hidden"], hidden["verified_at"]) == (False, True, None)
    assert hidden["verified_by"] is None
    again = api.patch(path, {"verified": True}).json()
    assert (again["verified"], again["hidden"]) == (True, False)


def test_changes_are_logged(api, project):
    definition = define_property(project, "price", property_type="String")
    path = f"{PROPERTIES}{definition.id}/"
    changed = api.patch(path, {"property_type": "Numeric", "description": "in EUR"}).json()
    assert (changed["property_type"], changed["is_numerical"]) == ("Numeric", True)
    api.patch(path, {"property_type": "Numeric"})
    api.delete(path)

    log = api.get("activity_log/?scope=PropertyDefinition").json()["results"]
    assert [entry["activity"] for entry in log] == ["deleted", "changed"]
    changes = {each["field"]: each["after"] for each in log[1]["detail"]["changes"]}
    assert changes == {"property_type": "Numeric", "description": "in EUR"}


def test_bad_types_are_refused(api, project):
    path = f"{PROPERTIES}{define_property(project, 'price').id}/"
    answer = api.patch(path, {"property_type": "Money"})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_choice")
    assert api.post(PROPERTIES, {"name": "x"}).status_code == 405


def test_a_deleted_definition_comes_back_with_the_next_event(
    api, project, django_capture_on_commit_callbacks
):
    def capture():
        with django_capture_on_commit_callbacks(execute=True):
            record([captured(project, "a", n=1)])

    capture()
    (event,) = EventDefinition.objects.all()
    (definition,) = PropertyDefinition.objects.all()
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"{EVENTS}{event.id}/").status_code == 204
        assert api.delete(f"{PROPERTIES}{definition.id}/").status_code == 204
    assert names(api, EVENTS) == names(api, PROPERTIES) == []
    capture()
    assert (names(api, EVENTS), names(api, PROPERTIES)) == (["a"], ["n"])


def test_properties_are_filtered(api, project, defined):
    every = ["$current_url", "$feature/beta", "coupon", "price", "utm_source"]
    assert names(api, PROPERTIES) == every
    assert names(api, f"{PROPERTIES}?search=UR curr") == ["$current_url"]
    assert names(api, f"{PROPERTIES}?properties=price,coupon,x") == ["coupon", "price"]
    assert names(api, f"{PROPERTIES}?is_numerical=true") == ["price"]
    assert "price" not in names(api, f"{PROPERTIES}?is_numerical=false")
    assert names(api, f"{PROPERTIES}?is_feature_flag=true") == ["$feature/beta"]
    assert "$feature/beta" not in names(api, f"{PROPERTIES}?is_feature_flag=false")
    assert names(api, f"{PROPERTIES}?exclude_core_properties=true") == ["coupon", "price"]
    excluded = json(["price", "coupon"])
    assert "price" not in names(api, f"{PROPERTIES}?excluded_properties={excluded}")
    assert names(api, f"{PROPERTIES}?type=person") == ["$os", "plan"]
    PropertyDefinition.objects.filter(name="price").update(verified=True)
    PropertyDefinition.objects.filter(name="coupon").update(hidden=True)
    assert names(api, PROPERTIES)[0] == "price"
    assert "coupon" not in names(api, f"{PROPERTIES}?exclude_hidden=true")


def test_properties_tell_whether_events_have_them(api, project, defined):
    def told(query):
        rows = api.get(f"{PROPERTIES}?{query}").json()["results"]
        return [(row["name"], row["is_seen_on_filtered_events"]) for row in rows]

    assert {is_seen for _, is_seen in told("")} == {None}
    wanted = f"event_names={json(['order placed'])}"
    assert told(wanted) == [
        ("coupon", True),
        ("price", True),
        ("$current_url", False),
        ("$feature/beta", False),
        ("utm_source", False),
    ]
    assert told(f"{wanted}&filter_by_event_names=true") == [("coupon", True), ("price", True)]
    events = json(["order placed", "signup", "nothing"])
    answer = api.get(f"{PROPERTIES}seen_together/?event_names={events}&property_name=price")
    assert answer.json() == {"order placed": True, "signup": False, "nothing": False}


def test_properties_of_groups_are_by_type(api, project):
    for index, name in enumerate(["company", "team"]):
        GroupType.objects.create(project=project, name=name, index=index)
        sent = {"__group_type": name, "__group_key": "k", "__group_set": {f"of {name}": 1}}
        record([captured(project, "$groupidentify", **sent)])

    assert names(api, f"{PROPERTIES}?type=group&group_type_index=1") == ["of team"]


def test_properties_of_sessions_are_what_queries_offer(api, project):
    rows = api.get(f"{PROPERTIES}?type=session&search=duration").json()["results"]

    assert [(row["name"], row["property_type"]) for row in rows] == [
        ("$session_duration", "Numeric")
    ]
    assert "$entry_current_url" in names(api, f"{PROPERTIES}?type=session")


def test_definitions_of_other_projects_are_not_found(api):
    other = ProjectFactory()
    for path, definition in [
        (EVENTS, define(other, "a")),
        (PROPERTIES, define_property(other, "a")),
    ]:
        assert names(api, path) == []
        for method in (api.get, api.patch, api.delete):
            assert method(f"{path}{definition.id}/").status_code == 404
        assert api.get(f"{path}{uuid4()}/").status_code == 404


@pytest.mark.parametrize("path", [EVENTS, PROPERTIES, f"{PROPERTIES}?event_names=%5B%22e%22%5D"])
def test_lists_cost_the_same_for_many(api, project, user, path, django_assert_num_queries):
    api.get(path)
    for count in (1, 5):
        for n in range(count):
            name = f"{count} {n}"
            define(project, name, verified_by=user, updated_by=user)
            define_property(project, name, verified_by=user, updated_by=user)
            EventProperty.objects.create(project=project, event="e", property=name)
        with django_assert_num_queries(4):
            api.get(path)
