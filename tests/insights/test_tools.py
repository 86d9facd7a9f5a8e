"""The tools that agents call."""

from datetime import UTC, datetime, timedelta

import pytest

from events.models import Action
from persons.models import GroupType
from tests.factories import ProjectFactory
from tests.hogql.store import add_events, insert

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]


@pytest.fixture
def call(api):
    def call(tool, **args):
        answer = api.post(f"mcp_tools/{tool}/", {"args": args}, format="json")
        assert answer.status_code == 200, answer.json()
        return answer.json()

    return call


@pytest.fixture
def read(call):
    def read(kind, **fields):
        return call("read_taxonomy", query={"kind": kind, **fields})

    return read


@pytest.fixture
def shop(events, people, project):
    now = datetime.now(UTC)
    people("ada", properties={"email": "a@b.c", "plan": "paid"})
    events(
        {"event": "bought", "time": now, "properties": {"price": 5, "item": "tea", "new": True}},
        {"event": "bought", "time": now, "properties": {"price": 6, "item": "tea"}},
        {"event": "left", "time": now, "properties": {"$session_id": "s1"}},
        {"event": "ancient", "time": now - timedelta(days=90)},
    )
    add_events(ProjectFactory().id, {"event": "theirs", "time": now, "properties": {"secret": 1}})


def test_sql(call, shop):
    answer = call(
        "execute_sql",
        query="select event, count(), null, [1, 2] from events group by event order by event",
        truncate=True,
    )
    assert answer["success"] is True
    assert answer["content"] == (
        "event | count() | NULL | [1, 2]\n"
        "ancient | 1 | NULL | [1, 2]\nbought | 2 | NULL | [1, 2]\nleft | 1 | NULL | [1, 2]"
    )
    assert answer["structured_content"]["columns"][0] == "event"


def test_sql_without_rows_and_with_many(call):
    assert call("execute_sql", query="select event from events")["content"] == "event\n(no rows)"
    content = call("execute_sql", query="select number from numbers(200)")["content"]
    assert content.count("\n") == 102
    assert "first 100 rows" in content


def test_long_values_are_cut_unless_asked_for(call):
    query = "select repeat('x', 1000), 'two\\nlines|'"
    content = call("execute_sql", query=query)["content"]
    assert "(1000 characters)" in content
    assert len(content) < 700
    assert '"two\\nlines|"' in content
    assert "x" * 1000 in call("execute_sql", query=query, truncate=False)["content"]


@pytest.mark.parametrize("query", ["select nothing from events", "selec", "select intDiv(1, 0)"])
def test_sql_that_fails_says_why(call, query):
    answer = call("execute_sql", query=query)
    assert answer["success"] is False
    assert answer["content"]
    assert "structured_content" not in answer


def test_connections(call):
    answer = call("execute_sql", query="select 1", connectionId="x")
    assert answer["success"] is False
    assert "connectionId" in answer["content"]


def test_events(read, shop):
    answer = read("events", limit=500, offset=0)
    assert answer["success"] is True
    assert answer["content"] == "bought (2 in the last 30 days)\nleft (1 in the last 30 days)"
    assert read("events", limit=1)["content"] == (
        "bought (2 in the last 30 days)\nThere are more: ask with offset 1."
    )
    assert read("events", offset=1)["content"] == "left (1 in the last 30 days)"


def test_no_events(read):
    assert read("events")["content"] == "There are no events of the last 30 days."


def test_properties_of_events(read, shop, project):
    content = read("event_properties", event_name="bought")["content"]
    assert content == ("item (String): tea\nprice (Numeric): 5, 6\nnew (Boolean): true")
    assert "no events named" in read("event_properties", event_name="theirs")["content"]
    action = Action.objects.create(project=project, name="b", steps=[{"event": "bought"}])
    assert read("action_properties", action_id=action.id)["content"] == content
    values = read("event_property_values", event_name="bought", property_name="item")
    assert values["content"] == "tea (2)"
    values = read("action_property_values", action_id=action.id, property_name="price")
    assert sorted(values["content"].splitlines()) == ["5 (1)", "6 (1)"]
    values = read("event_property_values", event_name="bought", property_name="it's `odd`")
    assert values["content"] == "There are no values of this property."
    assert read("action_properties", action_id=10**6)["success"] is False


def test_properties_of_entities(read, shop, project):
    assert read("entity_properties", entity="person")["content"] == (
        "email (String): a@b.c\nplan (String): paid"
    )
    assert "$session_duration" in read("entity_properties", entity="sessions")["content"]
    values = read("entity_property_values", entity="person", property_name="plan")
    assert values["content"] == "paid (1)"
    values = read("entity_property_values", entity="session", property_name="$event_count")
    assert values["content"] == "1 (1)"
    assert read("entity_property_values", entity="session", property_name="x")["success"] is False


def test_properties_of_groups(read, project, analytics):
    GroupType.objects.create(project=project, name="company", index=1, name_plural="Companies")
    insert(
        "groups",
        [
            {
                "team_id": project.id,
                "type_index": index,
                "key": "acme",
                "created_at": "2026-01-01 00:00:00",
                "updated_at": "2026-01-01 00:00:00",
                "properties": properties,
                "version": 1,
            }
            for index, properties in ((1, '{"size":5}'), (2, '{"other":1}'))
        ],
    )
    for name in ("company", "Companies", "companys", "group/1"):
        assert read("entity_properties", entity=name)["content"] == "size (Numeric): 5"
    assert read("entity_property_values", entity="company", property_name="size")["content"] == (
        "5 (1)"
    )
    unknown = read("entity_properties", entity="planet")
    assert unknown == {
        "success": False,
        "content": "There is no entity 'planet'. There are person, session, company.",
    }


@pytest.mark.parametrize(
    ("tool", "body", "attr"),
    [
        ("execute_sql", {}, "args"),
        ("execute_sql", {"args": {}}, "args__query"),
        ("execute_sql", {"args": {"query": ""}}, "args__query"),
        ("execute_sql", {"args": []}, "args"),
        ("read_taxonomy", {"args": {}}, "args__query"),
        ("read_taxonomy", {"args": {"query": {"kind": "x"}}}, "args__query__kind"),
        (
            "read_taxonomy",
            {"args": {"query": {"kind": "event_properties"}}},
            "args__query__event_name",
        ),
        (
            "read_taxonomy",
            {"args": {"query": {"kind": "events", "limit": 501}}},
            "args__query__limit",
        ),
        ("docs_search", {}, "query"),
    ],
)
def test_what_can_not_be_asked(api, tool, body, attr):
    answer = api.post(f"mcp_tools/{tool}/", body, format="json")
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_there_is_no_documentation_to_search(api):
    answer = api.post("mcp_tools/docs_search/", {"query": "trends"}, format="json").json()
    assert answer["success"] is False
    assert "not part of this server" in answer["content"]


def test_scopes(api_with_scopes):
    body = {"args": {"query": {"kind": "events"}}}
    for scope in ("query:read", "event_definition:read"):
        assert (
            api_with_scopes(scope).post("mcp_tools/read_taxonomy/", body, format="json").status_code
            == 200
        )
    sql = {"args": {"query": "select 1"}}
    client = api_with_scopes("event_definition:read")
    assert client.post("mcp_tools/execute_sql/", sql, format="json").status_code == 403
    client = api_with_scopes("insight:read")
    assert client.post("mcp_tools/read_taxonomy/", body, format="json").status_code == 403


def test_the_same_as_queries(ask, shop, project):
    answer = ask({"kind": "TeamTaxonomyQuery"}).json()
    assert answer["results"] == [{"event": "bought", "count": 2}, {"event": "left", "count": 1}]
    assert answer["hasMore"] is False
    action = Action.objects.create(project=project, name="b", steps=[{"event": "bought"}])
    for source in ({"event": "bought"}, {"actionId": action.id}):
        answer = ask({"kind": "EventTaxonomyQuery", **source, "maxPropertyValues": 2}).json()
        assert answer["results"] == [
            {"property": "item", "sample_values": ["tea"], "sample_count": 1},
            {"property": "price", "sample_values": ["5", "6"], "sample_count": 2},
            {"property": "new", "sample_values": ["true"], "sample_count": 1},
        ]
    answer = ask({"kind": "EventTaxonomyQuery", "event": "bought", "properties": ["new"]}).json()
    assert [each["property"] for each in answer["results"]] == ["new"]
    assert ask({"kind": "EventTaxonomyQuery"}).json()["attr"] == "event"
