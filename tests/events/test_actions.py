"""Actions: their API, and which events they are."""

import pytest

from events.actions import condition
from events.elements import chain_from_elements
from events.models import Action
from hogql.execution import run
from tests.factories import ActionFactory, ProjectFactory
from tests.hogql.store import add_events

pytestmark = pytest.mark.django_db

STEP = dict.fromkeys(
    [
        *("event", "properties", "selector", "tag_name", "text", "text_matching"),
        *("href", "href_matching", "url", "url_matching"),
    ]
)
CLICK = chain_from_elements(
    [
        {"tag_name": "span", "$el_text": "Buy Now", "attr__class": "label"},
        {"tag_name": "a", "attr__href": "/checkout?x=1", "attr__class": "btn primary"},
        {"tag_name": "div", "attr__id": "cart", "$el_text": "50% off_now"},
    ]
)


def test_an_action_is_made_read_changed_and_listed(api, project, user):
    body = {"name": "Bought", "steps": [{"event": "order", "url": "/a"}], "tags": ["shop"]}
    answer = api.post("actions/", body)

    assert answer.status_code == 201
    made = answer.json()
    assert made["steps"] == [{**STEP, "event": "order", "url": "/a"}]
    assert made["created_by"]["id"] == user.id
    expected = {
        "name": "Bought",
        "description": "",
        "tags": ["shop"],
        "post_to_slack": False,
        "slack_message_format": "",
        "deleted": False,
        "is_calculating": False,
        "team_id": project.id,
        "is_action": True,
        "bytecode_error": None,
        "pinned_at": None,
        "creation_context": None,
    }
    assert expected.items() <= made.items()
    assert api.get(f"actions/{made['id']}/").json() == made
    assert api.get("actions/").json()["results"] == [made]

    changed = api.patch(f"actions/{made['id']}/", {"steps": [{"tag_name": "a"}]}).json()
    assert changed["steps"] == [{**STEP, "tag_name": "a"}]
    assert changed["name"] == "Bought"


@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({}, "name", "required"),
        ({"name": ""}, "name", "blank"),
        (
            {"name": "a", "steps": [{"url_matching": "x"}]},
            "steps__0__url_matching",
            "invalid_choice",
        ),
        ({"name": "a", "steps": {"event": "x"}}, "steps", "not_a_list"),
        ({"name": "a", "steps": [{"event": {}}]}, "steps__0__event", "invalid_input"),
        (
            {"name": "a", "steps": [{"properties": [{"key": "a", "operator": "like"}]}]},
            "steps__0__properties",
            "invalid_input",
        ),
        (
            {"name": "a", "steps": [{}, {"properties": [{"type": "cohort", "value": 123456}]}]},
            "steps__1__properties",
            "does_not_exist",
        ),
        ({"name": "taken"}, "name", "unique"),
    ],
)
def test_bad_bodies_are_refused(api, project, body, attr, code):
    other = ActionFactory(project=project, name="taken")
    answer = api.post("actions/", body)

    assert (answer.status_code, answer.json()["attr"]) == (400, attr)
    assert answer.json()["code"] == code
    if code == "unique":
        message = f"This project already has an action with this name, ID {other.id}"
        assert answer.json()["detail"] == message


def test_a_deleted_action_is_gone_until_it_is_restored(api, project):
    action = ActionFactory(project=project, name="a")

    assert api.delete(f"actions/{action.id}/").status_code == 405
    assert api.patch(f"actions/{action.id}/", {"deleted": True}).status_code == 200
    assert api.get(f"actions/{action.id}/").status_code == 404
    assert api.get("actions/").json()["results"] == []
    assert api.patch(f"actions/{action.id}/", {"name": "b"}).status_code == 404

    successor = api.post("actions/", {"name": "a"}).json()
    taken = api.patch(f"actions/{action.id}/", {"deleted": False})
    assert (taken.status_code, taken.json()["code"]) == (400, "unique")
    api.patch(f"actions/{successor['id']}/", {"name": "c"})
    assert api.patch(f"actions/{action.id}/", {"deleted": False}).json()["deleted"] is False

    entries = api.get(f"actions/{action.id}/activity/").json()["results"]
    assert [entry["activity"] for entry in entries] == ["restored", "deleted"]


def test_changes_are_logged_once_and_only_when_something_changes(api, project):
    made = api.post("actions/", {"name": "a"}).json()
    api.patch(f"actions/{made['id']}/", {"name": "a"})
    api.patch(f"actions/{made['id']}/", {"name": "b", "description": "x"})

    updated, created = api.get("actions/activity/").json()["results"]
    assert (created["activity"], updated["activity"]) == ("created", "updated")
    changes = [
        (each["field"], each["before"], each["after"]) for each in updated["detail"]["changes"]
    ]
    assert changes == [("name", "a", "b"), ("description", "", "x")]


def test_another_projects_action_is_not_found(api):
    action = ActionFactory(project=ProjectFactory())

    assert api.get(f"actions/{action.id}/").status_code == 404


def test_lists_cost_the_same_for_many(api, project, user, django_assert_num_queries):
    api.get("actions/")  # notes when the key was used
    for count in (1, 5):
        ActionFactory.create_batch(count, project=project, created_by=user)
        with django_assert_num_queries(4):
            api.get("actions/")


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], "order signup click other"),
        ([{}], "order signup click other"),
        ([{"event": "order"}], "order"),
        ([{"event": "order"}, {"event": "signup"}], "order signup"),
        ([{"event": "order", "properties": [{"key": "n", "value": 5, "operator": "gt"}]}], ""),
        ([{"properties": [{"key": "n", "value": 5}]}], "order"),
        ([{"url": "/a_b"}], "order"),
        ([{"url": "/A_B"}], ""),
        ([{"url": "/a%"}], ""),
        ([{"url": "https://x.org/a_b", "url_matching": "exact"}], "order"),
        ([{"url": "x.org/a.b$", "url_matching": "regex"}], "order signup"),
        ([{"url": "(", "url_matching": "regex"}], ""),
        ([{"text": "Buy Now"}], "click"),
        ([{"text": "buy now"}], ""),
        ([{"text": "buy", "text_matching": "contains"}], "click"),
        ([{"text": "50% off_now"}], "click"),
        ([{"text": "^Buy", "text_matching": "regex"}], "click"),
        ([{"href": "/checkout?x=1"}], "click"),
        ([{"href": "CHECKOUT", "href_matching": "contains"}], "click"),
        ([{"tag_name": "div"}], "click"),
        ([{"tag_name": "p"}], ""),
        ([{"selector": "#cart > a.btn span"}], "click"),
        ([{"selector": "#cart > span"}], ""),
        ([{"selector": "a::before"}], ""),
        ([{"event": "order", "tag_name": "div"}], ""),
        ([{"event": "$autocapture", "tag_name": "div", "text": "Buy Now"}], "click"),
        ([{"event": "", "url": "", "text": ""}], "order signup click other"),
    ],
)
def test_an_action_is_the_events_of_its_steps(project, analytics, steps, expected):
    action = ActionFactory(project=project, steps=steps)
    names = ["order", "signup", "click", "other"]
    ids = add_events(
        project.id,
        {"event": "order", "properties": {"n": 5, "$current_url": "https://x.org/a_b"}},
        {"event": "signup", "properties": {"$current_url": "https://x.org/a-b"}},
        {"event": "$autocapture", "elements_chain": CLICK},
        {"event": "copied", "elements_chain": CLICK},
    )
    where = condition(project, action.id)

    result = run("select uuid from events where {x}", project, values={"x": where})
    named = dict(zip(map(str, ids), names, strict=True))
    assert {named[uuid] for (uuid,) in result.rows} == set(expected.split())


def test_deleted_and_unknown_actions_are_no_condition(api, project):
    action = ActionFactory(project=project, deleted=True)
    for id in (action.id, 999999, "x", "9" * 30, -1):
        with pytest.raises(Exception, match="does not exist"):
            condition(project, id)
    assert Action.objects.count() == 1
