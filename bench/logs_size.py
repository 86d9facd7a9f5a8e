"""Bytes of disk that a log record takes, against its size as OTLP JSON.

    python -m bench.logs_size [--records 200000]

The records of `bench/logs_ingest.py`, each one different, put into the table and merged. Sizes
don't depend on the machine or on what else it does.
"""

import argparse
import os
import random
import tempfile
from datetime import UTC, datetime

BATCH = 500
COLUMNS = """
SELECT name, bytes FROM (
    SELECT column AS name, sum(column_data_compressed_bytes) AS bytes FROM system.parts_columns
    WHERE active AND table = 'logs' AND database = currentDatabase() GROUP BY column
    UNION ALL
    SELECT 'filter ' || name AS name, data_compressed_bytes AS bytes
    FROM system.data_skipping_indices WHERE table = 'logs' AND database = currentDatabase()
) ORDER BY bytes DESC
"""
TOTAL = (
    "SELECT sum(bytes_on_disk) FROM system.parts"
    " WHERE active AND table = 'logs' AND database = currentDatabase()"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=200_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ |= {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "posthog_clone.settings"}
        measure(args.records)


def measure(records: int) -> None:
    import django

    django.setup()
    import clickhouse
    from bench.logs_ingest import as_json, batch
    from clickhouse import schema
    from logs import otlp

    schema.apply()
    source = random.Random(1)
    as_sent = 0
    lines: list[bytes] = []
    for _ in range(records // BATCH):
        body = batch(BATCH, source)
        as_sent += len(as_json(body))
        lines += otlp.decode(
            body,
            "application/x-protobuf",
            project_id=1,
            retention_days=30,
            received_at=datetime.now(UTC),
            max_bytes=len(body),
        ).lines
    for start in range(0, len(lines), 10_000):
        clickhouse.insert("logs", b"\n".join(lines[start : start + 10_000]))
    clickhouse.command("OPTIMIZE TABLE logs FINAL")
    ((total,),) = clickhouse.rows(TOTAL)
    print(
        f"{len(lines):,} records: {total / len(lines):.1f} bytes of disk each, "
        f"{total / as_sent:.1%} of {as_sent / len(lines):.0f} as OTLP JSON\n"
    )
    for name, size in clickhouse.rows(COLUMNS):
        print(f"{size / len(lines):8.2f}  {name}")
    clickhouse.close()


if __name__ == "__main__":
    main()
