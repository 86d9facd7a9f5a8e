"""Queries as users write them, for tests that hold for every query."""

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
""".strip().splitlines()
