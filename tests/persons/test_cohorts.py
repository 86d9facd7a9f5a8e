"""Cohorts: their API, who is in them, and where they are asked for."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from orjson import dumps, loads

from clickhouse import outbox
from hogql.errors import QueryError
from hogql.execution import run
from insights.models import Insight
from persons.cohorts.calculating import calculate_due
from persons.models import Cohort, CohortPerson, Person, person_uuid
from tests.factories import ActionFactory, CohortFactory, PersonFactory, ProjectFactory
from tests.hogql.store import add_events, add_person
from tests.persons.capturing import captured, ingest, person_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]

NOW = datetime.now(UTC)


def group(*values, type="AND"):
    return {"properties": {"type": type, "values": list(values)}}


def leaf(key, value, operator="exact", **more):
    return {"type": "person", "key": key, "value": value, "operator": operator, **more}


def performed(key, **more):
    return {
        "type": "behavioral",
        "key": key,
        "event_type": "events",
        "value": "performed_event",
        "time_value": 7,
        "time_interval": "day",
        **more,
    }


PRO = group(leaf("plan", ["pro"]))


def fail(table, row, reason):
    raise AssertionError(reason)


def deliver():
    outbox.deliver(fail)


@pytest.fixture
def people(project):
    """Ada is pro and 36, Bob free and 20, Cleo is nothing."""
    ingest(
        captured(project, "x", "ada", __set={"plan": "pro", "age": 36, "email": "ada@x.org"}),
        captured(project, "x", "bob", __set={"plan": "free", "age": 20}),
        captured(project, "x", "cleo"),
    )
    deliver()
    recently, long_ago = NOW - timedelta(days=2), NOW - timedelta(days=20)
    add_events(
        project.id,
        {"event": "order", "distinct_id": "ada", "time": recently, "properties": {"n": 5}},
        {"event": "order", "distinct_id": "ada", "time": recently, "properties": {"n": 1}},
        {"event": "order", "distinct_id": "bob", "time": recently, "properties": {"n": 1}},
        {"event": "order", "distinct_id": "cleo", "time": long_ago},
    )


def names(api, path) -> set[str]:
    return {person["distinct_ids"][0] for person in api.get(path).json()["results"]}


def in_hogql(project, cohort) -> set[str]:
    query = f"SELECT pdi.distinct_id FROM persons WHERE id IN COHORT {cohort}"
    return {name for (name,) in run(query, project).rows}


def test_a_cohort_is_made_counted_and_read(api, project, people, user):
    answer = api.post("cohorts/", {"name": "Pros", "filters": PRO})

    assert answer.status_code == 201, answer.json()
    made = answer.json()
    assert made["created_by"]["id"] == user.id
    expected = {
        "name": "Pros",
        "description": "",
        "groups": [],
        "deleted": False,
        "filters": PRO,
        "query": None,
        "is_calculating": True,
        "last_calculation": None,
        "errors_calculating": 0,
        "count": None,
        "is_static": False,
        "cohort_type": None,
        "experiment_set": [],
    }
    assert expected.items() <= made.items()

    assert calculate_due(datetime.now(UTC)) == 1
    assert calculate_due(datetime.now(UTC)) == 0
    read = api.get(f"cohorts/{made['id']}/").json()
    assert (read["is_calculating"], read["count"], read["version"]) == (False, 1, 1)
    assert read["last_calculation"] is not None
    assert api.get("cohorts/").json()["results"] == [read]
    assert calculate_due(datetime.now(UTC) + timedelta(days=2)) == 1

    api.patch(f"cohorts/{made['id']}/", {"filters": group(leaf("plan", ["pro", "free"]))})
    calculate_due(datetime.now(UTC))
    assert api.get(f"cohorts/{made['id']}/").json()["count"] == 2


MEMBERS = [
    (group(), "ada bob cleo"),
    (PRO, "ada"),
    (group(leaf("plan", ["pro"], negation=True)), "bob cleo"),
    (group(leaf("plan", "pro", "is_not")), "bob cleo"),
    (group(leaf("age", 20, "gt")), "ada"),
    (group(leaf("plan", ["pro"]), leaf("age", 30, "lt"), type="OR"), "ada bob"),
    (group({"type": "person", "key": "plan", "operator": "is_set"}), "ada bob"),
    (group(group(leaf("plan", "free"))["properties"], leaf("age", 20)), "bob"),
    (group(performed("order")), "ada bob"),
    (group(performed("order", negation=True)), "cleo"),
    (group(performed("order", time_value=1, time_interval="month")), "ada bob cleo"),
    (group(performed("order", time_value="1", time_interval="hour")), ""),
    (group(performed("order", explicit_datetime="-30d", time_value=None)), "ada bob cleo"),
    (group(performed("order", event_filters=[{"key": "n", "value": 5}])), "ada"),
    (
        group(
            performed("order", value="performed_event_multiple", operator="gte", operator_value=2)
        ),
        "ada",
    ),
    (
        group(
            performed("order", value="performed_event_multiple", operator="exact", operator_value=1)
        ),
        "bob",
    ),
    (
        group(
            performed("order", value="performed_event_multiple", operator="lte", operator_value=2)
        ),
        "ada bob",
    ),
]


@pytest.mark.parametrize(("filters", "expected"), MEMBERS)
def test_a_cohort_is_who_satisfies_its_filters(api, project, people, filters, expected):
    answer = api.post("cohorts/", {"name": "c", "filters": filters})
    assert answer.status_code == 201, answer.json()
    id_, expected = answer.json()["id"], set(expected.split())

    assert names(api, f"cohorts/{id_}/persons/") == expected
    assert names(api, f"persons/?cohort={id_}") == expected
    assert in_hogql(project, id_) == expected
    assert in_hogql(project, "'c'") == expected
    calculate_due(datetime.now(UTC))
    assert Cohort.objects.get(id=id_).count == len(expected)
    for name in ["ada", "bob", "cleo"]:
        person = person_of(project, name)
        found = api.get(f"persons/cohorts/?person_id={person.uuid}").json()["results"]
        count = len(expected)
        assert found == ([{"id": id_, "name": "c", "count": count}] if name in expected else [])


def test_cohorts_are_filters_of_events_and_persons(api, project, people):
    pros = CohortFactory(project=project, filters=PRO)
    for negative, expected in [
        ({}, {"ada"}),
        ({"operator": "not_in"}, {"bob", "cleo"}),
        ({"negation": True}, {"bob", "cleo"}),
    ]:
        wanted = [{"type": "cohort", "key": "id", "value": pros.id, **negative}]
        events = api.get("events/", {"properties": json(wanted)}).json()["results"]
        assert {event["distinct_id"] for event in events} == expected
        assert names(api, f"persons/?properties={json(wanted)}") == expected


def json(value) -> str:
    return dumps(value).decode()


def test_cohorts_are_made_of_cohorts_and_actions(api, project, people):
    action = ActionFactory(
        project=project, steps=[{"event": "order", "properties": [{"key": "n", "value": 5}]}]
    )
    ordered = group(performed(action.id, event_type="actions"))
    inner = api.post("cohorts/", {"name": "inner", "filters": ordered}).json()["id"]
    nested = {"type": "cohort", "key": "id", "value": inner, "negation": True}
    outer = api.post("cohorts/", {"name": "outer", "filters": group(nested)}).json()["id"]

    assert names(api, f"cohorts/{inner}/persons/") == {"ada"}
    assert names(api, f"cohorts/{outer}/persons/") == {"bob", "cleo"}


def test_cohorts_lead_nowhere_back(api, project):
    def of(id_):
        return group({"type": "cohort", "key": "id", "value": id_})

    first = api.post("cohorts/", {"name": "1", "filters": PRO}).json()["id"]
    second = api.post("cohorts/", {"name": "2", "filters": of(first)}).json()["id"]
    for id_ in (first, second):
        answer = api.patch(f"cohorts/{first}/", {"filters": of(id_)})
        assert answer.status_code == 400
        assert answer.json()["detail"] == "Cohorts cannot reference other cohorts in a loop."

    # Behind the API's back, or through an action.
    Cohort.objects.filter(id=first).update(filters=of(second))
    with pytest.raises(QueryError, match="loop"):
        run(f"SELECT 1 FROM persons WHERE id IN COHORT {first}", project)
    calculate_due(datetime.now(UTC))
    read = api.get(f"cohorts/{first}/").json()
    assert (read["is_calculating"], read["errors_calculating"], read["count"]) == (False, 1, None)
    assert calculate_due(datetime.now(UTC)) == 0


@pytest.mark.parametrize(
    ("filters", "detail"),
    [
        (None, "properties"),
        ({}, "properties"),
        ({"properties": group(), "more": 1}, "properties"),
        ({"properties": {"type": "AND"}}, "type and values"),
        ({"properties": {"type": "XOR", "values": []}}, "AND or OR"),
        ({"properties": {"type": "AND", "values": {}}}, "list"),
        (group({"type": "event", "key": "a", "value": 1, "operator": "exact"}), "'event'"),
        (group({"type": "person", "key": "a"}), "for person filter: value, operator"),
        (group({"type": "person", "value": 1, "operator": "exact"}), "for person filter: key"),
        (group(leaf("a", 1, label="x")), "'label'"),
        (group(leaf("a", 1, "like")), "like"),
        (group(leaf("a", 1, negation="no")), "negation"),
        (group({"type": "cohort", "key": "id", "value": 999999}), "Invalid Cohort ID in filter"),
        (group({"type": "cohort", "key": "id", "value": "x"}), "Invalid Cohort ID in filter"),
        (
            group({"type": "behavioral", "key": "a", "value": "performed_event"}),
            "for behavioral filter: event_type, time_value, time_interval",
        ),
        (group(performed("a", value="performed_event_regularly")), "performed_event_regularly"),
        (group(performed("a", value="performed_event_multiple")), "operator, operator_value"),
        (group(performed("a", time_interval="eon")), "time_interval"),
        (group(performed("a", time_value=0)), "time_value"),
        (group(performed("a", time_value=True)), "time_value"),
        (group(performed("a", explicit_datetime="soon")), "soon"),
        (group(performed("a", event_type="x")), "events or actions"),
        (group(performed("a", event_type="actions")), "id of an action"),
        (group(performed("a", event_filters=[{"key": "a", "operator": "x"}])), "'x'"),
        (group("text"), "objects"),
    ],
)
def test_bad_filters_are_refused(api, filters, detail):
    answer = api.post("cohorts/", {"name": "a", "filters": filters})

    assert (answer.status_code, answer.json()["attr"]) == (400, "filters")
    assert detail in answer.json()["detail"]


def test_a_static_cohort_lists_its_persons(api, project, people):
    ada, bob = person_of(project, "ada"), person_of(project, "bob")
    stranger = PersonFactory(project=ProjectFactory())
    ids = [str(ada.uuid), str(stranger.uuid), "nonsense"]
    made = api.post(
        "cohorts/", {"name": "vip", "is_static": True, "_create_static_person_ids": ids}
    ).json()
    deliver()

    assert (made["is_static"], made["count"], made["filters"]) == (True, 1, None)
    assert made["is_calculating"] is False
    path = f"cohorts/{made['id']}/"
    assert names(api, f"{path}persons/") == in_hogql(project, made["id"]) == {"ada"}
    assert names(api, f"persons/?cohort={made['id']}") == {"ada"}

    added = api.patch(f"{path}add_persons_to_static_cohort/", {"person_ids": [str(bob.uuid)]})
    assert (added.status_code, added.json()) == (200, {"success": True})
    assert api.get(path).json()["count"] == 2
    for person in (ada, stranger, ada):
        body = {"person_id": str(person.uuid)}
        removed = api.patch(f"{path}remove_person_from_static_cohort/", body)
        assert removed.status_code == (404 if person is stranger else 200)
    deliver()
    assert names(api, f"{path}persons/") == in_hogql(project, made["id"]) == {"bob"}
    found = api.get(f"persons/cohorts/?person_id={bob.id}").json()["results"]
    assert found == [{"id": made["id"], "name": "vip", "count": 1}]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "required"),
        ({"person_ids": []}, "empty"),
        ({"person_ids": ["nonsense"]}, "none of these"),
        ({"person_ids": [str(person_uuid(1, "nobody"))]}, "none of these"),
    ],
)
def test_bad_additions_are_refused(api, project, body, detail):
    static = CohortFactory(project=project, is_static=True)
    answer = api.patch(f"cohorts/{static.id}/add_persons_to_static_cohort/", body)
    assert answer.status_code == 400
    assert detail in answer.json()["detail"]

    dynamic = CohortFactory(project=project, filters=PRO)
    answer = api.patch(f"cohorts/{dynamic.id}/add_persons_to_static_cohort/", body)
    assert answer.json()["detail"] == "Can only add users to static cohorts"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada\nbob\nunknown\n", "ada bob"),
        ("\ufeffada\r\n\r\nbob\r\n", "ada bob"),
        ("email\nada@x.org\nADA@x.org\n", "ada"),
        ("person_id\n{ada}\nnonsense\n", "ada"),
        ("name,distinct_id\nx,bob\ny\n", "bob"),
        ("email,distinct_id\nada@x.org,bob\n", "bob"),
        ("Email , name\nada@x.org,bob\n", "ada"),
        ("distinct_id,person_id\nbob,{ada}\n", "ada"),
        ('"a ""quoted"" one",email\nx,ada@x.org\n', "ada"),
    ],
)
def test_a_file_names_the_persons(api, project, people, text, expected):
    text = text.replace("{ada}", str(person_of(project, "ada").uuid))
    file = SimpleUploadedFile("persons.csv", text.encode())
    answer = api.post(
        "cohorts/", {"name": "f", "is_static": "true", "csv": file}, format="multipart"
    )

    assert answer.status_code == 201, answer.json()
    assert names(api, f"cohorts/{answer.json()['id']}/persons/") == set(expected.split())
    assert answer.json()["count"] == len(expected.split())


@pytest.mark.parametrize(
    "content", [b"", b"\n \n", b"email\n", b"a,b\nc,d\n", b"\xff\xfe\x00", b","]
)
def test_unusable_files_are_refused(api, content):
    file = SimpleUploadedFile("persons.csv", content)
    answer = api.post(
        "cohorts/", {"name": "f", "is_static": "true", "csv": file}, format="multipart"
    )

    assert (answer.status_code, answer.json()["attr"]) == (400, "csv")
    assert not Cohort.objects.exists()


def test_a_file_adds_to_a_static_cohort(api, project, people):
    cohort = CohortFactory(project=project, is_static=True)
    for name in ("ada", "bob"):
        file = SimpleUploadedFile("persons.csv", name.encode())
        answer = api.patch(f"cohorts/{cohort.id}/", {"csv": file}, format="multipart")
        assert answer.status_code == 200, answer.json()

    assert names(api, f"cohorts/{cohort.id}/persons/") == {"ada", "bob"}


def test_static_cohorts_need_a_source_and_have_no_filters(api, project):
    answer = api.post("cohorts/", {"name": "a", "is_static": True})
    assert answer.json()["detail"].startswith("Invalid source for static cohort.")
    source = {"_create_static_person_ids": []}
    answer = api.post("cohorts/", {"name": "a", "is_static": True, "filters": PRO, **source})
    assert (answer.status_code, answer.json()["attr"]) == (400, "filters")
    answer = api.post("cohorts/", {"name": "a", "filters": PRO, **source})
    assert answer.status_code == 400
    made = api.post("cohorts/", {"name": "a", "is_static": True, **source}).json()
    answer = api.patch(f"cohorts/{made['id']}/", {"is_static": False})
    assert (answer.status_code, answer.json()["attr"]) == (400, "is_static")


def test_merged_and_deleted_persons_leave_no_stale_member(api, project, people):
    cohort = CohortFactory(project=project, is_static=True)
    ids = [str(person_of(project, name).uuid) for name in ("ada", "bob")]
    api.patch(f"cohorts/{cohort.id}/add_persons_to_static_cohort/", {"person_ids": ids})

    ingest(captured(project, "$identify", "cleo", __anon_distinct_id="bob"))
    deliver()
    query = f"SELECT person_id FROM static_cohort_people WHERE cohort_id = {cohort.id}"
    cleo = str(person_of(project, "cleo").uuid)
    assert {uuid for (uuid,) in run(query, project).rows} == {ids[0], cleo}
    assert set(CohortPerson.objects.values_list("person__uuid", flat=True)) == {
        each.uuid for each in Person.objects.filter(project=project)
    }
    assert api.get(f"cohorts/{cohort.id}/").json()["count"] == 2
    events = run(f"SELECT distinct_id FROM events WHERE person_id IN COHORT {cohort.id}", project)
    assert {name for (name,) in events.rows} == {"ada", "bob", "cleo"}

    api.delete(f"persons/{ids[0]}/")
    ingest(captured(project, "x", "ada", minutes=5))
    deliver()
    assert str(person_of(project, "ada").uuid) == ids[0]
    assert [uuid for (uuid,) in run(query, project).rows] == [cleo]
    assert api.get(f"cohorts/{cohort.id}/").json()["count"] == 1


def test_a_deleted_cohort_is_gone_until_it_is_restored(api, project, people):
    cohort = CohortFactory(project=project, filters=PRO)
    path = f"cohorts/{cohort.id}/"

    assert api.delete(path).status_code == 405
    assert api.patch(path, {"deleted": True}).status_code == 200
    assert api.get(path).status_code == api.patch(path, {"name": "x"}).status_code == 404
    assert api.get(f"{path}persons/").status_code == 404
    assert api.get(f"persons/?cohort={cohort.id}").status_code == 400
    with pytest.raises(QueryError, match="does not exist"):
        in_hogql(project, cohort.id)
    assert calculate_due(datetime.now(UTC)) == 0

    assert api.patch(path, {"deleted": False}).json()["deleted"] is False
    calculate_due(datetime.now(UTC))
    assert api.get(path).json()["count"] == 1
    entries = api.get(f"{path}activity/").json()["results"]
    assert [entry["activity"] for entry in entries] == ["restored", "deleted"]


def test_a_cohort_in_use_stays(api, project):
    cohort = CohortFactory(project=project, filters=PRO)
    wanted = {"type": "cohort", "key": "id", "value": cohort.id}
    other = CohortFactory(project=project, filters=group(wanted))

    answer = api.patch(f"cohorts/{cohort.id}/", {"deleted": True})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("This cohort is used")
    api.patch(f"cohorts/{other.id}/", {"deleted": True})
    project.settings = {"test_account_filters": [{**wanted, "operator": "not_in"}]}
    project.save()
    answer = api.patch(f"cohorts/{cohort.id}/", {"deleted": True})
    assert answer.json()["detail"].startswith("This cohort is used")
    project.settings = {}
    project.save()
    assert api.patch(f"cohorts/{cohort.id}/", {"deleted": True}).status_code == 200


@pytest.mark.parametrize(
    "source",
    [
        {"properties": [{"type": "cohort", "key": "id", "value": 0}]},
        {"series": [{"kind": "EventsNode", "properties": [{"type": "cohort", "value": ["0"]}]}]},
        {"breakdownFilter": {"breakdown_type": "cohort", "breakdown": [0]}},
    ],
)
def test_a_cohort_that_an_insight_asks_for_stays(api, project, source):
    cohort = CohortFactory(project=project, filters=PRO)
    query = json({"kind": "TrendsQuery", **source}).replace("0", str(cohort.id))
    insight = Insight.objects.create(project=project, name="Weekly", query=loads(query))

    answer = api.patch(f"cohorts/{cohort.id}/", {"deleted": True})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("This cohort is used by insight 'Weekly'")
    Insight.objects.filter(id=insight.id).update(deleted=True)
    assert api.patch(f"cohorts/{cohort.id}/", {"deleted": True}).status_code == 200


def test_cohorts_of_other_projects_are_unknown(api, project, people):
    other = CohortFactory(project=ProjectFactory(), filters=PRO, name="c")

    assert api.get(f"cohorts/{other.id}/").status_code == 404
    assert api.get(f"persons/?cohort={other.id}").status_code == 400
    for name in (other.id, "'c'"):
        with pytest.raises(QueryError, match="does not exist"):
            in_hogql(project, name)
    filters = group({"type": "cohort", "key": "id", "value": other.id})
    assert api.post("cohorts/", {"name": "x", "filters": filters}).status_code == 400


def test_lists_are_searched(api, project, user):
    pros = CohortFactory(project=project, filters=PRO, name="Pros", created_by=user)
    vips = CohortFactory(project=project, is_static=True, name="Vips")

    def found(query):
        return [each["id"] for each in api.get(f"cohorts/?{query}").json()["results"]]

    assert found("") == [vips.id, pros.id]
    assert found("search=PRO") == [pros.id]
    assert found("type=static") == [vips.id]
    assert found("type=dynamic") == [pros.id]
    assert found(f"created_by_id={user.id}") == [pros.id]
    assert api.get("cohorts/?type=x").status_code == 400


@pytest.mark.parametrize("is_static", [True, False])
def test_pages_of_members_lose_and_repeat_nobody(api, project, is_static):
    uuids = [str(add_person(project.id, f"p{n}", properties={"plan": "pro"})) for n in range(7)]
    for n, uuid in enumerate(uuids):
        PersonFactory(project=project, uuid=uuid, distinct_ids=[f"p{n}"])
    cohort = CohortFactory(project=project, is_static=is_static, filters=None if is_static else PRO)
    if is_static:
        api.patch(f"cohorts/{cohort.id}/add_persons_to_static_cohort/", {"person_ids": uuids})

    found, link = [], f"cohorts/{cohort.id}/persons/?limit=3"
    while link:
        page = api.get(link).json()
        found.append([person["uuid"] for person in page["results"]])
        link = page["next"]
    assert [len(each) for each in found] == [3, 3, 1]
    assert sorted(uuid for each in found for uuid in each) == sorted(uuids)
    assert page["previous"].endswith("limit=3&offset=3")
    beyond = api.get(f"cohorts/{cohort.id}/persons/?offset={'9' * 30}").json()
    assert (beyond["results"], beyond["next"]) == ([], None)
    csv = api.get(f"cohorts/{cohort.id}/persons/?format=csv").getvalue().decode()
    assert len(csv.splitlines()) == 8
