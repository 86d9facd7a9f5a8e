"""Searching log lines through the API, against raw SQL on a plain table, in the same run.

    python -m bench.logs_search [--rows 2000000]

Both hold the same lines: `--rows` of one day, and as many of the six days before. The plain table
has the same columns and key and no index; its answer is what ClickHouse alone takes. `ratio` below
1 means that the API, with everything that Django and JSON add to it, takes less processor time than
that. Times are those of a first asking: what ClickHouse remembers of conditions is dropped before
each.
"""

import argparse
import io
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable

DAY = "2026-11-20"
DAYS_BEFORE = [f"2026-11-{day}" for day in range(14, 20)]
FIRST_DAY = DAYS_BEFORE[0]
RANGE = {"date_from": f"{DAY}T00:00:00Z", "date_to": f"{DAY}T23:59:59.999999Z"}
NEEDLE_EVERY = 100_000
PAGE = "SELECT * FROM plain WHERE team_id = 1 AND {where} ORDER BY timestamp DESC LIMIT 100"
IN_RANGE = f"timestamp >= '{DAY} 00:00:00' AND timestamp <= '{DAY} 23:59:59.999999'"


def page(where: str) -> str:
    return PAGE.format(where=f"{IN_RANGE} AND {where}")


def attribute(key: str, value: object, operator: str = "exact") -> list[dict]:
    return [{"key": key, "type": "log_attribute", "operator": operator, "value": value}]


# name -> path, query, the same in SQL on the plain table
QUESTIONS = {
    "newest 100": ("query", {}, page("1")),
    "rare word": (
        "query",
        {"searchTerm": "paymentdeclined"},
        page("body ILIKE '%paymentdeclined%'"),
    ),
    "part of an id": (
        "query",
        {"searchTerm": "9f3a71c0"},
        page("body ILIKE '%9f3a71c0%'"),
    ),
    "absent text": (
        "query",
        {"searchTerm": "no such text"},
        page("body ILIKE '%no such text%'"),
    ),
    "frequent text": ("query", {"searchTerm": "took"}, page("body ILIKE '%took%'")),
    "one service's errors": (
        "query",
        {"serviceNames": ["billing"], "severityLevels": ["error"]},
        page("service_name = 'billing' AND severity_text = 'error'"),
    ),
    "one order": (
        "query",
        {"filterGroup": attribute("order.id", "ord_700007")},
        page("attributes['order.id'] = 'ord_700007'"),
    ),
    "one trace": (
        "query",
        {"filterGroup": [{"key": "trace_id", "type": "log", "value": "{trace}"}]},
        page("trace_id = '{trace}'"),
    ),
    "regular expression": (
        "query",
        {"filterGroup": [{"key": "body", "type": "log", "operator": "regex", "value": "Declined"}]},
        page("match(body, 'Declined')"),
    ),
    "count of status 500": (
        "count",
        {"filterGroup": attribute("http.status_code", 500)},
        f"SELECT count() FROM plain WHERE team_id = 1 AND {IN_RANGE}"
        " AND attributes['http.status_code'] = '500'",
    ),
    "sparkline": (
        "sparkline",
        {},
        "SELECT toStartOfInterval(timestamp, INTERVAL 30 MINUTE) AS start, severity_text, count()"
        f" FROM plain WHERE team_id = 1 AND {IN_RANGE} GROUP BY start, severity_text",
    ),
    "sparkline of 7 days": (
        "sparkline",
        {"dateRange": {**RANGE, "date_from": f"{FIRST_DAY}T00:00:00Z"}},
        "SELECT toStartOfInterval(timestamp, INTERVAL 4 HOUR) AS start, severity_text, count()"
        f" FROM plain WHERE team_id = 1 AND timestamp >= '{FIRST_DAY} 00:00:00'"
        f" AND timestamp <= '{DAY} 23:59:59.999999' GROUP BY start, severity_text",
    ),
    "patterns": (
        "patterns",
        {},
        "SELECT replaceRegexpAll(body, '\\\\d+', '<num>') AS pattern, count() FROM plain"
        f" WHERE team_id = 1 AND {IN_RANGE} GROUP BY pattern ORDER BY count() DESC LIMIT 100",
    ),
}
LINES = """
INSERT INTO logs (
    team_id, timestamp, uuid, observed_timestamp, severity_number, severity_text, service_name,
    body, attributes, resource_attributes, resource_fingerprint, trace_id, span_id, retention_days
)
WITH
    ['GET', 'POST', 'PUT', 'DELETE'] AS methods,
    ['cart', 'checkout', 'orders', 'users', 'invoices', 'search', 'stock', 'sessions'] AS things,
    ['connection', 'request', 'transaction', 'worker', 'cache', 'lock', 'socket', 'job'] AS nouns,
    ['timed out', 'was refused', 'completed', 'started', 'is slow', 'was retried'] AS verbs,
    ['checkout', 'billing', 'gateway', 'search', 'mailer', 'auth', 'stock', 'cron'] AS services,
    sipHash64(number) AS h,
    things[1 + h % 8] AS thing,
    lower(hex(sipHash128(number, 1))) AS id
SELECT
    1,
    toDateTime64({day:String}, 6, 'UTC')
        + toIntervalMicrosecond(intDiv(number * 86399000000, {rows:UInt64})) AS timestamp,
    generateUUIDv7(number),
    timestamp,
    [9, 9, 9, 9, 9, 9, 5, 5, 13, 17][1 + intDiv(h, 512) % 10] AS severity_number,
    transform(severity_number, [5, 9, 13, 17], ['debug', 'info', 'warn', 'error'], '') AS level,
    services[1 + intDiv(h, 64) % 8] AS service,
    multiIf(
        number % {needle_every:UInt64} = 7,
        concat('PaymentDeclinedError: card of customer ', id, ' refused'),
        h % 4 = 0, concat(methods[1 + intDiv(h, 8) % 4], ' /api/', thing, '/', substring(id, 1, 12),
            ' 200 in ', toString(intDiv(h, 4096) % 900), ' ms from 10.0.0.',
            toString(intDiv(h, 13) % 250), ' Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0'),
        h % 4 = 1, concat(nouns[1 + intDiv(h, 16) % 8], ' ', toString(intDiv(h, 32768) % 100000),
            ' of ', thing, ' ', verbs[1 + intDiv(h, 128) % 6], ' after ',
            toString(intDiv(h, 999) % 30), ' attempts'),
        h % 4 = 2, concat('SELECT id, name FROM ', thing, ' WHERE account_id = ',
            toString(intDiv(h, 77) % 1000000), ' took ', toString(intDiv(h, 55) % 400), ' ms'),
        concat('{"level":"info","msg":"', thing, ' ', verbs[1 + intDiv(h, 256) % 6],
            '","request_id":"', id, '","session":"', lower(hex(sipHash128(number, 3))), '"}')),
    map('http.method', methods[1 + intDiv(h, 8) % 4], 'http.route', concat('/api/', thing, '/:id'),
        'http.status_code', toString([200, 200, 200, 201, 404, 500][1 + intDiv(h, 32) % 6]),
        'user.id', toString(intDiv(h, 1024) % 50000), 'order.id', concat('ord_', toString(number)),
        'duration_ms', toString(intDiv(h, 4096) % 900)),
    map('service.name', service, 'host.name', concat('host-', toString(h % 20)),
        'telemetry.sdk.language', 'python'),
    h % 160,
    hex(sipHash128(number, 2)),
    hex(h),
    3650
FROM numbers({rows:UInt64})
"""


def medians_ms(ask: Callable[[], object], forget: Callable, repeat: int) -> tuple[float, float]:
    """Processor and elapsed time."""
    processor, elapsed = [], []
    for _ in range(repeat):
        forget()
        started, cpu = time.perf_counter(), time.process_time()
        ask()
        processor.append(time.process_time() - cpu)
        elapsed.append(time.perf_counter() - started)
    return statistics.median(processor) * 1000, statistics.median(elapsed) * 1000


def prepare(rows: int) -> tuple[Callable[[str, dict], dict], str]:
    """A store full of lines; returns a way to ask the API, and some trace id."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client

    import clickhouse
    from clickhouse import schema
    from projects.models import PersonalAPIKey, User

    call_command("migrate", verbosity=0)
    call_command("bootstrap", stdout=io.StringIO())
    key = PersonalAPIKey(user=User.objects.first(), label="bench", scopes=["*"])
    value = key.set_new_value()
    key.save()
    schema.apply()
    for day, lines in [(DAY, rows), *((day, rows // 6) for day in DAYS_BEFORE)]:
        clickhouse.command(LINES, day=f"{day} 00:00:00", rows=lines, needle_every=NEEDLE_EVERY)
    clickhouse.command("OPTIMIZE TABLE logs FINAL")
    clickhouse.command(
        "CREATE TABLE plain ENGINE = MergeTree ORDER BY (team_id, timestamp) AS SELECT * FROM logs"
    )
    clickhouse.command("OPTIMIZE TABLE plain FINAL")
    client = Client(headers={"Authorization": f"Bearer {value}"})

    def ask(path: str, query: dict) -> dict:
        response = client.post(
            f"/api/projects/1/logs/{path}/",
            json.dumps({"query": {"dateRange": RANGE, "limit": 100, **query}}),
            content_type="application/json",
        )
        assert response.status_code == 200, response.content
        return response.json()

    ((trace,),) = clickhouse.rows("SELECT trace_id FROM logs LIMIT 1 OFFSET 12345")
    return ask, trace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--repeat", type=int, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ |= {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "posthog_clone.settings"}
        ask, trace = prepare(args.rows)
        import clickhouse

        def forget() -> None:
            clickhouse.command("SYSTEM DROP QUERY CONDITION CACHE")

        print(
            f"{args.rows:,} lines of one day, as many of the six before, medians of {args.repeat}\n"
        )
        print("| question | ratio | API, CPU ms | raw, CPU ms | API, ms | raw, ms |")
        print("|---" * 6 + "|")
        for name, (path, query, sql) in QUESTIONS.items():
            query = json.loads(json.dumps(query).replace("{trace}", trace))
            sql = sql.replace("{trace}", trace)
            api, api_took = medians_ms(lambda p=path, q=query: ask(p, q), forget, args.repeat)
            raw, raw_took = medians_ms(lambda s=sql: clickhouse.rows(s), forget, args.repeat)
            print(
                f"| {name} | {api / raw:.2f} | {api:.0f} | {raw:.0f} | {api_took:.0f} |"
                f" {raw_took:.0f} |",
                flush=True,
            )
        clickhouse.close()


if __name__ == "__main__":
    main()
