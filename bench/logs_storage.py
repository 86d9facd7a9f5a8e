"""Which table finds a log line fastest: keys, body indexes and attribute columns, side by side.

Every candidate holds the same synthetic records and answers the same questions in the same run on
embedded ClickHouse; figures are ratios against the first candidate of its group. Times are
processor time, which other programs on the machine don't change.

    python -m bench.logs_storage [--rows 1500000] [--group key|body|attributes]
"""

import argparse
import os
import statistics
import tempfile
import time

import django

import clickhouse

SOURCE = """
CREATE TABLE source ENGINE = MergeTree ORDER BY timestamp AS
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
    1 AS team_id,
    toDateTime64('2026-11-20 00:00:00', 6, 'UTC')
        + toIntervalMicrosecond(intDiv(number * 86400000000, {rows:UInt64})) AS timestamp,
    generateUUIDv7(number) AS uuid,
    services[1 + intDiv(h, 64) % 8] AS service_name,
    [9, 9, 9, 9, 9, 9, 5, 5, 13, 17][1 + intDiv(h, 512) % 10] AS severity_number,
    multiIf(number % 75000 = 7, concat('PaymentDeclinedError: card of customer ', id, ' refused'),
        h % 50 = 0, concat('Traceback (most recent call last):\n', arrayStringConcat(arrayMap(
            i -> concat('  File "/srv/app/', things[1 + sipHash64(h, i) % 8], '/',
                nouns[1 + sipHash64(i, h) % 8], '.py", line ', toString(sipHash64(h, i) % 900),
                ', in ', verbs[1 + sipHash64(i, h) % 6], '\n    return self.',
                nouns[1 + sipHash64(h, i) % 8], '(', things[1 + sipHash64(i, h) % 8], '_id)\n'),
            range(12))), 'ValueError: no ', thing, ' ', id),
        h % 4 = 0, concat(methods[1 + intDiv(h, 8) % 4], ' /api/', thing, '/', substring(id, 1, 12),
            '?page=', toString(intDiv(h, 91) % 500), ' HTTP/1.1 200 in ',
            toString(intDiv(h, 4096) % 900), ' ms from 10.', toString(intDiv(h, 13) % 250), '.',
            toString(intDiv(h, 17) % 250), '.', toString(intDiv(h, 19) % 250),
            ' Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36'),
        h % 4 = 1, concat(nouns[1 + intDiv(h, 16) % 8], ' ', toString(intDiv(h, 32768) % 100000),
            ' of ', thing, ' ', verbs[1 + intDiv(h, 128) % 6], ' after ',
            toString(intDiv(h, 999) % 30), ' attempts'),
        h % 4 = 2, concat('SELECT id, name, created_at FROM ', thing, ' WHERE account_id = ',
            toString(intDiv(h, 77) % 1000000), ' ORDER BY created_at DESC LIMIT 50 took ',
            toString(intDiv(h, 55) % 400) , ' ms'),
        concat('{"level":"info","msg":"', thing, ' ', verbs[1 + intDiv(h, 256) % 6],
            '","request_id":"', id, '","session":"', lower(hex(sipHash128(number, 3))),
            '","user":', toString(intDiv(h, 1024) % 50000), ',"path":"/api/', thing, '"}')) AS body,
    map('http.method', methods[1 + intDiv(h, 8) % 4], 'http.route', concat('/api/', thing, '/:id'),
        'http.status_code', toString([200, 200, 200, 201, 404, 500][1 + intDiv(h, 32) % 6]),
        'user.id', toString(intDiv(h, 1024) % 50000), 'order.id', concat('ord_', toString(number)),
        'duration_ms', toString(intDiv(h, 4096) % 900), 'thread', toString(h % 16),
        'code.function', concat('handle_', thing)) AS attributes,
    map('service.name', service_name, 'host.name', concat('host-', toString(h % 20)),
        'deployment.environment', 'production', 'telemetry.sdk.language', 'python',
        'telemetry.sdk.name', 'opentelemetry', 'telemetry.sdk.version', '1.45.2',
        'service.version', '2.3.1') AS resource_attributes,
    sipHash128(number, 2) AS trace_id
FROM numbers({rows:UInt64})
"""
COLUMNS = """
    team_id Int64,
    timestamp DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    uuid UUID,
    service_name LowCardinality(String),
    severity_number UInt8,
    body String CODEC(ZSTD(1)),
    attributes {attributes},
    resource_attributes {resource},
    trace_id FixedString(16) CODEC(ZSTD(1))
"""
MAP = "Map(LowCardinality(String), String) CODEC(ZSTD(1))"
SMALL = "index_granularity = 1024"
TIME_KEY = "team_id, timestamp, toUInt128(uuid)"


def body_index(kind: str) -> str:
    return f"INDEX b lower(body) TYPE {kind}"


# group -> candidate -> (key, attributes type, extra indexes, settings); the first is the baseline
GROUPS = {
    "key": {
        "project, time": ("team_id, timestamp", MAP, "", ""),
        "project, time, uuid": (TIME_KEY, MAP, "", ""),
        "project, time, uuid; small granules": (TIME_KEY, MAP, "", SMALL),
        "project, service, time": ("team_id, service_name, timestamp", MAP, "", ""),
    },
    "body": {
        "no index": (TIME_KEY, MAP, "", SMALL),
        "tokenbf": (TIME_KEY, MAP, body_index("tokenbf_v1(16384, 2, 0) GRANULARITY 1"), SMALL),
        "ngrambf(3)": (
            TIME_KEY,
            MAP,
            body_index("ngrambf_v1(3, 16384, 2, 0) GRANULARITY 1"),
            SMALL,
        ),
        "ngrambf(4)": (
            TIME_KEY,
            MAP,
            body_index("ngrambf_v1(4, 16384, 2, 0) GRANULARITY 1"),
            SMALL,
        ),
        "text(words)": (
            TIME_KEY,
            MAP,
            body_index("text(tokenizer = 'splitByNonAlpha', posting_list_codec = 'bitpacking')"),
            SMALL,
        ),
        "text(3-grams)": (
            TIME_KEY,
            MAP,
            body_index("text(tokenizer = ngrams(3), posting_list_codec = 'bitpacking')"),
            SMALL,
        ),
    },
    "attributes": {
        "Map": (TIME_KEY, MAP, "", SMALL),
        "Map in buckets": (
            TIME_KEY,
            MAP,
            "",
            f"{SMALL}, map_serialization_version = 'with_buckets', map_buckets_min_avg_size = 1",
        ),
        "Map, bloom of values": (
            TIME_KEY,
            MAP,
            "INDEX v mapValues(attributes) TYPE bloom_filter(0.01) GRANULARITY 1",
            SMALL,
        ),
        "Map, text of values": (
            TIME_KEY,
            MAP,
            "INDEX v mapValues(attributes) TYPE text(tokenizer = 'array')",
            SMALL,
        ),
        "JSON": (TIME_KEY, "JSON(max_dynamic_paths = 128)", "", SMALL),
    },
}
WINDOW = (
    "team_id = 1 AND timestamp >= '2026-11-20 00:00:00.000000'"
    " AND timestamp <= '2026-11-20 23:59:59.999999'"
)
LAST_HOUR = (
    "team_id = 1 AND timestamp >= '2026-11-20 23:00:00.000000'"
    " AND timestamp <= '2026-11-20 23:59:59.999999'"
)
PAGE = "SELECT * FROM {t} WHERE %s ORDER BY timestamp DESC, toUInt128(uuid) DESC LIMIT 100"


def containing(text: str) -> str:
    return PAGE % f"{WINDOW} AND lower(body) LIKE '%{text}%'"


QUESTIONS = {
    "key": {
        "newest 100, 1 h": PAGE % LAST_HOUR,
        "newest 100, 24 h": PAGE % WINDOW,
        "one service": PAGE % f"{WINDOW} AND service_name = 'billing'",
        "one service's errors": PAGE
        % f"{WINDOW} AND service_name = 'billing' AND severity_number >= 17",
        "sparkline 24 h": "SELECT toStartOfInterval(timestamp, INTERVAL 30 MINUTE) AS bucket,"
        f" severity_number, count() FROM {{t}} WHERE {WINDOW} GROUP BY bucket, severity_number",
    },
    "body": {
        "rare word": containing("paymentdeclinederror"),
        "rare, inside a word": containing("mentdeclinede"),
        "rare, two words": containing("error: card of"),
        "part of an id": containing("9f3a71c"),
        "absent": containing("no such text anywhere"),
        "frequent": containing("was refused"),
        "count of rare": f"SELECT count() FROM {{t}} WHERE {WINDOW}"
        " AND lower(body) LIKE '%paymentdeclined%'",
    },
    "attributes": {
        "one order": PAGE % f"{WINDOW} AND %(order)s = 'ord_700007'",
        "one user": PAGE % f"{WINDOW} AND %(user)s = '4711'",
        "status 500": PAGE % f"{WINDOW} AND %(status)s = '500'",
        "count of status 500": f"SELECT count() FROM {{t}} WHERE {WINDOW} AND %(status)s = '500'",
        "newest 2000 rows": (PAGE % WINDOW).replace("LIMIT 100", "LIMIT 2000"),
    },
}
ATTRIBUTES = {"order": "order.id", "user": "user.id", "status": "http.status_code"}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_500_000)
    arguments.add_argument("--repeat", type=int, default=5)
    arguments.add_argument("--group", choices=list(GROUPS))
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="logs-storage-") as folder:
        os.environ["DATA_DIR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthog_clone.settings")
        django.setup()
        clickhouse.command(SOURCE, rows=options.rows)
        for group in [options.group] if options.group else GROUPS:
            compare(clickhouse, group, options)
        clickhouse.close()


def compare(clickhouse, group: str, options) -> None:
    results: dict[str, dict[str, float]] = {}
    for candidate, definition in GROUPS[group].items():
        results[candidate] = measure(clickhouse, group, definition, options)
    baseline = next(iter(results.values()))
    print(f"\n{group}: {options.rows:,} rows; ratio to the first, then the figure itself\n")
    print("| | " + " | ".join(results) + " |")
    print("|---" * (len(results) + 1) + "|")
    for question in baseline:
        cells = [
            f"{figures[question] / baseline[question]:.2f} ({figures[question]:.4g})"
            for figures in results.values()
        ]
        print(f"| {question} | " + " | ".join(cells) + " |", flush=True)


def measure(clickhouse, group: str, definition: tuple[str, ...], options) -> dict[str, float]:
    key, attributes, indexes, table_settings = definition
    columns = COLUMNS.format(attributes=attributes, resource=MAP)
    clickhouse.command("DROP TABLE IF EXISTS candidate")
    clickhouse.command(
        f"CREATE TABLE candidate ({columns}{', ' + indexes if indexes else ''})"
        f" ENGINE = MergeTree PARTITION BY toDate(timestamp) ORDER BY ({key})"
        + (f" SETTINGS {table_settings}" if table_settings else "")
    )
    select = "SELECT * FROM source"
    if attributes != MAP:
        select = "SELECT * REPLACE (toJSONString(attributes)::JSON AS attributes) FROM source"
    started = time.process_time()
    clickhouse.command(f"INSERT INTO candidate {select}", query_settings={"max_threads": 1})
    figures = {"insert, s": time.process_time() - started}
    started = time.process_time()
    clickhouse.command("OPTIMIZE TABLE candidate FINAL")
    figures["merge, s"] = time.process_time() - started
    ((figures["bytes per row"],),) = clickhouse.rows(
        "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts"
        " WHERE active AND table = 'candidate' AND database = currentDatabase()"
    )
    for question, sql in QUESTIONS[group].items():
        for name, path in ATTRIBUTES.items():
            column = (
                f"attributes['{path}']"
                if attributes == MAP
                else "attributes." + ".".join(f"`{part}`" for part in path.split("."))
            )
            sql = sql.replace(f"%({name})s", column)
        times = []
        for _ in range(options.repeat):
            started = time.process_time()
            clickhouse.rows(
                sql.replace("{t}", "candidate"), query_settings={"use_query_condition_cache": 0}
            )
            times.append(time.process_time() - started)
        figures[f"{question}, ms"] = statistics.median(times) * 1000
    return figures


if __name__ == "__main__":
    main()
