"""What a batch costs: a number of queries that doesn't grow with it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.persons.capturing import captured, ingest

pytestmark = pytest.mark.django_db

LOAD = ["SELECT persons_person", "SELECT persons_persondistinctid"]
SIZES = [2, 300]


@pytest.fixture(autouse=True)
def whole_inserts(monkeypatch):
    """Django cuts inserts for SQLite at 999 parameters; without that, any row too many shows."""
    monkeypatch.setattr(connection.features, "max_query_params", 250_000)


def queries_of(events) -> list[str]:
    with CaptureQueriesContext(connection) as context:
        ingest(*events)
    queries = [named(query["sql"].replace('"', "").split()) for query in context.captured_queries]
    savepoints = queries[:2] + queries[-2:]  # of ingest() within the test, and of apply_events()
    assert savepoints == ["SAVEPOINT", "SAVEPOINT", "RELEASE", "RELEASE"]
    return queries[2:-2]


def named(words: list[str]) -> str:
    verb = words[0]
    if verb == "SELECT":
        return f"SELECT {words[words.index('FROM') + 1]}"
    return f"{verb} {words[2]}" if verb in ("INSERT", "DELETE") else verb


def plain(project, count, **properties):
    return [captured(project, "x", f"user {n}", **properties) for n in range(count)]


@pytest.mark.parametrize("count", SIZES)
def test_events_that_change_nothing_only_read(project, count):
    ingest(*plain(project, count, __set={"a": 1}, __current_url="/"))

    assert queries_of(plain(project, count, __set={"a": 1}, __current_url="/else")) == LOAD


@pytest.mark.parametrize("count", SIZES)
def test_new_persons(project, count):
    assert queries_of(plain(project, count)) == [
        *LOAD,
        "INSERT persons_person",
        "INSERT persons_persondistinctid",
        "INSERT clickhouse_outboxblock",
        "INSERT clickhouse_outboxblock",
    ]


@pytest.mark.parametrize("count", SIZES)
def test_changed_and_seen_persons(project, count):
    ingest(*plain(project, 2 * count))
    later = [captured(project, "x", f"user {n}", minutes=60) for n in range(2 * count)]
    for event in later[:count]:
        event.properties["$set"] = {"a": 1}

    assert queries_of(later) == [
        *LOAD,
        "INSERT persons_person",  # ON CONFLICT DO UPDATE
        "INSERT persons_person",
        "INSERT clickhouse_outboxblock",
    ]


@pytest.mark.parametrize("count", SIZES)
def test_a_batch_of_merges(project, count):
    ingest(*plain(project, count), *(captured(project, "x", f"anon {n}") for n in range(count)))
    merges = [
        captured(project, "$identify", f"user {n}", __anon_distinct_id=f"anon {n}")
        for n in range(count)
    ]
    news = [
        captured(project, "$identify", f"new {n}", __anon_distinct_id=f"old {n}")
        for n in range(count)
    ]

    assert queries_of(merges + news) == [
        *LOAD,
        "INSERT persons_person",
        "INSERT persons_persondistinctid",
        "SELECT persons_persondistinctid",
        "INSERT persons_persondistinctid",  # ON CONFLICT DO UPDATE
        "INSERT persons_person",  # ON CONFLICT DO UPDATE
        "SELECT persons_cohortperson",
        "DELETE persons_person",
        "INSERT clickhouse_outboxblock",
        "INSERT clickhouse_outboxblock",
        "INSERT clickhouse_outboxblock",  # what old events follow
    ]


@pytest.mark.parametrize("count", SIZES)
def test_groups(project, count):
    def of_groups(value):
        return [
            captured(
                project,
                "$groupidentify",
                "server",
                __groups={"company": f"acme {n}"},
                __group_type="company",
                __group_key=f"acme {n}",
                __group_set={"a": value},
            )
            for n in range(count)
        ]

    new = queries_of(of_groups(1))
    assert [query for query in new if "group" in query] == [
        "SELECT persons_grouptype",
        "INSERT persons_grouptype",
        "INSERT persons_group",
    ]
    assert queries_of(of_groups(1)) == [*LOAD, "SELECT persons_grouptype", "SELECT persons_group"]
    assert queries_of(of_groups(2)) == [
        *LOAD,
        "SELECT persons_grouptype",
        "SELECT persons_group",
        "INSERT persons_group",  # ON CONFLICT DO UPDATE
        "INSERT clickhouse_outboxblock",
    ]
