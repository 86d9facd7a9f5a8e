"""Queries as users write them, for tests that hold for every query."""
# ruff: noqa: E501

EXPRESSIONS = """
1
-1
- 1
0x1F
0b11
.5
1.5e10
true
NULL
inf
-inf
'it''s \\' \\n'
"double quoted"
`a b`
`a``b`
a.b.c
a.1
a.1.2
a.b.1.c
a[1].2
properties.$browser
properties.`x y`
properties['x y']
properties."x"
x?.y
x?.[1]
a.select
a + b * c - d / e % f
-a * b
-a.b
a - -1
a || b || c
a || b + c
a * b || c
not a = b
not a and b
not not a
not -a
a and b and c
(a and b) and c
a and (b or c)
a or b and c
a = 1 and b between 1 and 2 and c
a not between 1 and 2
not a between 1 and 2
a is null
a is not null
a is null = b
a is distinct from b
a is not distinct from b
a <=> b
a == b == c
a <> b
a < b
a >= b
a like 'b%'
a not ilike 'b'
a =~ 'b'
a !~ 'b'
a =~* 'b'
a !~* 'b'
a ~ 'b'
a in (1, 2)
a in (1)
a in [1, 2]
a not in ('x')
a in (select 1)
a in cohort 5
a not in cohort 'name'
a in cohort (5)
a ?? b
a ?? b = c
a ?? b and c
a ? b : c
a ? b : c ? d : e
a and b ? c : d
a as b
a + b as c
a as 'b'
case when a then b end
case when a then b when c then d else e end
case a when 1 then b else c end
interval 3 day
interval '1 day'
interval '2 hours'
interval a + 1 day
interval 1 day + a
a + interval 1 week
cast(a as int)
cast(a as Nullable(Int64))
cast(a as decimal(10, 2))
cast(a as double precision)
try_cast(a as float)
a::int
-x::int
-1::int
a::int::float
f()
f(a, b)
f(a,)
f(distinct a)
f(a)(b)
f()()
f(a)(distinct b)
count(*)
count(e.*)
count() filter (where a)
quantile(0.95)(a)
arrayMap(x -> x + 1, [1, 2])
arrayMap((x, y) -> x + y, a, b)
arrayMap(x, y -> x + y, a, b)
x -> x and y
(x) -> x
lambda x, y: x + y
f(x -> x -> y)
(1, 2)
(1,)
(1, 2,)
[1, 2]
[]
[1,]
((a))
(a, (b))
(a as b, c)
tuple(1, 2).1
(1, 2).1
[a, b][1]
'a'.b
trim(a)
trim(both 'x' from a)
trim(leading 'x' from a)
if(a, b, c)
left(a, 1)
replace(a, b, c)
date(a)
timestamp
interval
day
{a}
{a.b.c}
{if(a, 1, 2)}
(select 1)
(select 1) + 1
exists (select 1)
not exists (select 1)
*
a.*
* exclude (a, b)
columns('a.*')
sum(x) over ()
sum(x) over w
sum(x) over (partition by a, b order by c desc)
sum(x) over (rows unbounded preceding)
sum(x) over (range between current row and unbounded following)
a -- comment
/* comment */ a
a // comment
a.1.b
a[-1]
a?.b?.c
a?.[1]?.['k']
a.b[1].c[2].d
`a`.`b c`
"a"."b"
"q"(1)
$a.$b
a in (1, 2) and b not in (3)
a in ('x', null)
a not in (select b from c)
a = b = c
a between 1 and 2 or c
a ?? b between c and d
a between c and b = d
a not between b and c and d
a + b between c and d * 2
a <=> b = c
a is distinct from b and c
a is null and b is not null
not a is null
not a in (1)
not a like 'b'
-a.b * -c
a - b - c
a / b / c
a % b % c
a || 'x' || b || 'y'
a || b = 'xy'
a ?? b ?? c
a ?? 0 > 5
(a ?? 0) > 5
a ? b ? c : d : e
a > 1 ? 'b' : 'c'
a or b ? c : d
a and (b and c)
a or (b or c)
(a or b) and (c or d)
a = 1 or b = 2 and not c = 3
case when a = 1 then 'b' when c in (2, 3) then 'd' else null end
case a when 'b' then 1 when 'c' then 2 end
case when a then case when b then c end else d end
interval 7 day
interval 1 hour + interval 30 minute
now() - interval 30 day
now() - interval '7 days'
timestamp >= now() - interval 24 hour
toDate(timestamp) = today() - 1
interval {n} day
interval a.b second
interval 2 weeks
interval 3 months
interval 1 quarter
interval 1 year
cast(a as string)
cast(a as datetime64(6, 'UTC'))
cast(a as timestamp with time zone)
cast(a, 'Int64')
cast(a as decimal(10))
a::timestamp
a.b::int
f(a)::int
'1'::int + 1
count()
count(distinct person_id)
count(distinct a, b)
countIf(a = 1)
uniqIf(a, b > 2)
quantile(0.9)(toFloat(properties.x))
quantiles(0.5, 0.9)(a)
windowFunnel(3600)(timestamp, a = 1, a = 2)
groupArray(10)(a)
arrayMap(x -> x.1, a)
arrayFilter(x -> x not in ('a', 'b'), c)
arrayMap(x -> arrayMap(y -> x + y, a), b)
arrayReduce('sum', [1, 2, 3])
arraySort(x -> -x, a)
arrayFold((acc, x) -> acc + x, a, 0)
arrayMap(lambda x: x * 2, a)
arrayExists(x -> x = 'a' or x = 'b', c)
x -> a as z
JSONExtractString(properties, 'a', 'b')
JSONExtractInt(a.b, 1, 'c')
JSONExtract(a, 'Array(String)')
splitByChar('/', a)[1]
(1, 'a', null)
((1, 2), (3, 4))
[[1, 2], [3]]
[(1, 'a')]
(a, b) in ((1, 2), (3, 4))
(a, b) = (1, 2)
tupleElement(a, 1)
(a, b).2
[1, 2, 3][2]
array[1, 2]
ARRAY[]
map('a', 1)['a']
if(a = 1, 'x', if(b, 'y', 'z'))
multiIf(a, 1, b, 2, 3)
coalesce(a, b, 'c')
extract(a, '([0-9]+)')
match(a, '^\\d+$')
replaceRegexpAll(a, '/\\d+', '/:id')
a =~ '.*@(posthog|example)\\.com$'
a !~* 'x'
concat('a', 'b', c)
trim(trailing '/' from a)
trim(both ' ' from upper(a))
substring(a, 1, 5)
position('a' in b)
left(a, 5) || right(b, 3)
dateDiff('day', a, b)
dateTrunc('month', timestamp)
toStartOfInterval(timestamp, interval 15 minute)
formatDateTime(timestamp, '%Y-%m-%d')
toTimeZone(a, 'Europe/Amsterdam')
sum(a) over (order by b rows between 6 preceding and current row)
avg(a) over (partition by b order by c desc nulls last range unbounded preceding)
row_number() over (partition by a order by b)
lag(a, 1, 0) over w
sum(count()) over (order by day)
first_value(a) over (partition by b order by c rows between unbounded preceding and unbounded following)
count() filter (where a = 1)
sumIf(a, b) / nullIf(countIf(c), 0)
round(100 * countIf(a) / count(), 2)
{filters}
{variables.country}
{filters.dateRange.from}
{a} and {b}
{a}.b
{a}[1]
{'a'}
{1 + 2}
f'a'
f''
f'{a}'
f'a {b} c'
f'it''s {a}'
f'\\{a}'
f'{f'{a}x'}'
f'{a + 1} of {count()}'
{f'{a}'}
(select max(a) from b)
(select 1 union all select 2)
exists(select 1 from a where b = c)
a in (select b from c where d in (select e from f))
a = (select 1)
order
group = 1
settings.x
window + 1
limit
f(offset, limit)
end.a
all(a)
any(a)
values
first
date
key
index
from_unixtime(a)
current_date
today()
1e3
1E-5
.5e1
5.
0xFF
1234567890123456789
''
'a''b'
'\\t\\0\\x'
'ünïcode ✓'
`ünïcode ✓`
- - a
+a
not (a)
a--comment
a /* b */ + /* c */ d
""".strip().splitlines()

SELECTS = """
select 1
select 1;
(select 1)
select distinct a, b as c from events e where x group by 1, 2 having z order by 1 desc limit 9
select count() c from events
select a, from events
select * from events
select e.* from events as e
select * exclude (a) from events
select a from events prewhere x where y
select a from events final
select a from events sample 0.1
select a from events sample 1/10 offset 1/2
select a from (select b from c) d
select a from (select 1 union all select 2) as d
select * from ((select 1) union all (select 2))
select 1 from events as e(a, b)
select a from events e, persons p
select a from events e inner join persons p on e.person_id = p.id
select a from events e join persons p on e.person_id = p.id
select a from events e left outer join persons p on e.person_id = p.id cross join numbers(5)
select * from events any left join persons on 1 = 1
select * from events left any join persons on 1 = 1
select * from events semi left join persons on 1 = 1
select * from events asof join persons on 1 = 1
select * from events full join persons on 1 = 1
select * from events join persons using id
select * from events join persons using (id)
select * from numbers(1, 2)
select * from {x}
select * from system.tables
select a from events array join b as c
select a from events left array join b as c, d as e
with x as (select 1) select * from x
with x as (select 1), 5 as y select y from x
with (select 1) as x select x
with x(a) as (select 1) select a from x
with x as materialized (select 1) select 1
with a as (select 1) select * from a union all select * from a
select 1 union all select 2 union distinct select 3 intersect select 4 except select 5
select 1 limit 1 union all select 2 limit 3
select a from x limit 2 by b, c limit 10
select a from x limit 2 offset 1 by b limit 10
select a from x limit 5, 10
select a from x limit 5 with ties
select a from x limit {n} offset {m}
select a from x group by all
select a from x group by rollup(a, b)
select a from x group by cube(a, b)
select a from x group by grouping sets ((a), (a, b))
select a from x qualify row_number() over (order by b) = 1
select lag(a) over w from x window w as (partition by b order by c)
select a from x order by a, b desc, c asc
select a from x order by a with fill from 1 to 10 step 2
select (select 1), exists (select 2)
select a from x where b in (select c from d where e in (1, 2))
select a.b[1].c from d
select 1 where 1
select event, count() from events where timestamp > now() - interval 7 day group by event order by count() desc limit 10
select toStartOfDay(timestamp) as day, count(distinct person_id) as dau from events group by day order by day
select properties.$browser as browser, count() as c from events where event = '$pageview' and properties.$current_url ilike '%/pricing%' group by browser having c > 10 order by c desc
select person.properties.email, count() from events where person.properties.email is not null group by 1 order by 2 desc limit 100
select distinct_id, person_id, timestamp from events where event in ('a', 'b') and timestamp between '2024-01-01' and '2024-02-01' order by timestamp asc
select countIf(event = 'a') as a, countIf(event = 'b') as b, b / a as rate from events
select toStartOfWeek(timestamp) as week, uniq(person_id) from events where {filters} group by week order by week
select e.event, p.properties.email from events e left join persons p on e.person_id = p.id where e.timestamp > today()
select * from (select event, count() as c from events group by event) where c > 5
with signups as (select person_id, min(timestamp) as t from events where event = 'signed up' group by person_id) select count() from signups where t > now() - interval 30 day
with a as (select person_id from events where event = 'x'), b as (select person_id from events where event = 'y') select count() from a inner join b on a.person_id = b.person_id
select event, row_number() over (partition by person_id order by timestamp) as n from events
select event, lagInFrame(timestamp) over (partition by person_id order by timestamp asc) as prev from events qualify prev is not null
select arrayJoin([1, 2, 3]) as x
select x, count() from events array join JSONExtractArrayRaw(properties.items) as x group by x
select session.$entry_current_url, count() from events group by 1
select group_0.properties.name, count() from events where $group_0 != '' group by 1
select count() from events where person_id in cohort 12 and person_id not in cohort 'Beta users'
select id, properties.email, created_at from persons where properties.plan = 'pro' order by created_at desc limit 50 offset 100
select count() from persons where pdi.distinct_id like 'anon%'
select session_id, $session_duration from sessions where $start_timestamp > now() - interval 1 day
select message, level, attributes['http.status'] from logs where level = 'error' and message ilike '%timeout%' limit 20
select key, properties.name from groups where index = 0
select issue_id, count() from events where event = '$exception' group by issue_id
select case when properties.amount > 100 then 'big' when properties.amount > 10 then 'mid' else 'small' end as size, sum(properties.amount) from events group by size
select toHour(timestamp) as hour, avg(toFloat(properties.duration)) as d, quantile(0.95)(toFloat(properties.duration)) as p95 from events group by hour
select argMax(properties.plan, timestamp) as plan, person_id from events group by person_id
select groupArray((event, timestamp)) as path from events group by person_id limit 5
select event from events where properties.$lib = 'web' and not (properties.$host like 'localhost%') and properties.utm_source is not null
select event from events where (event = 'a' or event = 'b') and (properties.x = 1 or properties.y = 2)
select dateDiff('second', min(timestamp), max(timestamp)) from events group by properties.$session_id
select 1 as a, a + 1 as b, b * 2 as c
select a.b, a.c as d, f(a.e) g from h as a
select number, number * 2 from numbers(10)
select n.number from numbers(0, 10) as n where n.number % 2 = 0
select count() from events where timestamp >= {filters.dateRange.from} and timestamp < {filters.dateRange.to}
select count() from events where properties.country = {variables.country}
select count() from events where event = {event} and distinct_id in {ids}
select event, count() from events group by all order by all
select a from b where c = 'x' -- comment
select a /* comment */ from b // comment
select a from b where c > 5 limit 10 offset 5
select a from b where c > 5 order by d limit 1 by d
select a from b order by c desc, d asc nulls last limit 2 by a, b limit 100
select a from b limit 5 offset 5
select a from b offset 5 limit 5
select a from b limit 2, 3 by c
select a from b limit all
select a from b limit 10 with ties
select a from b order by c with fill
select a from b order by c with fill from toDate('2024-01-01') to toDate('2024-02-01') step 1
select a from b order by c desc with fill step -1
select a from b group by rollup(a)
select a from b group by (a, b)
select a from b global join c on d = e
select a from b all inner join c on d = e
select a from b left semi join c on d = e
select a from b left anti join c on d = e
select a from b asof left join c on d = e and f > g
select a from b right outer join c on d = e
select a from b full outer join c using (d, e)
select a from b any inner join c using d
select a from b join c on b.d = c.d join e on c.f = e.f left join g on e.h = g.h
select a from b, c, d where b.e = c.e
select a from b cross join c
select a from (select 1 as a) union all select 2
(select a from b limit 1) union all (select a from c limit 1)
select a from b union distinct select a from c
select a from b union select a from c
select a from b intersect select a from c
select a from b except select a from c
select a from b union all select a from c union all select a from d order by a limit 3
select a from (select b from (select c from (select d from e)))
select (select count() from a) as b, (select count() from c) as d
select a from b where c = (select max(d) from e)
select a from b where exists (select 1 from c where d = e)
with 1 as x, 2 as y select x + y
with (select max(a) from b) as m select c from d where e = m
with a as (select 1), b as (select * from a), c as (select * from b) select * from c
with x(a, b) as (select 1, 2) select a, b from x
with x as (with y as (select 1) select * from y) select * from x
select a from x(1, 2)
select a from x as y(b, c)
select a from `b c`.`d`
select a from {table}
select a from {table} as b where c
select `a b`, "c d", $e from `f g`
select a as `b c`, d as "e f" from g
select distinct a, b from c
select distinct on (a) b from c
select a, b, from c
select * exclude (a), b.* exclude (c, d) from b
select columns('^a'), count(*) from b
select a from b final where c
select a from b sample 1/10 where c
select a from b as c final
select a from b window w as (partition by c order by d), v as (order by e)
select sum(a) over w, avg(a) over (order by b) from c window w as (partition by d rows between 1 preceding and 1 following)
select a from b qualify c > 1
select a from b having count() > 1
select a from b prewhere c = 1 where d = 2
select arrayMap(x -> x.1, groupArray((a, b))) from c
select f'{event}: {count()}' from events group by event
select 1 where order = 2 order by order
select settings, window, offset from a
select a.order, a.group from b
select null, true, false, inf, nan, -1, 1.5
SELECT Event FROM Events WHERE Timestamp > NOW() GROUP BY Event
select a from b where c =~ 'd' and e !~ 'f' and g =~* 'h'
select a ? b : c, d ?? e, f?.g, h::int from i
select a from b where c in (1, 2, 3,)
select f(a,) from b
select if(a, b, c) as if from d
select count() from events where event = 'it''s' or event = 'it\\'s'
""".strip().splitlines()
# How two operators share what is between them.
OPERATORS = [
    *("+", "-", "*", "/", "||", "=", "!=", "<", ">=", "=~", "!~*", "and", "or", "like", "not in"),
    *("in cohort", "??", "<=>", "is distinct from", "between c and", "not between c and", "? c :"),
]
AROUND = ["not {}", "-{}", "{} is null", "{} is not null", "{}::int", "{}[1]", "{}.1", "{} as z"]
PAIRS = [f"a {first} b {second} d" for first in OPERATORS for second in OPERATORS] + [
    around.format(f"a {operator} b") for around in AROUND for operator in OPERATORS
]
