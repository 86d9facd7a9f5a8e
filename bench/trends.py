"""A trends query with a property filter and a breakdown, against the same by hand in SQL.

    python -m bench.trends [--events 200000] [--moved 0]

Both run in the same process on the same events of 30 days with some twenty properties. `ratio` is
the query's processor time less 15 ms, which is what Django, HogQL and JSON may take, over that of
the SQL. Property types are known, as ingestion makes them. `--moved` distinct ids lead to another
person than their events came in with, as after merges: the query follows them, the SQL does not.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

ALLOWED_MS = 15
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVENTS = """
INSERT INTO events (
    team_id, timestamp, uuid, event, distinct_id, person_id, person_mode, properties, session_id,
    created_at
)
WITH sipHash64(number) AS h, sipHash64(number, 1) AS g
SELECT
    1,
    toDateTime64({start:String}, 6, 'UTC') + toIntervalMillisecond(h % (30 * 86400 * 1000)) AS at,
    generateUUIDv4(number),
    ['$pageview', '$pageview', '$pageview', '$autocapture', 'signed up', 'paid'][1 + g % 6],
    concat('user-', toString(h % 20000)),
    UUIDNumToString(toFixedString(unhex(leftPad(hex(h % 20000), 32, '0')), 16)),
    'full',
    concat(
        '{"$browser":"', ['Chrome', 'Safari', 'Firefox', 'Edge', 'Opera'][1 + intDiv(h, 7) % 5],
        '","$os":"', ['Mac OS X', 'Windows', 'Linux', 'iOS', 'Android'][1 + intDiv(h, 11) % 5],
        '","$current_url":"https://example.com/', toString(intDiv(h, 13) % 500),
        '","$pathname":"/', toString(intDiv(h, 13) % 500),
        '","$host":"example.com","$lib":"web","$lib_version":"1.', toString(intDiv(h, 17) % 50),
        '","$screen_height":', toString(600 + intDiv(h, 19) % 900),
        ',"$screen_width":', toString(800 + intDiv(h, 23) % 1200),
        ',"$viewport_height":', toString(400 + intDiv(h, 29) % 900),
        ',"$device_type":"', ['Desktop', 'Mobile', 'Tablet'][1 + intDiv(h, 31) % 3],
        '","$session_id":"s', toString(h % 60000),
        '","$referrer":"$direct","$timezone":"Europe/Berlin","plan":"',
        ['free', 'pro', 'team'][1 + intDiv(h, 37) % 3],
        '","amount":', toString(intDiv(h, 41) % 1000), '.5',
        ',"is_new":', if(intDiv(h, 43) % 2 = 0, 'true', 'false'),
        ',"country":"', ['DE', 'UK', 'US', 'FR', 'IT', 'ES', 'PL'][1 + intDiv(h, 47) % 7],
        '","$geoip_city_name":"city ', toString(intDiv(h, 53) % 300),
        '","items":[1,2,3],"nested":{"a":1,"b":"x"}}'
    ),
    concat('s', toString(h % 60000)),
    at
FROM numbers({events:UInt64})
"""
MOVED = """
INSERT INTO person_distinct_id_overrides (team_id, distinct_id, person_id, is_deleted, version)
SELECT 1, concat('user-', toString(number)), toUUID('00000000-0000-0000-0000-000000000001'), 0, 1
FROM numbers({moved:UInt64})
"""
PRO = [{"key": "plan", "value": "pro", "operator": "exact", "type": "event"}]
RANGE = "timestamp >= '2026-10-21 00:00:00' AND timestamp <= '2026-11-20 23:59:59.999999'"
SQL = (
    "SELECT toDate(timestamp) AS day, properties_json.{by}.:String AS value, {total} FROM events"
    f" WHERE team_id = 1 AND {RANGE} AND event = '$pageview'"
    " AND properties_json.plan.:String = 'pro' GROUP BY day, value"
)
# name -> series' math, breakdown, the same in SQL
QUESTIONS = {
    "count by browser": ({}, "$browser", SQL.format(by="`$browser`", total="count()")),
    "count by path, 500 values": ({}, "$pathname", SQL.format(by="`$pathname`", total="count()")),
    "persons by browser": (
        {"math": "dau"},
        "$browser",
        SQL.format(by="`$browser`", total="uniqExact(person_id)"),
    ),
    "sum by browser": (
        {"math": "sum", "math_property": "amount"},
        "$browser",
        SQL.format(by="`$browser`", total="sum(properties_json.amount.:Float64)"),
    ),
}


def prepare(events: int, moved: int = 0) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    import clickhouse
    from clickhouse import schema
    from events.models import PropertyDefinition
    from tests.factories import ProjectFactory

    call_command("migrate", verbosity=0)
    schema.apply()
    project = ProjectFactory(id=1)
    types = {"plan": "String", "$browser": "String", "$pathname": "String", "amount": "Numeric"}
    for name, type in types.items():
        PropertyDefinition.objects.create(
            project=project, name=name, type="event", property_type=type
        )
    start = (NOW - timedelta(days=30)).strftime("%Y-%m-%d %H:%M:%S")
    clickhouse.command(EVENTS, start=start, events=events)
    clickhouse.command("OPTIMIZE TABLE events FINAL")
    if moved:
        clickhouse.command(MOVED, moved=moved)


def ask(math: dict, breakdown: str) -> list[dict]:
    from hogql.kinds import Run, answer
    from projects.models import Project

    query = {
        "kind": "TrendsQuery",
        "series": [{"kind": "EventsNode", "event": "$pageview", **math}],
        "dateRange": {"date_from": "-30d"},
        "properties": PRO,
        "breakdownFilter": {"breakdown": breakdown, "breakdown_type": "event"},
    }
    found = answer(Project.objects.get(id=1), query, Run(now=NOW))
    json.dumps(found)
    return found["results"]


def medians_ms(run: Callable[[], object], repeat: int) -> tuple[float, float]:
    """Processor and elapsed time."""
    import clickhouse

    processor, elapsed = [], []
    for _ in range(repeat):
        clickhouse.command("SYSTEM DROP QUERY CONDITION CACHE")
        started, cpu = time.perf_counter(), time.process_time()
        run()
        processor.append((time.process_time() - cpu) * 1000)
        elapsed.append((time.perf_counter() - started) * 1000)
    return statistics.median(processor), statistics.median(elapsed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--moved", type=int, default=0)
    parser.add_argument("--repeat", type=int, default=9)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ |= {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "posthog_clone.settings"}
        prepare(args.events, args.moved)
        import clickhouse

        print(f"{args.events:,} events, medians of {args.repeat}\n")
        print("| question | ratio | query, CPU ms | SQL, CPU ms | query, ms | SQL, ms |")
        print("|---" * 6 + "|")
        for name, (math, breakdown, sql) in QUESTIONS.items():
            total = sum(sum(row["data"]) for row in ask(math, breakdown))
            expected = sum(row[2] for row in clickhouse.rows(sql))
            if not (args.moved and math.get("math") == "dau"):
                assert abs(total - expected) < 1e-6 * expected, (name, total, expected)
            query, query_took = medians_ms(lambda m=math, b=breakdown: ask(m, b), args.repeat)
            raw, raw_took = medians_ms(lambda s=sql: clickhouse.rows(s), args.repeat)
            print(
                f"| {name} | {max(0, query - ALLOWED_MS) / raw:.2f} | {query:.0f} | {raw:.0f} |"
                f" {query_took:.0f} | {raw_took:.0f} |",
                flush=True,
            )
        clickhouse.close()


if __name__ == "__main__":
    main()
