"""ActorsQuery: persons, in columns of the client's choice."""

import pytest

from persons.models import person_uuid
from tests.factories import PersonFactory, ProjectFactory
from tests.hogql.store import NOON, add_person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]


@pytest.fixture
def find(ask):
    def find(*select, **fields):
        query = {"kind": "ActorsQuery", "select": list(select), **fields}
        answer = ask(query, refresh="force_blocking")
        assert answer.status_code == 200, answer.json()
        return answer.json()

    return find


@pytest.fixture
def three(people):
    people("ada", "ada-2", properties={"email": "ada@x.y", "name": "Ada"})
    people("bob", properties={"email": "bob@z.y", "name": "Robert"})
    people("eve", properties={"plan": "free"})


def emails(answer):
    return [row[0] for row in answer["results"]]


def test_persons_as_tables_show_them(find, three, project):
    PersonFactory(
        project=project,
        uuid=person_uuid(project.id, "ada"),
        distinct_ids=["ada", "ada-2"],
        properties={"email": "ada@x.y"},
    )
    answer = find(search="ada@")
    assert answer["columns"] == ["person", "id", "created_at", "person.$delete"]
    [[person, id, created_at, delete]] = answer["results"]
    assert person["id"] == id == str(person_uuid(project.id, "ada"))
    assert person["distinct_ids"] == ["ada", "ada-2"]
    assert (person["name"], person["properties"]) == ("ada@x.y", {"email": "ada@x.y"})
    assert (created_at, delete) == ("2026-06-15T12:00:00Z", 1)
    assert answer["missing_actors_count"] == 0
    answer = find("actor", search="bob@")
    assert answer["results"] == [[{"id": str(person_uuid(project.id, "bob"))}]]
    assert answer["missing_actors_count"] == 1


def test_display_names(find, three, project):
    answer = find("person_display_name -- Person", orderBy=["person_display_name -- Person DESC"])
    assert answer["columns"] == ["person_display_name -- Person"]
    shown = [row[0] for row in answer["results"]]
    eve = str(person_uuid(project.id, "eve"))
    assert sorted(name["display_name"] for name in shown) == sorted(["ada@x.y", "bob@z.y", eve])
    assert [name["display_name"] for name in shown] == sorted(
        ["ada@x.y", "bob@z.y", eve], reverse=True
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ["ada@x.y", "bob@z.y", None]),
        ({"search": "ADA"}, ["ada@x.y"]),
        ({"search": "rober"}, ["bob@z.y"]),
        ({"search": "ada-2"}, ["ada@x.y"]),
        ({"search": "'; drop"}, []),
        ({"properties": [{"key": "email", "operator": "is_set"}]}, ["ada@x.y", "bob@z.y"]),
        ({"properties": [{"key": "plan", "value": "free", "type": "person"}]}, [None]),
        (
            {
                "properties": {
                    "type": "OR",
                    "values": [
                        {"key": "name", "value": "Ada", "type": "person"},
                        {"key": "plan", "value": "free", "type": "person"},
                    ],
                }
            },
            ["ada@x.y", None],
        ),
        ({"fixedProperties": [{"key": "name", "value": "Ada", "type": "person"}]}, ["ada@x.y"]),
        ({"limit": 2}, ["ada@x.y", "bob@z.y"]),
        ({"offset": 1}, ["bob@z.y", None]),
        (
            {"source": {"kind": "HogQLQuery", "query": "select id from persons limit 0"}},
            [],
        ),
        (
            {
                "source": {
                    "kind": "DataTableNode",
                    "source": {
                        "kind": "HogQLQuery",
                        "query": "select person_id, count() from person_distinct_ids"
                        " group by person_id having count() > {least}",
                        "values": {"least": 1},
                    },
                }
            },
            ["ada@x.y"],
        ),
        (
            {
                "source": {
                    "kind": "HogQLQuery",
                    "query": "select id as actor_id from persons where properties.name = 'Ada'"
                    " union all select id as actor_id from persons where properties.plan = 'free'",
                }
            },
            ["ada@x.y", None],
        ),
    ],
)
def test_which_persons(find, three, fields, expected):
    order = ["properties.email ASC NULLS LAST"]
    assert emails(find("properties.email", orderBy=order, **fields)) == expected


def test_by_uuid(find, three, project):
    uuid = str(person_uuid(project.id, "eve"))
    assert find("id", search=uuid)["results"] == [[uuid]]


def test_numbers(find, three):
    assert find("count()")["results"] == [[3]]
    answer = find("properties.plan as plan", "count()")
    assert answer["results"] == [[None, 2], ["free", 1]]
    assert answer["columns"] == ["plan", "count()"]


def test_newest_first(find, people):
    people("old", created_at="2026-01-01 00:00:00")
    people("new", created_at="2026-06-01 00:00:00")
    found = find("created_at")["results"]
    assert found == [["2026-06-01T00:00:00Z"], ["2026-01-01T00:00:00Z"]]


def test_has_more(find, three):
    answer = find("id", limit=2)
    assert (answer["hasMore"], answer["limit"], len(answer["results"])) == (True, 2, 2)
    assert find("id", limit=3)["hasMore"] is False


def test_persons_cost_the_same_however_many(ask, people, project, django_assert_max_num_queries):
    for n in range(8):
        people(f"p{n}")
        PersonFactory(
            project=project, uuid=person_uuid(project.id, f"p{n}"), distinct_ids=[f"p{n}"]
        )
    with django_assert_max_num_queries(12):
        answer = ask({"kind": "ActorsQuery"}).json()
    assert len(answer["results"]) == 8


@pytest.mark.parametrize(
    ("fields", "attr"),
    [
        ({"source": {"kind": "TrendsQuery"}}, "source"),
        ({"source": {"kind": "PathsQuery"}}, "query"),
        ({"source": {"kind": "EventsQuery", "select": ["event"]}}, "source"),
        ({"source": {"kind": "HogQLQuery", "query": "select 1"}}, "source"),
        ({"source": 1}, "source"),
        ({"select": ["nothing"]}, None),
        ({"properties": [{"key": "$browser", "value": "x", "type": "event"}]}, None),
        ({"surprise": 1}, "query"),
    ],
)
def test_what_can_not_be_asked(ask, fields, attr):
    answer = ask({"kind": "ActorsQuery", **fields})
    assert answer.status_code == 400
    assert answer.json()["attr"] == attr


def test_only_the_projects_persons(find, three):
    add_person(
        ProjectFactory().id, "theirs", properties={"email": "them@x.y"}, created_at=str(NOON)[:19]
    )
    assert "them@x.y" not in emails(find("properties.email"))
    assert find("properties.email", search="them@")["results"] == []
