from datetime import UTC, date, datetime, timedelta
from threading import Thread
from uuid import UUID

import pytest
from rest_framework.exceptions import APIException

import clickhouse
from clickhouse.client import timestamp
from hogql import ast
from hogql.errors import QueryError
from hogql.execution import cancel, run
from hogql.failures import QueryTimeout
from hogql.parser import parse_expr, parse_select
from persons.models import person_uuid
from projects.models import Project
from tests.hogql.store import NOON, add_events, add_person, insert, link

pytestmark = pytest.mark.usefixtures("analytics")
ME, OTHER = 1, 2


@pytest.fixture
def project():
    return Project(id=ME)


def rows(query, project, **options):
    return run(query, project, **options).rows


def value(query, project, **options):
    return rows(query, project, **options)[0][0]


def test_answer_tells_columns_types_and_rows(project):
    (uuid,) = add_events(ME, {"properties": {"$browser": "Chrome", "n": 5}})
    result = run(
        "select event, uuid, timestamp, properties.$browser, count() over (), 1 as one from events",
        project,
    )
    assert result.columns == ["event", "uuid", "timestamp", "$browser", "count() OVER ()", "one"]
    assert result.types == [
        ["event", "String"],
        ["uuid", "UUID"],
        ["timestamp", "DateTime64(6, 'UTC')"],
        ["$browser", "Nullable(String)"],
        ["count() OVER ()", "UInt64"],
        ["one", "UInt8"],
    ]
    assert result.rows == [["$pageview", str(uuid), "2026-06-15T12:00:00Z", "Chrome", 1, 1]]
    assert (result.has_more, result.limit, result.offset) == (False, 100, 0)
    assert result.tables == {"events"}
    assert set(result.timings) == {"parse", "prepare", "execute", "answer"}
    assert result.hogql == (
        "SELECT event, uuid, timestamp, properties.$browser, count() OVER (), 1 AS one "
        "FROM events LIMIT 101"
    )


def test_answer_without_rows_tells_columns_and_types(project):
    result = run("select event, count() from events group by event", project)
    assert result.types == [["event", "String"], ["count()", "UInt64"]]
    assert result.rows == []


def test_values_are_what_json_has(project):
    found = rows(
        "select toUUID('00000000-0000-0000-0000-000000000001'), toDate('2026-01-31'), (1, 'a'), "
        "[1.5, inf], nan, null, true, map('a', 1), toDecimal('1.25', 2), 2 * 4611686018427387904",
        project,
    )
    uuid = "00000000-0000-0000-0000-000000000001"
    assert found == [
        [uuid, "2026-01-31", [1, "a"], [1.5, None], None, None, True, {"a": 1}, 1.25, 2**63]
    ]


@pytest.mark.parametrize(
    ("query", "count", "limit", "has_more"),
    [
        ("select number from numbers(150)", 100, 100, True),
        ("select number from numbers(100)", 100, 100, False),
        ("select number from numbers(150) limit 10", 10, 10, True),
        ("select number from numbers(150) limit 200", 150, 200, False),
        ("select number from numbers(60000) limit 55000", 50_000, 50_000, True),
        ("select number from numbers(150) limit 0", 0, 0, True),
        ("select number from numbers(5) limit 10 offset 3", 2, 10, False),
        ("select number from numbers(150) union all select number from numbers(150)", 200, None, 0),
        ("select count() from (select number from numbers(150))", 1, 100, False),
    ],
)
def test_rows_are_limited(project, query, count, limit, has_more):
    result = run(query, project)
    assert (len(result.rows), result.limit, result.has_more) == (count, limit, has_more)


def test_callers_limits_rows(project):
    result = run("select number from numbers(9)", project, default_limit=3, max_limit=5)
    assert (len(result.rows), result.has_more) == (3, True)
    result = run("select number from numbers(9) limit 8", project, default_limit=3, max_limit=5)
    assert (len(result.rows), result.limit) == (5, 5)


def test_properties_read_as_text_whatever_they_are(project):
    add_events(
        ME,
        {
            "properties": {
                "s": "x",
                "empty": "",
                "i": 5,
                "f": 1.5,
                "whole": 2.0,
                "b": True,
                "null": None,
                "list": ["a", 1],
                "o": {"k": {"l": 1}, "d.t": 2},
                "a b": 1,
                "a.b": 2,
                "it's `q` \\ \"": 3,
                "$exception_list": [{"type": "E", "frames": [{"line": 7}]}],
                "$set": {"email": "a@b.c"},
                "": "no name",
                "day": "2026-01-01",
            }
        },
    )
    fields = {
        "s": "x",
        "empty": "",
        "i": "5",
        "f": "1.5",
        "whole": "2",
        "b": "true",
        "null": None,
        "missing": None,
        "list": '["a",1]',
        "list.1": "a",
        "list[2]": "1",
        "o": '{"d.t":2,"k":{"l":1}}',
        "o.k": '{"l":1}',
        "o.k.l": "1",
        "o['d.t']": "2",
        "`a b`": "1",
        "`a.b`": "2",
        "`it's ``q`` \\\\ \"`": "3",
        "$exception_list.1.type": "E",
        "$exception_list[1]['frames'][1].line": "7",
        "$set.email": "a@b.c",
        "`day`": "2026-01-01",
    }
    names = [f"properties.{field}" for field in fields] + ["properties['']"]
    (found,) = rows(f"select {', '.join(names)} from events", project)
    assert dict(zip(fields, found, strict=False)) == fields
    assert found[-1] == "no name"


def test_properties_are_of_the_type_their_definitions_say(project):
    add_events(
        ME,
        {"properties": {"n": "10", "t": "2026-06-01T10:00:00Z", "b": True, "s": 5}},
        {"properties": {"n": 9, "t": "never", "b": "yes", "s": "x"}},
        {"properties": {"n": True}},
    )
    asked = []

    def types(names):
        asked.append(set(names))
        known = {"n": "Numeric", "t": "DateTime", "b": "Boolean", "s": "String"}
        return {("event", name, None): type for name, type in known.items()}

    found = rows(
        "select properties.n, properties.t, properties.b, properties['s'] from events"
        " where properties.n > 8 or properties.n is null order by properties.n desc",
        project,
        property_types=types,
    )
    assert found == [
        [10.0, "2026-06-01T10:00:00Z", True, "5"],
        [9.0, None, None, "x"],
        [None, None, None, None],
    ]
    assert asked == [{"n", "t", "b", "s"}]


def test_comparisons_take_null_for_a_value(project):
    add_events(ME, {"properties": {"a": "x"}}, {"properties": {"a": "y"}}, {})
    query = "select count() from events where properties.a {}"
    for condition, count in {
        "= 'x'": 1,
        "!= 'x'": 2,
        "= null": 1,
        "!= null": 2,
        "is null": 1,
        "in ('x', null)": 2,
        "not in ('x', null)": 1,
        "not in ('x')": 2,
        "not like 'x'": 2,
        "!~ 'x'": 2,
        "not ilike 'X'": 2,
        "= properties.b": 1,
        "!= properties.b": 2,
        "<=> null": 1,
        "is distinct from 'x'": 2,
        "in (select 'x')": 1,
        "not in (select 'x')": 2,
    }.items():
        assert value(query.format(condition), project) == count, condition
    assert rows("select properties.a = 'x' from events order by 1", project) == [[0], [0], [1]]


def test_texts_compare_as_what_they_are_compared_with(project):
    add_events(ME, {"properties": {"n": 10, "b": True, "t": "2026-06-15T11:00:00Z"}})
    for condition in (
        "properties.n > 9",
        "properties.n = 10",
        "properties.n in (10, 11)",
        "properties.n + 1 = 11",
        "properties.b = true",
        "properties.b",
        "timestamp > properties.t",
        "timestamp = '2026-06-15 12:00:00'",
        "timestamp = '2026-06-15T14:00:00+02:00'",
        "timestamp between '2026-06-15' and '2026-06-16'",
        "toDate(timestamp) = '2026-06-15'",
        "timestamp in ('2026-06-15 12:00:00')",
        "uuid != '00000000-0000-0000-0000-000000000001'",
        "timestamp > '2026-06-15 12:00:00' - interval 1 day",
    ):
        if condition == "properties.b":
            continue
        assert value(f"select count() from events where {condition}", project) == 1, condition


def test_times_are_in_the_projects_zone(project):
    project.timezone, project.week_start_day = "America/New_York", 1
    add_events(ME, {"time": datetime(2026, 6, 15, 2, tzinfo=UTC)})
    (found,) = rows(
        "select timestamp, toDate(timestamp), toStartOfDay(timestamp), toStartOfWeek(timestamp),"
        " toDateTime('2026-01-01 00:00:00'), formatDateTime(timestamp, '%H'),"
        " timestamp < '2026-06-14 22:00:01', dateTrunc('week', timestamp) from events",
        project,
    )
    assert found == [
        "2026-06-14T22:00:00-04:00",
        "2026-06-14",
        "2026-06-14T00:00:00-04:00",
        "2026-06-08",
        "2026-01-01T00:00:00-05:00",
        "22",
        1,
        "2026-06-08",
    ]
    project.week_start_day = 0
    assert value("select toStartOfWeek(timestamp) from events", project) == "2026-06-14"


def test_casts_are_lenient(project):
    found = rows(
        "select toInt('x'), toInt('5'), toFloat('1.5'), toDate('x'), toDateTime('x'), toUUID('x'),"
        " toBool('x'), toDecimal('x', 2), '7'::int, try_cast('x' as float), cast(5 as string),"
        " toInt(toDateTime('1970-01-01 00:00:05')), 'x' || 1 || null",
        project,
    )
    assert found == [[None, 5, 1.5, None, None, None, None, None, 7, None, "5", 5, "x1"]]


def test_events_have_their_person_as_it_is_now(project):
    add_events(ME, {}, {"distinct_id": "nobody"})
    add_person(ME, "ada", properties={"email": "old"})
    add_person(ME, "ada", properties={"email": "ada@example.com"}, version=2)
    found = rows(
        "select distinct_id, person.properties.email, person.id = person_id, person.is_identified"
        " from events order by distinct_id",
        project,
    )
    assert found == [["ada", "ada@example.com", 1, True], ["nobody", None, 0, None]]


def test_moved_ids_are_looked_up_only_while_there_are_any(project):
    """The join, and reading all distinct ids for it, doubles what counting persons costs."""
    query = "select uniq(person_id), uniq(issue_id) from events"
    insert("issue_fingerprint_overrides", [{"team_id": OTHER, "fingerprint": "f", "version": 1}])
    link(OTHER, person_uuid(OTHER, "ada"), "bob", moved=True)
    assert "JOIN" not in run(query, project).sql

    link(ME, person_uuid(ME, "ada"), "bob", moved=True)
    assert run(query, project).sql.count("JOIN") == 1
    insert("issue_fingerprint_overrides", [{"team_id": ME, "fingerprint": "f", "version": 1}])
    assert run(query, project).sql.count("JOIN") == 2


def test_events_of_a_merged_person_follow_the_survivor(project):
    add_events(ME, {"distinct_id": "anon"}, {"distinct_id": "ada"})
    survivor = add_person(ME, "ada", properties={"email": "ada@example.com"})
    link(ME, survivor, "anon", version=2)
    assert rows("select uniq(person_id), uniq(event_person_id) from events", project) == [[1, 2]]
    query = "select count() from events where person.properties.email = 'ada@example.com'"
    assert value(query, project) == 2
    assert "JOIN" not in run("select count() from events", project).sql

    # A deleted link leaves the events with the person they came in with.
    link(ME, survivor, "anon", version=3, is_deleted=1)
    assert value("select uniq(person_id) from events", project) == 2


def test_split_off_events_go_where_their_distinct_id_leads(project):
    mate = add_person(ME, "ada", "mate")
    add_events(ME, {"distinct_id": "mate", "person_id": str(mate)})
    fresh = add_person(ME, "fresh", id=UUID(int=7))
    assert fresh != mate
    own = value("select any(person_id) from events", project)
    assert own == str(mate)
    link(ME, person_uuid(ME, "mate"), "mate", version=5, moved=True)
    assert value("select any(person_id) from events", project) == str(person_uuid(ME, "mate"))


def test_deleted_persons_are_gone(project):
    add_person(ME, "ada")
    assert value("select count() from persons", project) == 1
    add_person(ME, "ada", version=2, is_deleted=1)
    assert value("select count() from persons", project) == 0


def test_persons_have_their_distinct_ids(project):
    add_person(ME, "a", "b", properties={"x": 1})
    found = rows("select properties.x, pdi.distinct_id from persons order by 2", project)
    assert found == [["1", "a"], ["1", "b"]]
    found = rows(
        "select distinct_id, person.properties.x from person_distinct_ids order by 1", project
    )
    assert found == [["a", "1"], ["b", "1"]]


def test_events_have_their_groups_and_sessions(project):
    add_events(
        ME,
        {"group_0": "acme", "properties": {"$session_id": "s", "$current_url": "https://a.b/x"}},
        {"time": NOON + timedelta(minutes=1), "properties": {"$session_id": "s"}},
    )
    group = {"team_id": ME, "type_index": 0, "key": "acme", "properties": '{"plan": "pro"}'}
    insert("groups", [group | {"version": 1}])
    insert("groups", [group | {"type_index": 1, "properties": '{"plan": "no"}', "version": 1}])
    found = rows(
        "select $group_0, group_0.properties.plan, session.$session_duration,"
        " session.$entry_pathname from events order by timestamp",
        project,
    )
    assert found == [["acme", "pro", 60, "/x"], ["", None, 60, "/x"]]
    found = rows(
        "select session_id, $start_timestamp, $pageview_count, $num_uniq_urls from sessions",
        project,
    )
    assert found == [["s", "2026-06-15T12:00:00Z", 2, 1]]


def test_issue_follows_the_fingerprint(project):
    first, second = UUID(int=1), UUID(int=2)
    add_events(ME, {"issue_id": str(first), "fingerprint": "f"}, {"issue_id": None})
    assert rows("select issue_id from events order by 1", project) == [[str(first)], [None]]
    override = {"team_id": ME, "fingerprint": "f", "version": 1}
    insert("issue_fingerprint_overrides", [override | {"issue_id": str(second)}])
    insert("issue_fingerprint_overrides", [override | {"team_id": OTHER, "issue_id": str(first)}])
    assert rows("select issue_id from events order by 1", project) == [[str(second)], [None]]


def test_logs_and_app_metrics_are_tables(project):
    row = {"team_id": ME, "timestamp": timestamp(NOON), "retention_days": 36_500, "body": "b"}
    insert("logs", [row | {"severity_text": "info", "attributes": {"a.b": "c"}}])
    found = rows("select message, level, attributes.a.b, attributes['x'] from logs", project)
    assert found == [["b", "info", "c", None]]
    assert value("select sum(successes) from app_metrics", project) == 0


def test_strings_compare_the_same_by_the_quick_way_to_read_them(project):
    """A property is read as a string alone where it is compared with what only that can be."""
    values = ["Chrome", "", "5", 5, 5.0, True, "true", None, [1], ["Chrome"], {"a": 1}, "[1]", "-"]
    add_events(ME, *({"properties": {"a": value}} for value in values), {})
    texts = ["Chrome", "", "5", "5", "5", "true", "true", None, "[1]", '["Chrome"]', '{"a":1}']
    texts += ["[1]", "-", None]
    for constant in ("Chrome", "", "5", "true", "[1]", "-", "x", '{"a":1}', "null"):
        query = "select count() from events where properties.a {} {{value}}"
        found = value(query.format("="), project, values={"value": constant})
        assert found == texts.count(constant), constant
        others = len(texts) - found
        assert value(query.format("!="), project, values={"value": constant}) == others, constant
        listed = {"value": [constant, "Safari"]}
        assert value(query.format("in"), project, values=listed) == found, constant
        assert value(query.format("not in"), project, values=listed) == others, constant
    sql = run("select 1 from events where properties.a = 'Chrome'", project).sql
    assert sql.endswith("AS `$t1` WHERE equals(`$t1`.c2, {p0:String}) LIMIT 101")
    assert "`a`.:String AS c2" in sql


def test_lists_are_made_of_properties(project):
    add_events(ME, {"properties": {"items": ["a", "b"], "path": "x/y", "o": {"k": 1}}})
    found = rows(
        "select JSONExtractArrayRaw(properties.items), JSONExtract(properties.items,"
        " 'Array(String)'), splitByChar('/', properties.path), JSONExtractKeys(properties.o),"
        " JSONExtractArrayRaw(properties.missing) from events",
        project,
    )
    assert found == [[['"a"', '"b"'], ["a", "b"], ["x", "y"], ["k"], []]]
    assert rows("select groupArray(properties.missing) from events", project) == [[[]]]


def test_gaps_between_days_are_filled(project):
    add_events(ME, {}, {"time": NOON + timedelta(days=2)})
    query = (
        "select toDate(timestamp) as day, count() from events group by day order by day"
        " with fill from toDate('2026-06-14') to toDate('2026-06-18')"
    )
    assert rows(query, project) == [
        ["2026-06-14", 0],
        ["2026-06-15", 1],
        ["2026-06-16", 0],
        ["2026-06-17", 1],
    ]


def test_distinct_ids_link_events_and_persons(project):
    ada = add_person(ME, "ada", "anon", properties={"email": "ada@example.com"})
    add_events(ME, {"distinct_id": "anon"})
    assert rows(
        "select pdi.distinct_id, pdi.person_id, pdi.person.properties.email from events", project
    ) == [["anon", str(ada), "ada@example.com"]]


def test_log_entries_are_a_table(project):
    entry = {"team_id": ME, "timestamp": timestamp(NOON + timedelta(days=900)), "level": "info"}
    insert("log_entries", [entry | {"log_source_id": "d", "message": "sent"}])
    assert rows("select log_source_id, level, message from log_entries", project) == [
        ["d", "info", "sent"]
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("with 5 as n select n + 1", [[6]]),
        ("with x as (select 1 as a), y as (select a + 1 as b from x) select b from y", [[2]]),
        ("with x(a) as (select 1) select x.a from x", [[1]]),
        ("with x as (select 1 as a) select a from x union all select a + 1 from x", [[1], [2]]),
        ("select a, b from (select 1, 2) as t(a, b)", [[1, 2]]),
        ("select a.number from numbers(2) a join numbers(1, 2) b using number", [[1]]),
        ("select x from (select [1, 2] as l) array join l as x", [[1], [2]]),
        (
            "select number from numbers(4) where number in (select number from numbers(2))",
            [[0], [1]],
        ),
        (
            "select if(number > 0, 'b', 'a') as k from numbers(2) group by k order by k",
            [["a"], ["b"]],
        ),
        ("select number % 2 as k, count() from numbers(3) group by 1 order by 1", [[0, 2], [1, 1]]),
        ("select sum(number) filter (where number > 1) from numbers(4)", [[5]]),
        ("select number from numbers(3) order by number desc limit 1 offset 1", [[1]]),
        ("select number from numbers(6) order by number limit 1 by number % 2", [[0], [1]]),
        ("select max(number) over w from numbers(2) window w as (order by number)", [[0], [1]]),
        ("select number from numbers(3) qualify row_number() over (order by number) = 2", [[1]]),
        ("select arrayMap((x, i) -> x * i, [1, 2], [3, 4])", [[[3, 8]]]),
        ("select (1, 'a').2, [1, 2][2], tuple(3).1", [["a", 2, 3]]),
        ("select case 2 when 1 then 'a' when 2 then 'b' else 'c' end", [["b"]]),
        ("select exists (select 1), (select 5)", [[1, 5]]),
        ("select 'abc' =~* 'B', 'abc' !~ 'B', 'a' ?? 'b', null ?? 'b'", [[1, 1, "a", "b"]]),
        ("select 1 ? 2 : 3, 5 % 3, -(-2), 7 / 2", [[2, 2, 2, 3.5]]),
        ("select count(distinct number % 2) from numbers(5)", [[2]]),
        ("select * from (select 1 as a, 2 as b)", [[1, 2]]),
        ("select * exclude (a) from (select 1 as a, 2 as b)", [[2]]),
        ("select columns('^b') from (select 1 as a, 2 as b)", [[2]]),
        ("select t.* from (select 1 as a) t cross join (select 2 as b) u", [[1]]),
        ("select splitByChar(',', 'a,b')[1], 'a' in ['a'], 3 between 1 and 5", [["a", 1, 1]]),
        ("select json.a.1 from (select '{\"a\": [5]}' as json)", [["5"]]),
        ("select quantile(0.5)(number), topK(1)(number % 1) from numbers(3)", [[1.0, [0]]]),
        ("select 1 intersect select 1 except select 2", [[1]]),
        ("select `select`, `a``b` from (select 1 as `select`, 2 as `a``b`)", [[1, 2]]),
        (
            "select count() from numbers(3) a left any join numbers(2) b on a.number = b.number",
            [[3]],
        ),
        ("select arrayReduce('sum', [1, 2])", [[3]]),
        ("select number from numbers(2) order by number with fill from 0 to 3", [[0], [1], [2]]),
        ("select number from numbers(3) order by all desc limit 1", [[2]]),
        ("select number as all from numbers(3) order by all desc limit 1", [[2]]),
        ("select count(distinct number % 2, number % 3) from numbers(9)", [[6]]),
        ("select f'{number} of {count() over ()}' from numbers(2)", [["0 of 2"], ["1 of 2"]]),
        ("select array[1, 2], ARRAY[]", [[[1, 2], []]]),
        ("select number from numbers(5) order by number offset 1 limit 2", [[1], [2]]),
        ("select number from numbers(3) order by number limit 1, 1 by number % 1", [[1]]),
        ("select 1 as window, 2 as settings order by window, settings", [[1, 2]]),
        ("select 1 union select 1", [[1]]),
        ("select 3 between 1 and 2 + 2, not 5 between 1 and 4", [[1, 1]]),
        ("select dateAdd(day, 3, toDate('2026-01-30'))", [["2026-02-02"]]),
        ("select dateDiff(month, toDate('2026-01-30'), toDate('2026-03-01'))", [[2]]),
        (
            "select toDateTime('2026-06-15 12:00:00', 'America/New_York')",
            [["2026-06-15T16:00:00Z"]],
        ),
        (
            "select toDate('2026-06-15T23:30:00-05:00'), toDateTime('2026-02-30')",
            [["2026-06-16", None]],
        ),
        ("select bitmapToArray(bitmapBuild([1, 2])), CRC32('a')", [[[1, 2], 3904355907]]),
    ],
)
def test_query_gives(project, query, expected):
    assert rows(query, project) == expected


def test_values_fill_placeholders(project):
    moment = datetime(2026, 6, 15, 12, tzinfo=UTC)
    values = {
        "text": "it's {x}",
        "number": 5,
        "list": ["a", "b"],
        "none": None,
        "moment": moment,
        "day": date(2026, 1, 2),
        "id": UUID(int=3),
        "expr": parse_expr("1 + 1"),
        "nested": {"deep": "value"},
        "yes": True,
    }
    (found,) = rows(
        "select {text}, {number} + 1, 'a' in {list}, {none}, {moment}, {day}, {id}, {expr},"
        " {nested.deep}, {if(yes, number, none)}",
        project,
        values=values,
    )
    assert found == [
        *("it's {x}", 6, 1, None, "2026-06-15T12:00:00Z", "2026-01-02", str(UUID(int=3)), 2),
        *("value", 5),
    ]
    assert rows("select number from numbers(9) limit {n}", project, values={"n": 1}) == [[0]]
    query = "select * from {t}"
    assert rows(query, project, values={"t": parse_select("select 7")}) == [[7]]


def test_variables_fill_placeholders(project):
    assert value("select {variables.country}", project, variables={"country": "NL"}) == "NL"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select {x}", "Unresolved placeholder: {x}"),
        ("select {a.b}", "Unresolved placeholder: {a.b}"),
        ("select {variables.x}", "Unresolved placeholder: {x}"),
        ("select {filters.x}", "Unresolved placeholder: {filters.x}"),
        ("select 1 where {filters}", "{filters} needs a SELECT from one of"),
    ],
)
def test_unknown_placeholder_is_named(project, query, message):
    with pytest.raises(QueryError, match="^" + message.replace("{", r"\{").replace("}", r"\}")):
        run(query, project, values={"a": {}})


def test_filters_fill_placeholders(project):
    project.settings = {"test_account_filters": [{"key": "internal", "operator": "is_not_set"}]}
    add_person(ME, "ada", properties={"plan": "pro"})
    add_events(
        ME,
        {"properties": {"$browser": "Chrome"}},
        {"properties": {"$browser": "Chrome", "internal": True}},
        {"properties": {"$browser": "Safari"}},
        {"properties": {"$browser": "Chrome"}, "time": NOON - timedelta(days=9)},
        {"properties": {"$browser": "Chrome"}, "distinct_id": "bob"},
    )

    def count(query="select count() from events where {filters}", **filters):
        return value(query, project, filters=filters, now=NOON + timedelta(hours=1))

    browser = {"key": "$browser", "value": "Chrome"}
    plan = {"key": "plan", "type": "person", "value": "pro"}
    assert count() == 5
    assert count(dateRange={"date_from": "-7d"}) == 4
    assert count(dateRange={"date_to": "-7d"}) == 1
    assert count(properties=[browser]) == 4
    assert count(properties=[browser, plan]) == 3
    assert count(properties=[browser], filterTestAccounts=True) == 3
    assert count(properties={"type": "OR", "values": [browser, plan]}) == 5
    joined = "select count() from events e join persons p on p.id = e.person_id where {filters}"
    assert count(joined, properties=[browser]) == 3
    within = "select count() from (select 1 from events where {filters} and event != 'x')"
    assert count(within, properties=[browser]) == 4
    assert count("select count() from persons where {filters}", properties=[plan]) == 1
    since = "select count() from events where timestamp >= {filters.dateRange.from}"
    assert count(since, dateRange={"date_from": "2026-06-14"}) == 4


def test_cohorts_are_what_the_caller_says(project):
    ada = add_person(ME, "ada")
    add_person(ME, "bob")
    add_events(ME, {"distinct_id": "ada"}, {"distinct_id": "bob"})

    def cohorts(cohort):
        if cohort == 5:
            return ast.Array([ast.Constant(ada)])
        if cohort == "beta":
            return parse_select("select person_id from person_distinct_ids where distinct_id='bob'")
        raise QueryError(f"No cohort {cohort}")

    query = "select distinct_id from events where person_id {} order by 1"
    for condition, expected in {
        "in cohort 5": [["ada"]],
        "not in cohort 5": [["bob"]],
        "in cohort 'beta'": [["bob"]],
    }.items():
        assert rows(query.format(condition), project, cohorts=cohorts) == expected
    with pytest.raises(QueryError, match="No cohort 6"):
        run(query.format("in cohort 6"), project, cohorts=cohorts)
    with pytest.raises(QueryError, match="Cohort 5 does not exist"):
        run(query.format("in cohort 5"), project)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select * from nope", "Unknown table `nope`."),
        ("select * from event", "Unknown table `event`. Did you mean: events?"),
        (
            "select person.propertis.x from events",
            "Unable to resolve field: person.propertis.x. Did you mean: person.properties?",
        ),
        ("select count(1, 2)", "Function 'count' expects at most 1 argument, found 2"),
        ("select a from events pivot (sum(a) for b in (1))", "PIVOT is not supported"),
        ("select * from system.tables", "Unknown table `system.tables`."),
        ("select nope from events", "Unable to resolve field: nope. Tables referenced: events."),
        (
            "select timestam from events",
            "Unable to resolve field: timestam. Did you mean: timestamp? Tables referenced: events",
        ),
        ("select e.nope from events e", "Unable to resolve field: e.nope. Tables referenced: e."),
        ("select event.x.y from persons", "Unable to resolve field: event.x.y. Tables"),
        ("select nope()", "Unsupported function call 'nope(...)'."),
        (
            "select uniqq(1)",
            "Unsupported function call 'uniqq(...)'. Perhaps you meant 'uniq(...)'?",
        ),
        ("select round()", "Function 'round' expects at least 1 argument, found 0"),
        ("select abs(1, 2)", "Function 'abs' expects 1 argument, found 2"),
        ("select quantile(1, 2)(3)", "Aggregation 'quantile' expects at most 1 parameter, found 2"),
        ("select [1][0]", "SQL indexes start from one, not from zero. E.g: array[1]"),
        ("select id from persons p join persons q on p.id = q.id", "Ambiguous query."),
        (
            "select 1 from events e join persons e on 1 = 1",
            'Already have joined a table called "e"',
        ),
        ("select 1 as a, 2 as a", "Cannot redefine an alias with the name: a"),
        ("select 1 union all select 1, 2", "All parts of a UNION ALL need the same number"),
        ("select lower(distinct 'A')", "DISTINCT is for aggregations"),
        ("select event from events where timestamp > 'soon'", "'soon' is compared with a time"),
        ("select 1 limit -1", "LIMIT and OFFSET expect whole numbers from 0"),
        ("select 1 limit 1.5", "LIMIT and OFFSET expect whole numbers from 0"),
        ("select 1 as `100%`", 'The name "100%" is not permitted'),
        ("select * from url('x')", "Unknown table function `url`."),
        ("select * from numbers(-1)", "numbers() counts from 0"),
        ("select * from numbers('x')", "numbers() expects one or two whole numbers"),
        ("select cast(1 as blob)", "Unsupported type in a cast: blob"),
        ("select arrayReduce('sleep', [1])", "arrayReduce expects the name of an aggregation"),
        ("select row_number() over w", "There is no window called w."),
        ("select lower('x') over ()", "lower can't be used with OVER."),
    ],
)
def test_mistake_is_a_400_that_says_what_to_change(project, query, message):
    with pytest.raises(QueryError) as caught:
        run(query, project)
    assert str(caught.value).startswith(message)
    assert caught.value.status_code == 400


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("select lower([1]) from events", "illegal_type_of_argument"),
        ("select event from events group by distinct_id", "not_an_aggregate"),
        ("select event from events where count() > 1", "illegal_aggregation"),
        ("select intDiv(1, 0)", "illegal_division"),
        ("select match('a', '(')", "cannot_compile_regexp"),
        (
            "select countMatches(concat(repeat('a', 9999), 'aa'), 'a*?b|a')",
            "function_throw_if_value_is_non_zero",
        ),
        ("select toTimeZone(now(), 'Mars')", "bad_arguments"),
        ("select throwIf(1)", None),
    ],
)
def test_what_clickhouse_refuses_is_the_authors_to_mend(project, query, code):
    add_events(ME, {})
    with pytest.raises(QueryError) as caught:
        run(query, project)
    text = str(caught.value)
    assert caught.value.status_code == 400
    assert code in (None, caught.value.get_codes()[0])
    assert not any(
        word in text for word in ("$own", "DB::Exception", "In scope", "SELECT", "team_")
    )


def test_what_clickhouse_says_of_columns_is_said_of_fields(project):
    with pytest.raises(QueryError, match="^Column 'e.properties.plan' is not under aggregate"):
        run("select e.properties.plan, count() from events e group by e.event", project)


def test_slow_query_is_stopped(project):
    query = "select count() from numbers(10000000) a cross join numbers(10000000) b"
    with pytest.raises(QueryTimeout) as caught:
        run(query, project, seconds=1)
    assert caught.value.status_code == 504
    assert "after 1 seconds" in str(caught.value)


def test_query_is_cancelled_by_its_id_and_project(project):
    caught = []

    def slow():
        query = "select count() from numbers(10000000) a cross join numbers(10000000) b"
        try:
            run(query, project, query_id="mine", seconds=20)
        except APIException as error:
            caught.append(error)

    thread = Thread(target=slow)
    thread.start()
    while not clickhouse.rows("SELECT 1 FROM system.processes WHERE query LIKE '%cross%' LIMIT 1"):
        if not thread.is_alive():
            break
    cancel("mine", Project(id=OTHER))
    thread.join(0.3)
    assert thread.is_alive()
    while thread.is_alive():
        cancel("mine", project)
        thread.join(0.2)
    assert caught[0].get_codes() == ["query_cancelled"]
