"""Events belong to the person that their distinct id leads to now, in every query."""

from uuid import UUID

import orjson
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickhouse.schema import FOLDER, statements
from events.storage import store
from hogql.execution import run
from persons.deletion import delete_persons
from persons.models import PersonDistinctId
from persons.splitting import keep_only, move_out
from tests.factories import ProjectFactory
from tests.persons.capturing import captured, ingest, person_of
from tests.persons.test_processing_copies import deliver

pytestmark = pytest.mark.usefixtures("analytics")


def happen(*events) -> None:
    """What capture makes of events: persons, and rows in the store."""
    with transaction.atomic():
        store(ingest(*events))
    deliver()


def rows(project, query):
    return run(query, project).rows


def test_merged_persons_events_are_the_survivors_in_every_query(api, project):
    happen(
        captured(project, "$pageview", "anon", __set={"plan": "free"}),
        captured(project, "$pageview", "ada", 1, __set={"email": "ada@example.com"}),
    )
    assert rows(project, "select count(distinct person_id) from events") == [[2]]

    happen(captured(project, "$identify", "ada", 2, __anon_distinct_id="anon"))

    survivor = str(person_of(project, "ada").uuid)
    assert rows(project, "select distinct person_id, person.id from events") == [[survivor] * 2]
    assert rows(project, "select count(distinct person_id) from events") == [[1]]
    assert rows(
        project,
        "select count() from events where person.properties.email = 'ada@example.com'"
        " and person.properties.plan = 'free'",
    ) == [[3]]
    assert rows(
        project,
        f"select count() from events where person_id = '{survivor}' and event = '$pageview'",
    ) == [[2]]
    assert rows(
        project,
        "select p.properties.email, count() from events e join persons p on e.person_id = p.id"
        " group by 1",
    ) == [["ada@example.com", 3]]
    listed = api.get(f"events/?person_id={survivor}").json()["results"]
    assert [event["event"] for event in listed] == ["$identify", "$pageview", "$pageview"]
    listed = api.get("events/").json()["results"]
    assert {event["person"]["properties"]["email"] for event in listed} == {"ada@example.com"}
    found = api.get("events/", {"where": f"[\"person_id = '{survivor}'\"]"}).json()["results"]
    assert len(found) == 3


def test_events_without_a_profile_follow_once_somebody_is_identified(project):
    happen(captured(project, "$pageview", "anon", __process_person_profile=False))
    happen(captured(project, "$identify", "ada", 1, __anon_distinct_id="anon"))
    ada = str(person_of(project, "ada").uuid)
    assert rows(project, "select person_id, count() from events group by 1") == [[ada, 2]]


def test_split_off_events_leave_with_their_distinct_id(project):
    happen(
        captured(project, "before", "anon"),
        captured(project, "before", "ada"),
        captured(project, "$identify", "ada", 1, __anon_distinct_id="anon"),
    )
    happen(captured(project, "between", "anon", 2))
    keep_only(person_of(project, "ada"), "ada", user=None)
    deliver()

    anon = str(person_of(project, "anon").uuid)
    assert rows(
        project, "select event from events where distinct_id = 'anon' order by timestamp"
    ) == [["before"], ["between"]]
    assert rows(project, "select distinct person_id from events where distinct_id = 'anon'") == [
        [anon]
    ]
    assert rows(project, "select count(distinct person_id) from events") == [[2]]


def test_only_distinct_ids_that_moved_are_joined(project, analytics):
    happen(
        captured(project, "x", "ada"),
        captured(project, "x", "bob"),
        captured(project, "x", "eve"),
        captured(project, "$identify", "ada", 1, __anon_distinct_id="eve"),
    )
    assert analytics.rows("SELECT distinct_id FROM person_distinct_id_overrides") == [("eve",)]


def test_deleted_persons_events_keep_the_person_they_came_in_with(project):
    happen(
        captured(project, "x", "anon"),
        captured(project, "x", "ada"),
        captured(project, "$identify", "ada", 1, __anon_distinct_id="anon"),
    )
    delete_persons(project, [person_of(project, "ada").id], user=None)
    deliver()
    query = "select count(distinct person_id), countIf(person.id is not null) from events"
    assert rows(project, query) == [[2, 0]]


def test_overrides_from_before_they_had_a_table_are_taken_over(project, analytics):
    row = {"team_id": project.id, "person_id": str(UUID(int=7)), "version": 3}
    rows = [
        {**row, "distinct_id": "moved", "is_override": 1, "is_deleted": 0},
        {**row, "distinct_id": "stayed", "is_override": 0, "is_deleted": 0},
        {**row, "distinct_id": "deleted", "is_override": 1, "is_deleted": 1},
    ]
    analytics.insert("person_distinct_ids", b"\n".join(map(orjson.dumps, rows)))

    for statement in statements(FOLDER / "0007_person_overrides.sql"):
        analytics.command(statement)

    assert analytics.rows(
        "SELECT distinct_id, person_id, version FROM person_distinct_id_overrides"
    ) == [("moved", UUID(int=7), 3)]


IDS = st.sampled_from(["a", "b", "c", "d"])
STEPS = st.one_of(
    st.tuples(st.just("event"), IDS),
    st.tuples(st.just("personless"), IDS),
    st.tuples(st.just("$identify"), IDS, IDS),
    st.tuples(st.just("$create_alias"), IDS, IDS),
    st.tuples(st.just("$merge_dangerously"), IDS, IDS),
    st.tuples(st.just("keep only"), IDS),
    st.tuples(st.just("move out"), IDS),
)


def do(project, step, minutes) -> None:
    kind, id_, *other = step
    row = PersonDistinctId.objects.filter(project=project, distinct_id=id_).first()
    if kind == "event":
        happen(captured(project, "x", id_, minutes))
    elif kind == "personless":
        happen(captured(project, "x", id_, minutes, __process_person_profile=False))
    elif kind == "$identify":
        happen(captured(project, kind, id_, minutes, __anon_distinct_id=other[0]))
    elif kind.startswith("$"):
        happen(captured(project, kind, id_, minutes, alias=other[0]))
    elif row and kind == "keep only":
        keep_only(row.person, id_, user=None)
    elif row:
        move_out(row.person, [id_], user=None)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(STEPS, min_size=2, max_size=8))
def test_events_follow_their_distinct_id_whatever_happens(organization, steps):
    project = ProjectFactory(organization=organization)
    for minutes, step in enumerate(steps):
        do(project, step, minutes)
    deliver()
    owners = dict(
        PersonDistinctId.objects.filter(project=project).values_list("distinct_id", "person__uuid")
    )
    for distinct_id, person in rows(project, "select distinct_id, person_id from events"):
        if distinct_id in owners:
            assert person == str(owners[distinct_id]), distinct_id
