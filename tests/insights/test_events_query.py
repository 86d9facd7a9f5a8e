"""EventsQuery: events, or numbers about them, in columns of the client's choice."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from events.models import Action
from persons.models import person_uuid
from tests.factories import PersonFactory, ProjectFactory
from tests.hogql.store import NOON, add_events

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]

KEYS = {"columns", "types", "hasMore", "limit", "offset", "nextCursor"}


@pytest.fixture
def find(ask):
    """Asks an EventsQuery over all time."""

    def find(*select, **fields):
        query = {"kind": "EventsQuery", "select": list(select), "after": "all", **fields}
        answer = ask(query, refresh="force_blocking")
        assert answer.status_code == 200, answer.json()
        return answer.json()

    return find


def at(hours=0, **fields):
    return {"time": NOON + timedelta(hours=hours), **fields}


def test_columns_are_what_the_client_called_them(find, events):
    events(at(properties={"$browser": "Chrome"}))
    answer = find("event", "properties.$browser -- Browser", "1 + 1 as two", "toDate(timestamp)")
    assert answer["columns"] == [
        "event",
        "properties.$browser -- Browser",
        "two",
        "toDate(timestamp)",
    ]
    assert answer["results"] == [["$pageview", "Chrome", 2, "2026-06-15"]]
    assert answer["types"] == ["String", "Nullable(String)", "UInt16", "Date"]
    assert set(answer) >= KEYS
    assert (answer["limit"], answer["offset"], answer["hasMore"]) == (100, 0, False)
    assert answer["nextCursor"] is None
    assert answer["resolved_date_range"]["date_from"] is None


def test_a_star_is_the_whole_event(find, events, project):
    [uuid] = events(at(properties={"a": {"b": [1, None, "x"]}}, elements_chain='a:text="x"'))
    for select in ([], ["*"]):
        [[event]] = find(*select)["results"]
        assert event == {
            "uuid": str(uuid),
            "event": "$pageview",
            "properties": {"a": {"b": [1, None, "x"]}},
            "timestamp": "2026-06-15T12:00:00Z",
            "team_id": project.id,
            "distinct_id": "ada",
            "elements_chain": 'a:text="x"',
            "created_at": "2026-06-15T12:00:00Z",
            "person_mode": event["person_mode"],
        }


def test_persons_of_events(find, events, people, project, django_assert_num_queries):
    person = PersonFactory(project=project, distinct_ids=["ada"], properties={"email": "a@b.c"})
    person.uuid = person_uuid(project.id, "ada")
    person.save()
    people("ada", properties={"email": "a@b.c"})
    events(at(0), at(1, distinct_id="unknown"))
    answer = find("person", "person_display_name -- Person", "event", orderBy=["timestamp"])
    assert answer["columns"] == ["person", "person_display_name -- Person", "event"]
    (known, known_name, _), (unknown, unknown_name, _) = answer["results"]
    assert known["uuid"] == str(person.uuid)
    assert known["properties"] == {"email": "a@b.c"}
    assert known["distinct_id"] == "ada"
    assert known["created_at"].endswith("Z")
    assert unknown == {"distinct_id": "unknown"}
    assert known_name == {
        "display_name": "a@b.c",
        "id": str(person.uuid),
        "distinct_id": "ada",
    }
    assert unknown_name["display_name"] == "unknown"


def test_the_projects_own_name_properties(find, events, people, project):
    project.person_display_name_properties = ["nick"]
    project.save()
    people("ada", properties={"nick": "Countess", "email": "a@b.c"})
    events(at())
    [[name]] = find("person_display_name")["results"]
    assert name["display_name"] == "Countess"


def test_numbers_are_grouped_by_the_other_columns(find, events):
    events(
        at(event="a", properties={"n": "1"}),
        at(event="a", properties={"n": "2"}),
        at(event="b", properties={"n": "9"}),
    )
    assert find("event", "count()")["results"] == [["a", 2], ["b", 1]]
    answer = find("event", "sum(toInt(properties.n)) as total", "'x'")
    assert (answer["results"], answer["columns"]) == (
        [["b", 9, "x"], ["a", 3, "x"]],
        ["event", "total", "'x'"],
    )
    assert find("event", "count()", where=["count() > 1"])["results"] == [["a", 2]]
    assert find("event", "count()", where=["count() > 0", "event = 'b'"])["results"] == [["b", 1]]
    assert find("event", "count()", orderBy=["event DESC"])["results"] == [["b", 1], ["a", 2]]


def test_default_orders(find, events):
    events(at(0, event="b"), at(1, event="a"), at(2, event="c"))
    assert [row[0] for row in find("event", "timestamp")["results"]] == ["c", "a", "b"]
    assert [row[0]["event"] for row in find("*")["results"]] == ["c", "a", "b"]
    assert [row[0] for row in find("event")["results"]] == ["a", "b", "c"]
    assert [row[0] for row in find("event", orderBy=["timestamp ASC"])["results"]] == [*"bac"]
    assert [row[0] for row in find("event", orderBy=["event DESC"])["results"]] == [*"cba"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "abcd"),
        ({"event": "a"}, "a"),
        ({"events": ["a", "c"]}, "ac"),
        ({"event": "a", "events": ["d"]}, "ad"),
        ({"where": ["event > 'a'", "event < 'd'"]}, "bc"),
        ({"properties": [{"key": "n", "value": "1", "type": "event", "operator": "exact"}]}, "a"),
        ({"properties": [{"key": "n", "operator": "is_set", "type": "event"}]}, "ab"),
        (
            {"fixedProperties": [{"key": "n", "operator": "is_not_set", "type": "event"}]},
            "cd",
        ),
        (
            {
                "properties": [{"key": "n", "operator": "is_set", "type": "event"}],
                "fixedProperties": [{"key": "n", "value": "1", "operator": "is_not"}],
            },
            "b",
        ),
        ({"properties": [{"key": "email", "value": "b@x.y", "type": "person"}]}, "b"),
        ({"filterTestAccounts": True}, "bcd"),
        ({"after": "2026-06-15T13:00:00Z"}, "cd"),
        ({"before": "2026-06-15T13:00:00Z"}, "a"),
        ({"after": "2026-06-15", "before": "2026-06-15T14:30:00Z"}, "abc"),
        ({"limit": 2}, "ab"),
        ({"limit": 2, "offset": 1}, "bc"),
    ],
)
def test_which_events(find, events, people, project, fields, expected):
    project.settings = {
        "test_account_filters": [{"key": "n", "value": "1", "operator": "is_not", "type": "event"}]
    }
    project.save()
    people("bob", properties={"email": "b@x.y"})
    events(
        at(0, event="a", properties={"n": "1"}),
        at(1, event="b", properties={"n": "2"}, distinct_id="bob"),
        at(2, event="c"),
        at(3, event="d"),
    )
    assert "".join(row[0] for row in find("event", **fields)["results"]) == expected


def test_the_last_day_by_default(ask, events):
    now = datetime.now(UTC)
    for hours, event in ((1, "new"), (30, "old")):
        events({"event": event, "time": now - timedelta(hours=hours)})
    events({"event": "future", "time": now + timedelta(hours=1)})
    answer = ask({"kind": "EventsQuery", "select": ["event"]}).json()
    assert answer["results"] == [["new"]]
    resolved = answer["resolved_date_range"]
    day = datetime.fromisoformat(resolved["date_to"]) - datetime.fromisoformat(
        resolved["date_from"]
    )
    assert day == timedelta(hours=24, seconds=5)


def test_a_persons_events(find, events, people, project):
    person = PersonFactory(project=project, uuid=person_uuid(project.id, "ada"))
    elsewhere = PersonFactory(project=ProjectFactory())
    events(at(event="hers"), at(event="his", distinct_id="bob"))
    for id in (str(person.uuid), str(person.id)):
        assert find("event", personId=id)["results"] == [["hers"]]
    for id in (str(elsewhere.id), "nobody", "0", "9" * 30):
        assert find("event", personId=id)["results"] == []


def test_an_actions_events(find, events, ask, project):
    action = Action.objects.create(project=project, name="b", steps=[{"event": "b"}])
    theirs = Action.objects.create(project=ProjectFactory(), name="b", steps=[{"event": "b"}])
    events(at(event="a"), at(event="b"))
    assert find("event", actionId=action.id)["results"] == [["b"]]
    for id in (theirs.id, 0, -1, 10**12):
        answer = ask({"kind": "EventsQuery", "select": ["event"], "actionId": id})
        assert answer.status_code == 400, answer.json()


@pytest.mark.parametrize("order", ["timestamp", "timestamp DESC"])
def test_pages_neither_lose_nor_repeat_events_of_the_same_time(find, events, order):
    uuids = events(*(at(hours) for hours in (0, 1, 1, 1, 1, 2, 2, 3)))
    found, cursor = [], None
    bound = "before" if order.endswith("DESC") else "after"
    while True:
        further = {bound: cursor} if cursor else {}
        page = find("uuid", "timestamp", orderBy=[order], limit=3, **further)
        found += [row[0] for row in page["results"]]
        assert page["hasMore"] is (page["nextCursor"] is not None)
        if not page["hasMore"]:
            break
        cursor = page["nextCursor"]
    assert len(found) == len(uuids)
    assert set(found) == {str(uuid) for uuid in uuids}


def test_a_cursor_without_ties_is_a_time(find, events):
    events(*(at(hours) for hours in range(3)))
    page = find("timestamp", limit=2)
    assert page["nextCursor"] == "2026-06-15T13:00:00Z"
    assert find("event", "count()", limit=1)["nextCursor"] is None
    assert find("event", orderBy=["event"], limit=1)["nextCursor"] is None


@pytest.mark.parametrize(
    ("fields", "attr"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"offset": -1}, "offset"),
        ({"select": "event"}, "select"),
        ({"select": [1, {}]}, "select__1"),
        ({"after": "soon"}, "after"),
        ({"before": "2026-01-01|x"}, "before"),
        ({"properties": 5}, "properties"),
        ({"select": ["nothing"]}, None),
        ({"where": ["event ="]}, None),
        ({"orderBy": ["event SIDEWAYS"]}, None),
        ({"source": {}}, "query"),
    ],
)
def test_what_can_not_be_asked(ask, fields, attr):
    answer = ask({"kind": "EventsQuery", "select": ["event"], **fields})
    assert answer.status_code == 400
    assert answer.json()["attr"] == attr


def test_only_the_projects_events(find, events):
    add_events(ProjectFactory().id, {"event": "theirs"})
    events(at(event="ours"))
    assert find("event", where=["1 or 1"])["results"] == [["ours"]]


def test_csv(api, events):
    events(at(event="=1+1", properties={"a": [1]}), at(1, event="b"))
    query = {"kind": "EventsQuery", "select": ["event", "properties"], "after": "all"}
    answer = api.post("query/?format=csv", {"query": query}, format="json")
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode())))
    assert rows == [["event", "properties"], ["'=1+1", '{"a": [1]}'], ["b", "{}"]]
