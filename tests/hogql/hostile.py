"""Queries that reach for what isn't theirs, or for more than their share."""
# ruff: noqa: E501

OTHER_PROJECTS_ROWS = """
select * from events
select team_id, properties from events
select * from events where team_id = 2
select * from events where team_id != 1 or 1 = 1
select * from events where 1 = 1 or team_id = 2
select * from events where true or false
select * from events where not (team_id = 1)
select * from events where team_id in (1, 2)
select * from events where (select 1)
select 1 as team_id, * from events where team_id = 2
select 2 as team_id, event from events
select event from (select 2 as team_id, event from events) where team_id = 2
select e.event from events e where e.team_id = 2 or 1
select `team_id`, `properties` from `events`
select "properties" from "events" where "team_id" = 2
select * from events as `events where 1 or team_id`
select event as `team_id = 2 or 1` from events
select event as `a`, 1 as `b` from events as `x`) --`
select event from events -- where team_id = 1
select event from events /* where team_id = 1 */ where 1
select event /* from persons */ from events # comment
select * from events e join events f on 1 = 1
select f.* from events e left join events f on e.team_id != f.team_id
select f.* from events e right join events f on 1 = 0
select f.* from events e full join events f on 1 = 0
select f.* from events e cross join events f
select f.* from events e, events f where f.team_id = 2
select f.* from events e any left join events f on 1 = 1
select f.* from events e left join events f using (event)
select p.* from events e join persons p on p.team_id = 2
select p.* from persons p
select p.properties from persons p where p.team_id = 2 or p.id is not null
select * from person_distinct_ids
select * from groups
select * from sessions
select * from logs
select * from app_metrics
select person.properties from events
select person.properties.secret, person_id from events
select person.properties.secret from events where person.properties.secret like '%S%'
select pdi.distinct_id, id from persons
select pdi.person.properties from persons
select person.properties from person_distinct_ids
select session.$entry_current_url, session.$urls from events
select group_0.properties, group_0.properties.secret from events
select issue_id, event_issue_id from events
select * from (select * from events)
select * from (select * from (select * from events where team_id = 2))
select * from (select properties from events) where 1
select (select groupArray(properties) from events)
select (select any(properties) from events where team_id = 2)
select event from events where event in (select event from events where team_id = 2)
select event from events where (event, 2) in (select event, team_id from events)
select exists (select 1 from events where team_id = 2)
select properties from events where exists (select 1 from events)
with x as (select * from events) select * from x
with events as (select * from events) select * from events
with events as (select 2 as team_id) select * from events
with persons as (select * from events) select * from persons
with x as (select * from events), y as (select * from x) select * from y join x on 1 = 1
with (select groupArray(properties) from events) as all select all
with 2 as team_id select * from events where team_id = 2
with team_id as t select properties from events where t = 2
with x as (select 1) select * from events union all select * from events
select properties from events union all select properties from persons
select properties from events union distinct select properties from events where team_id = 2
select properties from events intersect select properties from events
select properties from events except select properties from events where team_id = 1
(select properties from events) union all (select properties from events where team_id = 2)
select properties from events limit 1000 offset 0
select properties from events order by team_id desc
select properties from events group by properties, team_id having team_id = 2 or 1
select properties, count() over (partition by team_id) from events
select groupArray(properties) over () from events
select groupUniqArray(team_id), groupUniqArray(properties) from events
select argMax(properties, team_id) from events
select max(team_id), any(properties) from events
select anyIf(properties, team_id = 2) from events
select groupArrayIf(properties, team_id != 1) from events
select groupArray(properties) filter (where team_id = 2) from events
select lag(properties) over (order by team_id) from events
select first_value(properties) over (order by team_id desc) from events
select arrayMap(x -> properties, [1]) from events
select arrayMap(team_id -> properties, [2]) from events
select arrayFilter(x -> x.2 = 2, groupArray((properties, team_id))) from events
select properties from events array join [1, 2] as team_id
select properties from events array join [2] as t where t = team_id or 1
select x.properties from (select properties, team_id from events) x where x.team_id = 2
select e.person.team_id, e.person.properties from events e
select event from events where person.team_id = 2
select properties from events prewhere team_id = 2
select properties from events final
select properties from events sample 1
select properties from events qualify row_number() over (order by team_id) > 0
select distinct properties from events limit 1 by team_id
select * exclude (event) from events
select columns('.*') from events
select `$own`.team_id, `$own`.properties from events
select `$t1`.properties from events
select `$t1`.team_id from events `$t1`
select e.* from events as `$own` join events e on 1 = 1
select c1, c2 from events
select properties_json from events
select person_properties from events
select {x} from events
select * from events where {filters}
select `{project_id:Int64}` from events
select 1 as `{project_id:Int64}`, properties from events
select '{project_id:Int64}', properties from events where team_id = 2
select properties from events where 'a' = 'a\\' or 1 = 1 -- '
select properties from events where event = 'x\\'') or 1 = 1 -- '
select properties from events where event != 'x'') or team_id = 2 or (1 = 1'
select properties.`x') or 1 = 1 --` from events
select properties.`a``b` from events
select properties.`a\\\\` from events where 1 = 1
select properties.`{t}` from events
select properties.`{t}.properties_json) from events --` from events
select properties[`x`] from events
select properties['x\\') from events --'] from events
select properties.`x`.`y') ` from events
select toString(team_id = 2) from events
select if(team_id = 1, properties, properties) from events
select properties from events where team_id = toInt('2')
select properties from events where team_id + 1 = 3
select properties from events where null
select properties from events where isNull(null)
select numbers.number, events.properties from numbers(3) numbers left join events on 1 = 1
select f'{properties}' from events
select f'{team_id = 2 or 1}\' or 1 = 1 -- {properties}' from events
select f'{(select any(properties) from events)}'
select f'{f'{properties} {person.properties}'}' from events where f'{team_id}' = '2'
select properties from events order by all
select properties, team_id from events order by all desc
select pdi.distinct_id, pdi.person.properties, pdi.team_id from events
select pdi.person.pdi.person.properties from events
select e.pdi.person.properties.secret from events e where e.pdi.team_id = 2 or 1
select * from log_entries
select message from log_entries where team_id = 2 or log_source_id != ''
select person.pdi.person.properties from events
select session.distinct_id, session.team_id from events where session.team_id = 2 or 1
select group_0.team_id, group_0.properties from events where group_0.team_id = 2
select group_4.properties from events
select properties from events union select properties from events where team_id = 2
select properties from events e global join persons p on 1 = 1
select `events`(1)
select "count"(*) from events
select team_id as team from events where team = 2
select count(distinct properties, team_id) from events
select dateAdd(day, 1, timestamp), properties from events where dateAdd(day, 1, timestamp) > '1970-01-02'
select properties from events offset 0 limit 10
select properties from events where order = order
select properties from events e where e.team_id in (select team_id from events)
select properties from events where team_id in (select number from numbers(5))
select properties from events where team_id = (select max(team_id) from events)
select e.properties from numbers(5) n join events e on e.team_id = n.number
select e.properties from (select 2 as team_id) t join events e on e.team_id = t.team_id
select e.properties from (select 2 as team_id) t left join events e using team_id
select e.properties from (select 2 as team_id) t asof join events e on e.team_id = t.team_id and 1 < 2
select properties from events semi left join persons on 1 = 1
select properties from events anti left join persons on persons.team_id = 9
select arrayJoin([(select groupArray(properties) from events)])
select arrayMap((team_id, x) -> x, [2], [properties]) from events
select arrayFilter(team_id -> team_id = 2, [team_id]) from events
select multiIf(team_id = 1, properties, team_id = 2, properties, '') from events
select transform(team_id, [1, 2], [properties, properties], '') from events
select map(toString(team_id), properties) from events
select tuple(*) from events
select uuid, properties from events where issue_id is not null or team_id = 2
select groupArray(tuple(team_id, properties)) over (partition by 1) from events
select any(properties) over w from events window w as (order by team_id desc)
select properties from events group by grouping sets ((properties, team_id), (properties))
select lagInFrame(properties, 1) over (order by team_id rows between unbounded preceding and unbounded following) from events
""".strip().splitlines()

REFUSED = """
select * from system.tables
select * from system.query_log
select * from `system`.`users`
select * from `system.users`
select * from "system.processes"
select * from default.events
select * from information_schema.tables
select * from INFORMATION_SCHEMA.COLUMNS
select * from schema_files
select * from distinct_id_overrides
select * from issue_fingerprint_overrides
select * from `events\\`; drop table events`
select * from url('http://169.254.169.254/latest/meta-data', 'RawBLOB')
select * from file('/etc/passwd', 'LineAsString')
select * from s3('https://x', 'CSV')
select * from remote('127.0.0.1', 'system.users')
select * from remoteSecure('127.0.0.1', 'default.events')
select * from cluster('default', 'default.events')
select * from clusterAllReplicas('default', 'system.query_log')
select * from mysql('h', 'd', 't', 'u', 'p')
select * from postgresql('h', 'd', 't', 'u', 'p')
select * from sqlite('/data/db.sqlite3', 'auth_user')
select * from jdbc('x', 'y')
select * from odbc('x', 'y')
select * from hdfs('hdfs://x')
select * from executable('id', 'TSV', 'x String')
select * from merge('default', '.*')
select * from merge('.*')
select * from view(select * from events)
select * from viewExplain('EXPLAIN', '', (select 1))
select * from input('x String')
select * from generateRandom('a String')
select * from zeros(10)
select * from null('x Int')
select * from dictionary('x')
select * from format('JSON', '{}')
select * from values('a String', 'b')
select * from loop(events)
select * from mergeTreeIndex('default', 'events')
select * from python('x')
select file('/etc/passwd')
select url('http://localhost')
select sleep(3)
select sleepEachRow(3)
select dictGet('d', 'a', 1)
select dictGetOrDefault('d', 'a', 1, 2)
select joinGet('t', 'a', 1)
select currentUser()
select user()
select currentDatabase()
select currentQueryID()
select hostName()
select fqdn()
select version()
select uptime()
select serverUUID()
select tcpPort()
select getSetting('max_memory_usage')
select getMacro('x')
select getServerSetting('x')
select getOSKernelVersion()
select filesystemAvailable()
select showCertificate()
select hasColumnInTable('default', 'events', 'x')
select addressToLine(1)
select demangle('x')
select evalMLMethod(1, 2)
select catboostEvaluate('x', 1)
select initializeAggregation('uniqState', 1)
select finalizeAggregation(1)
select uniqState(1)
select sumMerge(1)
select aggThrow(0.1)(1)
select logTrace('x')
select connectionId()
select getSubcolumn(properties, 'x') from events
select partitionId(1)
select formatQuery('select 1')
select executeInternal('x')
select aiGenerate('x', 'y')
select arrayReduce('aggThrow', [1])
select arrayReduce(concat('su', 'm'), [1])
select editDistance(repeat('a', 100000), repeat('b', 100000))
select levenshteinDistance('a', 'b')
select levenshteinDistance(repeat('a', 10000), repeat('b', 1000000))
select randomString(1000000000)
select fuzzBits('a', 0.1)
select ngrams('a', 1)
select repeat('a', 1000000)
select space(1000000000)
select leftPad('a', 1000000000, 'b')
select nothing(1)
insert into events select * from events
insert into function url('http://x') select * from events
create table x (a Int8) engine = Memory
drop table events
alter table events delete where 1
truncate table events
optimize table events
rename table events to x
attach table x
detach table events
grant all on *.* to me
kill query where 1
system shutdown
system flush logs
set max_memory_usage = 0
use system
show tables
describe events
explain select 1
exists table events
select 1; drop table events
select 1; select * from events
select 1 settings readonly = 0
select 1 settings max_execution_time = 0
select * from events settings additional_table_filters = {}
select 1 format Null
select 1 into outfile '/tmp/x'
select * from (select 1 settings readonly = 0)
with recursive x as (select 1 union all select 1 from x) select * from x
select 1 from events e join persons on 1 = 1 settings x = 1
select * from events, system.users
select 1 as `a%b`
select `%` from events
select event as `x%s` from events
select * from numbers(100000000000)
select * from numbers(1, 100000000000)
select * from numbers((select 5))
select * from numbers(now())
select 1 limit 1e9
select 1 limit -5
select 1 limit (select 5)
select nope.events.event from events
select event.team_id from events
select override.person_id from events
select issue_override.issue_id from events
select person.nope from events
select person.is_deleted from events
select is_deleted, version from persons
select * from person_distinct_id_overrides
select * from schema_files
select * from outbox
select * from clickhouse_outboxblock
select * from `events` `e`, `default`.`persons`
select pdi.is_deleted from events
select pdi.override.person_id from events
select session.person_properties from events
select person_created_at from events
select f'{sleep(3)}'
select f'{currentUser()}'
select f'{getSetting('max_threads')}'
select f'a' from system.one
select "currentUser"()
select `url`('http://x')
select * from "url"('http://x')
select * from `file`('/etc/passwd')
select * from (values (1, 2)) as t
select * from events pivot (any(properties) for team_id in (1, 2))
select dictGetOrNull('d', 'a', 1)
select dictHas('d', 1)
select joinGetOrNull('t', 'a', 1)
select structureToProtobufSchema('a')
select throwIf(0)
select nonexistent_table.x from nonexistent_table
select materialize(currentUser())
select identity(version())
select arrayMap(x -> sleep(x), [1])
select sumIf(1, sleep(1))
select if(1, hostName(), 1)
select lambda x: sleep(x)
select toTypeName(getMacro('x'))
select {currentUser()}
select rowPolicies()
select currentRoles()
select currentProfiles()
select getClientHTTPHeader('x')
select displayName()
select transactionID()
select zookeeperSessionUptime()
select getOSKernelVersion() from events
select lowCardinalityIndices(event) from events
select defaultRoles()
select tcpPort() + 1
select globalVariable('x')
select blockNumber() from events
select blockSerializedSize(1)
select byteSize(1)
select replicate(1, [1])
select runningAccumulate(1)
select runningDifference(1)
select estimateCompressionRatio('x')
select mapFromString('x')
select reverseDNSQuery('127.0.0.1')
select seriesOutliersDetectTukey([1])
select keccak256('a')
select encrypt('aes-256-ofb', 'a', 'b')
select decrypt('aes-256-ofb', 'a', 'b')
select e.team_id from events as e join events as e on 1 = 1
""".strip().splitlines()


def nested(times: int, inner: str, form: str) -> str:
    for _ in range(times):
        inner = form.format(inner)
    return inner


BOMBS = [
    "select " + nested(55, "event", "({}" + "+1" * 115 + ")") + " from events",
    "select " + nested(55, "event", "({}" + "[1]" * 115 + ")") + " from events",
    "select " + nested(50, "1", "({}" + "::int" * 115 + ")"),
    "select " + nested(55, "event", "f({}" + "::text" * 110 + ")") + " from events",
    "select " + nested(55, "1", "({} between 0 and 5)"),
    "select " + nested(40, "1", "equals({}, 1)"),
    "select " + nested(28, "1", "(select {})"),
    "select * from " + nested(28, "events", "(select * from {})"),
    "select " + nested(25, "x", "arrayMap(x -> {}, [1])"),
    nested(25, "select 1", "({}) union all select 1"),
    "with c0 as (select 1 as a), "
    + ", ".join(f"c{n} as (select a from c{n - 1})" for n in range(1, 150))
    + " select * from c149",
    "with 1 as c0, " + ", ".join(f"c{n - 1} + 1 as c{n}" for n in range(1, 150)) + " select c149",
    "select " + "(" * 49_000 + "1" + ")" * 49_000,
    "select " + "(" * 99_000,
    "select " + "(select " * 8 + "1" + ")" * 8,
    "select " + "(select " * 30 + "1" + ")" * 30,
    "select " + "(select (" * 12 + "1" + "))" * 12,
    "select f(" + ", ".join(["a"] * 30_000) + ")",
    "select f(" + ", ".join(["a"] * 15_000) + " -> 1)",
    "select " + "f'{" * 2000 + "1" + "}'" * 2000,
    "select f'" + "{1}" * 20_000 + "'",
    "select f'" + "{" * 40_000,
    "select " + "a." * 40_000 + "b",
    "select " + "'a' || " * 12_000 + "'b'",
    "select " + " and ".join(["1"] * 12_000),
    "select " + "-" * 2_000 + "1",
    "select " + "/*" * 40_000,
    "select '" + "\\'" * 40_000,
    "select " + "`a" * 40_000,
    "select 1 -- " + "x" * 99_000,
    "select " + "1 " * 49_000,
    "select " + "interval " * 10_000,
    "select range(1000000000)",
    "select arrayMap(x -> repeat('a', 10000), range(1000000))",
    "select groupArray(a.number || toString(b.number)) from numbers(10000000) a"
    " cross join numbers(10000000) b",
    "select groupUniqArray(a.number * b.number) from numbers(10000000) a cross join numbers(1000) b",
    "select arrayShuffle(range(10000000)), arraySort(range(10000000))",
    "select bitmapBuild(range(toUInt64(100000000)))",
    "select arrayAUC(range(10000000), range(10000000))",
    "select arrayRandomSample(range(10000000), 10000000)",
    "select regexpQuoteMeta(repeat('.', 10000)) from numbers(1000000) order by 1 limit 1",
    "select intExp2(number), intExp10(number) from numbers(10000000) order by 1 limit 1",
    "select number from numbers(3) order by number with fill from 0 to 10000000000 step 1 limit 1 by number",
    "with recursive x as (select 1 as a union all select a + 1 from x) select * from x",
    "select " + "case when " * 50 + "1" + " then 1 end" * 50,
    "select 1 where " + "1 in (" * 40 + "1" + ")" * 40,
    "select " + "exists (select " * 20 + "1" + ")" * 20,
    "select " + "if(1, " * 50 + "1" + ", 2)" * 50,
    "select arrayMap(a -> " * 20 + "1" + ", [1])" * 20,
    "select * from numbers(9999999) a join numbers(9999999) b on a.number != b.number",
    "select max(length(arrayStringConcat(groupArray(repeat('x', 9999))))) from numbers(1000000)",
    "select formatDateTime(now(), repeat('%Y', 5000)) from numbers(1000000) order by 1 limit 1",
    "select extractAllGroupsVertical(repeat('ab', 5000), '(a)(b)') from numbers(20000)",
    "select match(repeat('a', 10000), '(.*)*(.*)*(.*)*[^a]$') from numbers(10000)",
    "select like(repeat('a', 10000), repeat('%a', 4000)) from numbers(10000)",
    "select tokens(repeat('a ', 5000)) from numbers(1000000) order by 1 limit 1",
    "select sumMap(map(number, number)) from numbers(10000000)",
    "select topKWeighted(1000000000)(number, number) from numbers(10)",
    "select groupArraySorted(1000000000)(number) from numbers(10)",
    "select groupArraySample(1000000000)(number) from numbers(10000000)",
    "select quantileExact(number) from (select a.number from numbers(10000000) a, numbers(9) b)",
    "select sequenceCount('(?1)(?2).*(?1)(?2).*(?3)')(toDateTime(number), number % 2, 1, 0)"
    " from numbers(1000000)",
    "select retention(number = 1, number = 2) from numbers(10000000)",
    "select sparkbar(1000000000)(number, number) from numbers(10)",
    "select histogram(1000000000)(number) from numbers(1000000)",
    "select count() from numbers(10000000) a, numbers(10000000) b",
    "select count() from numbers(9999999) a join numbers(9999999) b on a.number % 2 = b.number % 2",
    "select groupArray(a.number) from numbers(10000000) a, numbers(10000000) b",
    "select uniqExact(a.number, b.number) from numbers(10000000) a, numbers(10000000) b",
    "select a.number, count() from numbers(9999999) a, numbers(99) b group by a.number, b.number",
    "select a.number from numbers(10000000) a, numbers(1000) b order by sipHash64(a.number)",
    "select sum(length(repeat('a', 10000))) from numbers(10000000)",
    "select repeat(repeat('a', 10000), 10000)",
    "select range(10000000), range(10000000), range(10000000)",
    "select sum(length(range(number))) from numbers(10000000)",
    "select arrayMap(x -> arrayMap(y -> arrayMap(z -> z, range(9999)), range(9999)), range(9999))",
    "select arrayFold((a, x) -> arrayConcat(a, a), range(64), [1])",
    "select arrayFold((a, x) -> concat(a, a), range(64), 'a')",
    "select arrayWithConstant(1000000000, 'x')",
    "select arrayResize([1], 1000000000, 'x')",
    "select sum(length(leftPad('a', number, 'b'))) from numbers(10000000)",
    "select arrayJoin(range(9999)) as a, arrayJoin(range(9999)) as b, arrayJoin(range(9999)) as c",
    "select groupArrayInsertAt('x', 4000000000)(1, number) from numbers(10)",
    "select topK(1000000000)(number) from numbers(10)",
    "select quantiles(0.1, 0.2)(number) from numbers(10000000) a, numbers(10000000) b",
    "select match(repeat('a', 10000), '(a*)*(a*)*(a*)*b') from numbers(1000)",
    "select match('x', '((a{1,100}){1,100}){1,100}')",
    "select match('x', 'a{1000}{1000}')",
    "select extractAll(repeat('a', 10000), 'a')",
    "select replaceRegexpAll(repeat('a', 10000), '(a*)*b', 'x') from numbers(1000)",
    "select multiMatchAny(repeat('a', 10000), ['(a.*){10}b', '(.*a){20}'])",
    "select countMatches(repeat('a', 9000), 'a*?b|a')",
    "select countMatches(repeat('a', 4900), 'a*?b|a')",
    "select sum(countMatches(repeat('a', 4900 + number % 7), 'a*?b|a')) from numbers(1000000)",
    "select sum(length(extractAll(repeat('a', 4900 + number % 99), 'a*?b|a'))) from numbers(1000)",
    "select sum(length(replaceRegexpAll(repeat('a', number), '(aa)*b|a', ''))) from numbers(4999)",
    "select sum(length(splitByRegexp('a{2,}?b|a', repeat('a', number)))) from numbers(4999)",
    "select countMatches(arrayStringConcat(arrayMap(x -> 'aaaaaaaaaa', range(100000))), 'a*?b|a')",
    "select replaceAll(repeat('a', 10000), 'a', repeat('b', 10000))",
    "select position(repeat('a', 10000), repeat('a', 5000) || 'b') from numbers(100000)",
    "select arrayStringConcat(arrayMap(x -> repeat('a', 100000), range(100000)))",
    "select pow(10, 1000000), factorial(1000), exp(1e308)",
    "select windowFunnel(1)(toDateTime(number), 1, 1, 1) from numbers(10000000)",
    "select sequenceMatch('(?1).*(?1).*(?1).*(?2)')(toDateTime(number), number % 2, number % 3)"
    " from numbers(1000000)",
    "select count() over (order by number rows between unbounded preceding and current row)"
    " from numbers(10000000) limit 1",
    "select max(number) over (order by number range between 1000000 preceding and current row)"
    " from numbers(5000000) limit 1",
    "select number from numbers(3) order by number with fill from 0 to 1000000000000 limit 10",
    "select toDecimal('9' || repeat('9', 1000), 2), toInt(repeat('9', 100000))",
    "with repeat('a', 10000) as a, a || a as b, b || b as c, c || c as d, d || d as e"
    " select length(e || e)",
    "with "
    + ", ".join(
        ["x0 as (select 1 as a)"]
        + [f"x{n} as (select l.a from x{n - 1} l, x{n - 1} r)" for n in range(1, 40)]
    )
    + " select count() from x39",
    "with 1 as v0, "
    + ", ".join(f"v{n - 1} + v{n - 1} as v{n}" for n in range(1, 60))
    + " select v59",
    "select " + "(" * 3000 + "1" + ")" * 3000,
    "select " + "+".join(["1"] * 20_000),
    "select " + "[" * 3000 + "]" * 3000,
    "select " + "not " * 5000 + "1",
    "select " + " or ".join(["event = 'x'"] * 4000) + " from events",
    "select " + ", ".join(["1"] * 30_000),
    "select 1 where 1 in (" + ", ".join(map(str, range(18_000))) + ")",
    "select * from " + "(select * from " * 200 + "events" + ")" * 200,
    " union all ".join(["select 1"] * 6000),
    "select 1 from events" + " join events on 1 = 1" * 50,
    "select 1 from events e0" + "".join(f" join events e{n} on 1 = 1" for n in range(1, 60)),
    "select case " + "when 1 then 2 " * 5000 + "end",
    "select " + "f(" * 300 + ")" * 300,
    "select '" + "a" * 200_000 + "'",
    "select 1 as `" + "a" * 5000 + "`",
    "select `" + "a" * 5000 + "` from events",
    "select " + "a." * 3000 + "b from events",
    "select properties" + ".a" * 3000 + " from events",
    "select properties" + "['a']" * 3000 + " from events",
    "select " + "a" * 10_000 + "(1)",
    "select " + "sum" + "If" * 1000 + "(1, 1)",
    "select x -> " * 500 + "1",
]
