import json
import time
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import APIException

import clickhouse
from hogql import guard
from hogql.compiler import Compiled
from hogql.compiler.sources import OWN, PROJECT_CONDITION
from hogql.database import PHYSICAL_TABLES, PUBLIC_TABLES
from hogql.errors import QueryError
from hogql.execution import compiled_for, run
from hogql.parser import parse_select
from projects.models import Project
from tests.conftest import empty_tables
from tests.hogql.hostile import BOMBS, OTHER_PROJECTS_ROWS, REFUSED
from tests.hogql.samples import SELECTS
from tests.hogql.store import NOON, add_events, add_person, insert, link

ME, OTHER = 1, 2
MARK = "SECRET"


@pytest.fixture(scope="module")
def two_projects(clickhouse_schema, django_db_blocker):
    """Two projects with the same rows, but that every text of the other one says SECRET."""
    for project_id, mark in ((ME, "mine"), (OTHER, MARK)):
        person = add_person(project_id, f"ada {mark}", properties={"secret": mark})
        add_events(
            project_id,
            *(
                {
                    "event": event,
                    "distinct_id": f"ada {mark}",
                    "person_id": str(person),
                    "group_0": "acme",
                    "fingerprint": "f",
                    "elements_chain": mark,
                    "properties": {
                        "secret": mark,
                        "$session_id": "s",
                        "$current_url": f"https://{mark}.com/",
                    },
                }
                for event in ("$pageview", mark)
            ),
        )
        link(project_id, person, f"moved {mark}", moved=True)
        team = {"team_id": project_id, "version": 1}
        insert("static_cohort_people", [team | {"cohort_id": 1, "person_id": str(person)}])
        insert("groups", [team | {"key": "acme", "properties": json.dumps({"secret": mark})}])
        insert(
            "issue_fingerprint_overrides",
            [
                team
                | {"fingerprint": "f", "issue_id": f"{project_id:08}-0000-0000-0000-000000000000"}
            ],
        )
        at = {"team_id": project_id, "timestamp": NOON.strftime("%Y-%m-%d %H:%M:%S")}
        insert("logs", [at | {"body": mark, "retention_days": 36_500}])
        insert("app_metrics", [at | {"category": mark, "successes": 1}])
        kept = (NOON + timedelta(days=3000)).strftime("%Y-%m-%d %H:%M:%S")
        insert("log_entries", [at | {"timestamp": kept, "message": mark}])
    yield
    empty_tables()


def outcome(query: str, project_id: int = ME) -> list | APIException:
    """The rows, or the answer to a query that was refused or stopped."""
    try:
        return run(query, Project(id=project_id), values={"x": 1}, seconds=1).rows
    except APIException as error:
        return error


@pytest.mark.parametrize("query", OTHER_PROJECTS_ROWS)
def test_no_query_sees_another_projects_rows(two_projects, query):
    assert MARK not in json.dumps(found(outcome(query)))


def found(result: list | APIException) -> list | str:
    if isinstance(result, list):
        return result
    assert result.status_code in (400, 504), result
    return str(result.detail)


STORED = sorted(name for name, table in PUBLIC_TABLES.items() if not table.is_virtual)


@pytest.mark.parametrize("table", STORED)
def test_tables_have_the_rows_of_the_project_alone(two_projects, table):
    for project_id in (ME, OTHER):
        assert outcome(f"select groupUniqArray(team_id) from {table}", project_id) == [
            [[project_id]]
        ]
    assert outcome(f"select count() from {table}") == outcome(f"select count() from {table}", OTHER)


def test_the_marks_are_there_for_their_own_project(two_projects):
    for query in ("select * from events", "select * from persons", "select * from logs"):
        assert MARK in json.dumps(outcome(query, OTHER))


def test_links_stay_in_the_project(two_projects):
    (row,) = outcome(
        "select distinct person.properties.secret, group_0.properties.secret, toString(issue_id),"
        " session.$entry_hostname from events"
    )
    assert row == ["mine", "mine", "00000001-0000-0000-0000-000000000000", "mine.com"]


@pytest.mark.parametrize("query", REFUSED)
def test_what_is_no_query_of_tables_is_refused(two_projects, query):
    error = outcome(query)
    assert isinstance(error, QueryError), error
    assert error.status_code == 400


@pytest.mark.parametrize("query", BOMBS, ids=lambda query: query[:60])
def test_bomb_is_refused_or_stopped(two_projects, query):
    started = time.monotonic()
    result = outcome(query)
    assert time.monotonic() - started < 60
    assert len(json.dumps(found(result))) < 110_000_000
    assert outcome("select 1") == [[1]]


def test_store_itself_gives_out_no_other_projects_rows(two_projects):
    """Even if a compiler's mistake let a query through."""
    limits = guard.run_settings(ME, timezone="UTC", seconds=5)
    for table in sorted(PHYSICAL_TABLES):
        ids = clickhouse.rows(f"SELECT DISTINCT team_id FROM {table}", query_settings=limits)
        assert ids == [(ME,)]
        joined = f"SELECT b.team_id FROM numbers(1) a LEFT JOIN {table} b ON 1 = 1"
        found = clickhouse.rows(joined, query_settings=limits)
        assert set(found) <= {(ME,)}
    with pytest.raises(clickhouse.Rejected):
        clickhouse.rows("SELECT * FROM file('/etc/passwd', 'LineAsString')", query_settings=limits)
    with pytest.raises(clickhouse.Rejected):
        clickhouse.rows("TRUNCATE TABLE events", query_settings=limits)


GOOD = f"(SELECT {OWN}.event AS c1 FROM events AS {OWN} WHERE ({OWN}.{PROJECT_CONDITION})"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM events",
        "SELECT * FROM (SELECT * FROM events)",
        f"SELECT * FROM events AS {OWN}",
        f"SELECT * FROM events AS {OWN} WHERE 1",
        f"SELECT * FROM events AS {OWN} WHERE ({OWN}.team_id = 2)",
        f"SELECT * FROM events AS {OWN} WHERE (1) AND ({OWN}.{PROJECT_CONDITION})",
        f"SELECT * FROM events AS {OWN} WHERE ({OWN}.{PROJECT_CONDITION}) OR (1)",
        f"SELECT * FROM events AS {OWN} WHERE ({OWN}.{PROJECT_CONDITION} OR 1)",
        f"SELECT * FROM events AS {OWN} WHERE ({OWN}.{PROJECT_CONDITION}) AND (1) OR (1)",
        f"SELECT * FROM events AS other WHERE ({OWN}.{PROJECT_CONDITION})",
        f"SELECT * FROM {GOOD}) AS t JOIN events ON 1",
        f"SELECT * FROM {GOOD}) AS t, events",
        "SELECT * FROM system.users",
        "SELECT * FROM url('x')",
        "SELECT * FROM numbers(5) JOIN file('x') ON 1",
        "SELECT 1; DROP TABLE events",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 INTO OUTFILE 'x'",
        "INSERT INTO events SELECT 1",
        "SELECT 1 -- x",
        "SELECT 1 /* x */",
        "",
    ],
)
def test_guard_finds_sql_that_must_not_run(sql):
    with pytest.raises(guard.Breach):
        guard.check(Compiled(sql, {}, [], set()))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT `FROM events; --` FROM numbers(5)",
        f"SELECT c1 FROM {GOOD}) AS t1 WHERE c1 = {{p0:String}} OR 1",
        f"SELECT c1 FROM {GOOD} AND ({OWN}.x = 0)) AS t1 INNER JOIN {GOOD}) AS t2 ON 1",
        f"SELECT c1 FROM {GOOD} GROUP BY {OWN}.x) AS t1",
        f"SELECT 1 UNION ALL SELECT c1 FROM {GOOD}) AS t1",
    ],
)
def test_guard_lets_good_sql_pass(sql):
    guard.check(Compiled(sql, {}, [], set()))


# Any query that can be compiled reads the project's rows alone: the guard looks at each, and a
# second look here, by another way, finds the condition at every table.

NAMES = st.sampled_from(
    [
        *("event", "team_id", "properties.x", "person.properties.y", "x.y", "$own.c1", "person_id"),
        *("issue_id", "pdi.person.properties.z", "session.$urls", "group_3.properties.`a b`"),
        *("properties", "a.event", "a.person.pdi.distinct_id", "cte.event", "attributes.x", "id"),
    ]
)
TABLES = st.sampled_from([*sorted(PUBLIC_TABLES), "cte", "numbers(3)", "system.users", "`a b`"])
JOINS = st.sampled_from(
    ["left join", "join", "full join", "any left join", "semi join", "right join", "asof join"]
)
ALIASES = st.sampled_from(["a", "events", "team_id", "`$own`", "`$t1`", "`x) or (1`"])
LITERALS = st.sampled_from(["1", "'x'", "'it''s'", "null", "[1, 2]", "(1, 2)", "2 = 2", "true"])


def queries(inner):
    value = st.one_of(NAMES, LITERALS, inner.map("({})".format))
    condition = st.tuples(
        value, st.sampled_from(["=", "or", "and", "in", "!=", "not in", "like"]), value
    ).map(" ".join)
    table = st.one_of(
        st.tuples(TABLES, ALIASES).map(" as ".join),
        st.tuples(inner, ALIASES).map("({0[0]}) as {0[1]}".format),
    )
    column = st.one_of(
        st.just("*"),
        st.tuples(value, ALIASES).map(" as ".join),
        value.map("count({})".format),
        value.map("f'{{{}}} x'".format),
        st.tuples(value, value).map("sum({0[0]}) over (partition by {0[1]})".format),
        st.tuples(value, value).map("groupArray({0[0]}) filter (where {0[1]})".format),
        st.tuples(value, value).map("if({0[0]} between 1 and 2, {0[1]}, null)".format),
        value.map("arrayMap(team_id -> {}, [2])".format),
    )
    select = st.builds(
        "select {} from {} where {}".format,
        st.lists(column, min_size=1, max_size=3).map(", ".join),
        table,
        condition,
    )
    joined = st.one_of(
        st.builds("select 1 from {} {} {} on {}".format, table, JOINS, table, condition),
        st.builds("select {} from {}, {}".format, column, table, table),
        st.builds("select * from {} join {} using ({})".format, table, table, NAMES),
        st.builds("select n, {} from {} array join [1] as n".format, value, table),
    )
    return st.one_of(
        select,
        joined,
        st.tuples(select, select).map(" union all ".join),
        st.builds("with cte as ({}) {}".format, inner, select),
        st.builds("{} group by {} having {}".format, select, value, condition),
        st.builds("{} order by {} limit 1 by {}".format, select, value, value),
        st.builds("with cte as ({}), c2 as (select * from cte) {}".format, inner, joined),
        st.builds("with {} as a {}".format, value, select),
        st.tuples(select, joined).map(" except ".join),
        st.builds("{} qualify {} order by all".format, select, condition),
        joined,
    )


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.recursive(st.just("select 1"), queries, max_leaves=6),
        st.sampled_from(SELECTS + OTHER_PROJECTS_ROWS),
    )
)
def test_no_printed_query_reads_a_table_without_the_projects_condition(query):
    try:
        sql = compiled_for_text(query).sql
    except QueryError:
        return
    condition = f"WHERE ({OWN}.{PROJECT_CONDITION})"
    reads = sum(sql.count(f"FROM {table} AS {OWN}") for table in PHYSICAL_TABLES)
    assert sql.count(condition) == reads
    bare = guard.WORD.sub(
        lambda match: " " if match.lastgroup in ("quoted", "string", "param") else match[0], sql
    )
    words = bare.replace("(", " ( ").replace(")", " ) ").split()
    for position, word in enumerate(words):
        if word in PHYSICAL_TABLES:
            assert words[position - 1] == "FROM", words[position - 3 : position + 3]
            reads -= 1
    assert reads == 0


def compiled_for_text(query):
    return compiled_for(parse_select(query), Project(id=ME))
