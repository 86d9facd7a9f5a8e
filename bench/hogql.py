"""HogQL against hand-written SQL on the same rows, in the same run.

    python -m bench.hogql [--events 1000000] [--moved 10000]

First, what reading, resolving and printing a typical query takes, against a baseline that only
travels with the machine: Python's own parser on an expression of the same length. Then queries of
the whole way (hogql.execution.run) against what somebody would write for ClickHouse by hand; only
the ratio means anything elsewhere. `--moved` distinct ids lead to another person than their events
came in with, as after merges. Times are processor time.
"""

import argparse
import ast as python_ast
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Collection

EVENTS = """
INSERT INTO events (
    team_id, timestamp, uuid, event, distinct_id, person_id, person_mode, properties, session_id,
    created_at
)
WITH
    sipHash64(number) AS h,
    concat('user-', toString(h % {people:UInt64})) AS user,
    ['Chrome', 'Safari', 'Firefox', 'Edge'][1 + intDiv(h, 7) % 4] AS browser,
    ['NL', 'DE', 'FR', 'US', 'GB', 'PL'][1 + intDiv(h, 11) % 6] AS country
SELECT
    1,
    toDateTime64('2026-11-01 00:00:00', 6, 'UTC')
        + toIntervalMicrosecond(intDiv(number * 1209600000000, {events:UInt64})) AS time,
    generateUUIDv7(number),
    ['$pageview', '$pageview', '$pageview', 'signed up', 'paid', '$autocapture'][1 + h % 6],
    user,
    reinterpretAsUUID(sipHash128(user)),
    'full',
    concat(
        '{"$browser":"', browser, '","$browser_version":', toString(h % 60), ',"$os":"Linux",',
        '"$current_url":"https://example.com/', toString(h % 300), '?q=', toString(h % 9), '",',
        '"$host":"example.com","$pathname":"/', toString(h % 300), '","$lib":"web",',
        '"$lib_version":"1.', toString(h % 30), '.0","$geoip_country_code":"', country, '",',
        '"$screen_width":', toString(1000 + h % 900), ',"$viewport_width":', toString(h % 999),
        ',"$device_type":"Desktop","$session_id":"', toString(intDiv(h, 97) % 100000), '",',
        '"plan":"', ['free', 'pro', 'team'][1 + h % 3], '","amount":', toString(h % 1000), '.5,',
        '"$time":', toString(number), '.25,"is_new":', if(h % 2, 'true', 'false'), ',',
        '"utm_source":"', ['ads', 'mail', ''][1 + intDiv(h, 5) % 3], '",',
        '"label":"x', toString(h % 50), '"}'
    ),
    toString(intDiv(h, 97) % 100000),
    time
FROM numbers({events:UInt64})
"""
MOVED = """
INSERT INTO person_distinct_id_overrides (team_id, distinct_id, person_id, is_deleted, version)
SELECT 1, concat('user-', toString(number)), reinterpretAsUUID(sipHash128('survivor')), 0, 1
FROM numbers({moved:UInt64})
"""
TYPICAL = """
WITH daily AS (
    SELECT toDate(timestamp) AS day, properties.$browser AS browser, count() AS views,
        count(DISTINCT person_id) AS people
    FROM events
    WHERE event = '$pageview' AND timestamp >= now() - INTERVAL 30 DAY
        AND properties.$current_url ILIKE '%checkout%'
    GROUP BY day, browser
)
SELECT day, browser, views, people, round(views / people, 2) AS each,
    if(views > 100, 'busy', 'quiet') AS label,
    sum(views) OVER (PARTITION BY browser ORDER BY day) AS so_far
FROM daily WHERE browser IN ('Chrome', 'Safari') AND people > 5
ORDER BY day DESC, views DESC LIMIT 50
"""
# name -> HogQL, the same by hand
QUESTIONS = {
    "count by day, filtered by a property": (
        "SELECT toDate(timestamp) AS day, count() FROM events WHERE event = '$pageview'"
        " AND properties.$browser = 'Chrome' GROUP BY day ORDER BY day",
        "SELECT toDate(timestamp) AS day, count() FROM events WHERE team_id = 1"
        " AND event = '$pageview' AND properties_json.`$browser`.:String = 'Chrome'"
        " GROUP BY day ORDER BY day",
    ),
    "broken down by a property": (
        "SELECT toDate(timestamp) AS day, properties.$geoip_country_code AS c, count() FROM events"
        " WHERE properties.plan = 'pro' GROUP BY day, c ORDER BY day, c",
        "SELECT toDate(timestamp) AS day, properties_json.`$geoip_country_code`.:String AS c,"
        " count() FROM events WHERE team_id = 1 AND properties_json.plan.:String = 'pro'"
        " GROUP BY day, c ORDER BY day, c",
    ),
    "people by day": (
        "SELECT toDate(timestamp) AS day, count(DISTINCT person_id) FROM events GROUP BY day"
        " ORDER BY day",
        "SELECT toDate(timestamp) AS day, uniqExact(person_id) FROM events WHERE team_id = 1"
        " GROUP BY day ORDER BY day",
    ),
    "newest 100 with a property": (
        "SELECT uuid, event, timestamp, properties FROM events WHERE properties.plan = 'pro'"
        " ORDER BY timestamp DESC LIMIT 100",
        "SELECT uuid, event, timestamp, properties FROM events WHERE team_id = 1"
        " AND properties_json.plan.:String = 'pro' ORDER BY timestamp DESC LIMIT 101",
    ),
    "sum of a number": (
        "SELECT sum(toFloat(properties.amount)) FROM events WHERE event = 'paid'",
        "SELECT sum(accurateCastOrNull(properties_json.amount, 'Float64')) FROM events"
        " WHERE team_id = 1 AND event = 'paid'",
    ),
}


def median_ms(ask: Callable[[], object], repeat: int) -> float:
    """Of processor time, ClickHouse's threads included: others on the machine don't show in it."""
    taken = []
    for _ in range(repeat):
        started = time.process_time()
        ask()
        taken.append(time.process_time() - started)
    return statistics.median(taken) * 1000


def types_of(names: Collection[str]) -> dict[tuple[str, str, int | None], str]:
    """As the project's property definitions would say."""
    return {("event", name, None): "Numeric" if name == "amount" else "String" for name in names}


def prepare(events: int, moved: int):
    import django

    django.setup()
    import clickhouse
    from clickhouse import schema
    from projects.models import Project

    schema.apply()
    people = max(events // 20, 1)
    clickhouse.command(EVENTS, events=events, people=people)
    clickhouse.command("OPTIMIZE TABLE events FINAL")
    clickhouse.command(MOVED, moved=moved)
    return Project(id=1)


def compiling(project, repeat: int) -> None:
    from hogql.execution import compiled_for
    from hogql.parser import read
    from hogql.printing import hogql

    tree = read("select_statement", TYPICAL)
    python = " + ".join(["(a.b < 'c' and f(d, 5))"] * (len(TYPICAL) // 26))
    baseline = median_ms(lambda: python_ast.parse(python), repeat)
    parts = {
        "read": lambda: read("select_statement", TYPICAL),
        "resolve and print": lambda: compiled_for(tree, project, types_of),
        "print as HogQL": lambda: hogql(tree),
    }
    print(f"a query of {len(TYPICAL)} characters; Python reads as many in {baseline:.2f} ms\n")
    print("| part | ratio | ms |")
    print("|---|---|---|")
    for name, part in parts.items():
        took = median_ms(part, repeat)
        print(f"| {name} | {took / baseline:.1f} | {took:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--moved", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ |= {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "posthog_clone.settings"}
        project = prepare(args.events, args.moved)
        import clickhouse
        from hogql.execution import run

        compiling(project, 5 * args.repeat)
        print(f"\n{args.events:,} events, {args.moved:,} moved distinct ids\n")
        print("| question | ratio | HogQL, CPU ms | by hand, CPU ms |")
        print("|---|---|---|---|")
        for name, (query, sql) in QUESTIONS.items():
            ours = median_ms(lambda q=query: run(q, project, property_types=types_of), args.repeat)
            raw = median_ms(lambda s=sql: clickhouse.rows(s), args.repeat)
            print(f"| {name} | {ours / raw:.2f} | {ours:.0f} | {raw:.0f} |", flush=True)
        clickhouse.close()


if __name__ == "__main__":
    main()
