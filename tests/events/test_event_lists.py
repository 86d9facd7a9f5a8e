"""What the events list can be asked for beside pages and filters."""

import csv
import io
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import orjson
import pytest

from events import searching
from posthog_clone.api.times import start_of
from tests.factories import ActionFactory, PersonFactory, ProjectFactory
from tests.hogql.store import NOON, add_events

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]


def json(value) -> str:
    return orjson.dumps(value).decode()


def named(api, **params) -> list[str]:
    answer = api.get("events/", params)
    assert answer.status_code == 200, answer.json()
    return [event["event"] for event in answer.json()["results"]]


def rows_of(answer) -> list[dict]:
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


# Actions


def test_only_events_of_an_action(api, project):
    add_events(
        project.id,
        {"event": "a", "properties": {"n": 1}},
        {"event": "a", "properties": {"n": 2}},
        {"event": "b", "properties": {"n": 1}},
    )
    action = ActionFactory(
        project=project, steps=[{"event": "a", "properties": [{"key": "n", "value": 1}]}]
    )
    empty = ActionFactory(project=project)
    deleted = ActionFactory(project=project, steps=action.steps, deleted=True)
    foreign = ActionFactory(project=ProjectFactory(), steps=action.steps)

    assert named(api, action_id=action.id) == ["a"]
    assert named(api, action_id=action.id, event="b") == []
    for id_ in (empty.id, deleted.id, foreign.id, 999999, "9" * 30):
        assert named(api, action_id=id_) == []
    answer = api.get("events/?action_id=x")
    assert (answer.status_code, answer.json()["attr"]) == (400, "action_id")


# Times


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("-1h", ["now"]),
        ("1d", ["now", "hours"]),
        ("-3d", ["now", "hours", "days"]),
        ("-90M", ["now"]),
        ("-60s", ["now"]),
        ("-2w", ["now", "hours", "days"]),
        ("-2m", ["now", "hours", "days", "month"]),
        ("all", ["now", "hours", "days", "month", "ancient"]),
        ("-1q", ["now", "hours", "days", "month"]),
        ("-1y", ["now", "hours", "days", "month"]),
    ],
)
def test_times_go_back_from_now(api, project, after, expected):
    now = datetime.now(UTC)
    ages = {
        "now": timedelta(seconds=5),
        "hours": timedelta(hours=5),
        "days": timedelta(days=2),
        "month": timedelta(days=40),
        "ancient": timedelta(days=4000),
        "future": -timedelta(hours=1),
    }
    add_events(project.id, *({"event": name, "time": now - age} for name, age in ages.items()))

    assert named(api, after=after) == expected
    others = ["now", "hours", "days", "month", "ancient"][len(expected) :]
    assert named(api, before=after) == (others if after != "all" else expected)


def test_weeks_start_on_the_projects_day(api, project):
    project.week_start_day = 1
    project.save()
    monday = start_of(datetime.now(UTC), "w", 1)
    hour = timedelta(hours=1)
    times = {"last week": monday - hour, "this week": monday + timedelta(milliseconds=1)}
    add_events(project.id, *({"event": name, "time": time} for name, time in times.items()))

    assert named(api, after="wStart") == ["this week"]


@pytest.mark.parametrize("offset", ["%2B0000", "%2B00:00", "Z", ""])
def test_bounds_of_connectors_are_read(api, project, offset):
    add_events(
        project.id,
        {"event": "before", "time": NOON},
        {"event": "after", "time": NOON + timedelta(microseconds=1)},
    )
    bound = f"2026-06-15T12:00:00.000000{offset}"
    answer = api.get(f"events/?limit=10000&offset=0&after={bound}")

    assert [event["event"] for event in answer.json()["results"]] == ["after"]


def test_offsets_have_no_end(api, project):
    add_events(project.id, *({"event": str(n)} for n in range(3)))

    for offset, count in [(0, 3), (2, 1), (3, 0), (60_000, 0), (10**9, 0), (10**30, 0), ("x", 3)]:
        answer = api.get(f"events/?offset={offset}&limit=10000")
        assert len(answer.json()["results"]) == count
        assert answer.headers["X-PostHog-Warn"]
        filtered = api.get("events/", {"offset": offset, "where": '["1 = 1"]'})
        assert len(filtered.json()["results"]) == count
    assert len(api.get(f"events/?limit={10**30}").json()["results"]) == 3


# Selecting


@pytest.fixture
def clicks(project):
    return add_events(
        project.id,
        *(
            {
                "event": "click" if n % 3 else "view",
                "distinct_id": "ada" if n < 4 else "bob",
                "time": NOON + timedelta(seconds=n // 2),
                "properties": {"n": n},
            }
            for n in range(7)
        ),
    )


def test_columns_are_chosen(api, project, clicks):
    answer = api.get("events/", {"select": json(["properties.n", "event"]), "limit": 2})

    assert answer.status_code == 200, answer.json()
    body = answer.json()
    assert body["columns"] == ["properties.n", "event"]
    assert [name for name, _ in body["types"]] == body["columns"]
    assert len(body["results"]) == 2
    assert body["results"][0] == ["6", "view"]
    assert body["hasMore"] is True


@pytest.mark.parametrize("order", ['["-timestamp"]', '["timestamp"]'])
def test_pages_of_chosen_columns_lose_and_repeat_nothing(api, project, clicks, order):
    found, params = [], {"select": '["uuid"]', "limit": 2, "orderBy": order, "where": '["1 = 1"]'}
    url, pages = "events/", 0
    while url:
        answer = api.get(url, params)
        found += [uuid for (uuid,) in answer.json()["results"]]
        link = answer.json()["next"]
        url = link and urlsplit(link)._replace(scheme="", netloc="").geturl()
        params, pages = None, pages + 1

    assert sorted(found) == sorted(map(str, clicks))
    assert pages == 4


def test_only_pages_cut_within_a_moment_go_on_by_uuid(api, project):
    times = [NOON, NOON + timedelta(seconds=1), NOON + timedelta(seconds=1)]
    add_events(project.id, *({"time": time} for time in times))

    first = api.get("events/", {"select": '["event"]', "limit": 1}).json()["next"]
    assert parse_qs(urlsplit(first).query)["before_uuid"]
    second = api.get(urlsplit(first)._replace(scheme="", netloc="").geturl()).json()["next"]
    assert "before_uuid" not in second


def test_chosen_columns_add_up_and_take_the_other_filters(api, project, clicks):
    def counts(**params):
        answer = api.get("events/", {"select": json(["event", "count()"]), **params})
        assert answer.status_code == 200, answer.json()
        return answer.json()["results"]

    assert counts() == [["click", 4], ["view", 3]]
    assert counts(distinct_id="ada") == [["click", 2], ["view", 2]]
    assert counts(event="view") == [["view", 3]]
    wanted = json([{"key": "n", "operator": "lt", "value": 2}])
    assert counts(properties=wanted, after="all") == [["click", 1], ["view", 1]]
    action = ActionFactory(project=project, steps=[{"event": "view"}])
    assert counts(action_id=action.id) == [["view", 3]]
    assert counts(action_id=999999) == []
    assert counts(person_id="999999") == []
    first = api.get("events/", {"select": json(["event", "count()"]), "limit": 1}).json()
    assert first["hasMore"] is True
    link = urlsplit(first["next"])._replace(scheme="", netloc="").geturl()
    assert api.get(link).json()["results"] == [["view", 3]]


@pytest.mark.parametrize(
    "select", ['["nothing"]', '["count("]', '["event FROM persons"]', "[1]", "{"]
)
def test_bad_columns_are_refused(api, project, select):
    assert api.get("events/", {"select": select}).status_code == 400


def test_chosen_columns_as_csv(api, project, clicks):
    rows = rows_of(api.get("events.csv", {"select": json(["event", "count() as n"])}))

    assert rows == [{"event": "click", "n": "4"}, {"event": "view", "n": "3"}]


# CSV


def test_csv_has_every_key_of_every_row(api, project, monkeypatch):
    monkeypatch.setattr(searching, "PAGE", 2)
    PersonFactory(project=project, distinct_ids=["ada"], properties={"email": "ada@x.org"})
    ids = add_events(
        project.id,
        *({"properties": {f"k{n}": n, "deep": {"a.b": [n]}}, "time": NOON} for n in range(5)),
        {"properties": {"=cmd": "=1+1", "ü": 'ü\n"x"'}, "time": NOON + timedelta(hours=1)},
    )
    rows = rows_of(api.get("events.csv"))

    assert rows[0]["id"] == str(ids[-1])
    assert (rows[0]["properties.=cmd"], rows[0]["properties.ü"]) == ("'=1+1", 'ü\n"x"')
    assert {row["id"] for row in rows} == set(map(str, ids))
    assert [*rows[0]] == sorted(rows[0])
    assert {key for key in rows[0] if key.startswith("properties.k")} == {
        f"properties.k{n}" for n in range(5)
    }
    assert rows[1]["properties.deep.a.b.0"] != ""
    assert rows[1]["person.properties.email"] == "ada@x.org"
    assert len(rows_of(api.get("events/?format=csv&limit=3"))) == 3
    assert len(rows_of(api.get("events.csv?limit=3&offset=4"))) == 2
    filtered = json([{"key": "k1", "operator": "is_set"}])
    assert len(rows_of(api.get("events.csv", {"properties": filtered}))) == 1
    assert rows_of(api.get("events.csv?event=none")) == []
    assert api.get("events.csv?after=nonsense").status_code == 400
    assert api.get("events.csv", {"where": '["nothing"]'}).status_code == 400


# Values


@pytest.fixture
def recent(project):
    now = datetime.now(UTC) - timedelta(hours=1)
    add_events(
        project.id,
        {"event": "a", "properties": {"v": "Alpha", "f": True}, "time": now},
        {"event": "a", "properties": {"v": "alphabet", "f": False}, "time": now},
        {"event": "b", "properties": {"v": "Al"}, "time": now},
        {"event": "b", "properties": {"v": 12}, "time": now},
        {"event": "b", "properties": {"v": True}, "time": now},
        {"event": "$x", "properties": {"v": ["in", "list", 5]}, "time": now},
        {"event": "$x", "properties": {"v": {"o": 1}}, "time": now},
        {"event": "$x", "properties": {"v": None}, "time": now},
        {"event": "old", "properties": {"v": "old"}, "time": now - timedelta(days=9)},
        {"event": "new", "properties": {"v": "new"}, "time": now + timedelta(days=2)},
    )
    add_events(ProjectFactory().id, {"event": "c", "properties": {"v": "foreign"}, "time": now})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("key=v", ["5", "12", "Al", "in", "list", "true", "Alpha", '{"o":1}', "alphabet"]),
        ("key=v&value=AL", ["Al", "Alpha", "alphabet"]),
        ("key=v&value=%25", []),
        ("key=v&event_name=a", ["Alpha", "alphabet"]),
        ("key=v&event_name=a&event_name=b&value=l", ["Al", "Alpha", "alphabet"]),
        ("key=v&properties_f=true", ["Alpha"]),
        ("key=v&properties_f=TRUE", ["Alpha"]),
        ('key=v&properties_f=["true","false"]', ["Alpha", "alphabet"]),
        ("key=f&properties_v=Alpha", ["true"]),
        ("key=f&properties_v=12", []),
        ("key=missing", []),
        ("key=event&is_column=true", ["a", "b", "$x"]),
        ("key=distinct_id&is_column=true", ["ada"]),
        ("key=custom_event", ["a", "b", "new", "old"]),
        ("key=custom_event&value=O", ["old"]),
    ],
)
def test_values_are_offered(api, recent, query, expected):
    answer = api.get(f"events/values/?{query}")

    assert answer.status_code == 200, answer.json()
    names = [value["name"] for value in answer.json()["results"]]
    assert (names, answer.json()["refreshing"]) == (expected, False)
    assert answer.headers["Cache-Control"] == "max-age=10"


def test_at_most_ten_values_are_offered(api, project):
    now = datetime.now(UTC)
    add_events(project.id, *({"properties": {"v": n}, "time": now} for n in range(20)))

    names = [value["name"] for value in api.get("events/values/?key=v").json()["results"]]
    assert names == [str(n) for n in range(10)]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("", "You must provide a key"),
        ("key=", "You must provide a key"),
        ("key=nothing&is_column=true", "Events have no column 'nothing'."),
        ("key=properties&is_column=true", "Events have no column 'properties'."),
    ],
)
def test_values_of_nothing_are_refused(api, query, detail):
    answer = api.get(f"events/values/?{query}")
    assert (answer.status_code, answer.json()["detail"]) == (400, detail)


def test_include_person_is_read(api, project):
    PersonFactory(project=project, distinct_ids=["ada"])
    (uuid,) = add_events(project.id, {"distinct_id": "ada"})
    assert isinstance(uuid, UUID)

    for query, shown in [("", True), ("?include_person=true", True), ("?include_person=0", False)]:
        (event,) = api.get(f"events/{query}").json()["results"]
        assert (event["person"] is not None) is shown


@pytest.mark.parametrize(
    ("path", "attr"),
    [
        ("events/?include_person=perhaps", "include_person"),
        (f"events/{UUID(int=1)}/?include_person=perhaps", "include_person"),
        ("events/values/?key=event&is_column=perhaps", "is_column"),
        ("events/?where=5", "where"),
        ('events/?properties=[{"key": "a", "operator": "like"}]', "properties"),
    ],
)
def test_bad_parameters_are_named(api, project, path, attr):
    add_events(project.id, {"uuid": str(UUID(int=1))})

    answer = api.get(path)

    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_times_are_in_utc_wherever_the_project_is(api, project):
    project.timezone = "Asia/Tokyo"
    project.save()
    add_events(project.id, {"properties": {"n": 1}})

    numbered = '?properties=[{"key": "n", "value": 1}]'
    for query in ("", numbered, f"{numbered}&limit=2000"):
        (event,) = api.get(f"events/{query}").json()["results"]
        assert event["timestamp"] == "2026-06-15T12:00:00+00:00"


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("is_set", None, ["grouped"]),
        ("is_not_set", None, ["single"]),
        ("exact", "acme", ["grouped"]),
        ("not_icontains", "ac", ["single"]),
    ],
)
def test_events_without_a_group_have_none(api, project, operator, value, expected):
    add_events(project.id, {"event": "single"}, {"event": "grouped", "group_0": "acme"})
    wanted = {"type": "event_metadata", "key": "$group_0", "operator": operator, "value": value}

    assert named(api, properties=json([wanted])) == expected
