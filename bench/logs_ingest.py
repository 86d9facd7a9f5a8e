"""Log ingestion, from the first request until every line is readable.

    python -m bench.logs_ingest [--seconds 20] [--batch 500] [--connections 4] [--json]
                                [--database-url postgres://…]

The baseline, in the same run: the same rows, as finished JSON lines, put straight into an embedded
ClickHouse in blocks of 10,000 by one thread that does nothing else. `ratio` is what the whole
server reaches of it.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psutil
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from bench.ingestion import drain
from bench.server import ROOT, serving
from logs import otlp
from tests.logs.exporting import export_request, nanoseconds

BASELINE_ROWS = 100_000
DISTINCT_BODIES = 40
WORDS = ["cart", "order", "stock", "user", "card", "invoice", "session", "search", "payment"]


def batch(size: int, random: random.Random) -> bytes:
    """A batch as an SDK sends it: six attributes a record, trace ids, lines of 60 to 200 bytes."""
    records = [
        {
            "time_unix_nano": nanoseconds(random.random() * 60),
            "severity_number": random.choice([9, 9, 9, 9, 5, 13, 17]),
            "body": f"{random.choice(WORDS)} {random.getrandbits(64):016x} handled in "
            f"{random.randint(1, 900)} ms for {random.choice(WORDS)} of client 10.0.0."
            f"{random.randint(1, 250)}" + " retrying" * random.randint(0, 12),
            "trace_id": random.randbytes(16),
            "span_id": random.randbytes(8),
            "attributes": {
                "http.method": random.choice(["GET", "POST"]),
                "http.route": f"/api/{random.choice(WORDS)}/:id",
                "http.status_code": random.choice([200, 200, 404, 500]),
                "user.id": str(random.randint(1, 50_000)),
                "order.id": f"ord_{random.getrandbits(40):x}",
                "duration_ms": random.random() * 900,
            },
        }
        for _ in range(size)
    ]
    resource = {
        "service.name": random.choice(["checkout", "billing", "gateway"]),
        "host.name": f"host-{random.randint(1, 20)}",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.version": "1.45.2",
        "deployment.environment": "production",
    }
    return export_request(*records, resource=resource).SerializeToString()


def as_json(body: bytes) -> bytes:
    request = MessageToDict(ExportLogsServiceRequest.FromString(body))
    for resource_logs in request["resourceLogs"]:
        for scope_logs in resource_logs["scopeLogs"]:
            for record in scope_logs["logRecords"]:
                record |= {"traceId": "ab" * 16, "spanId": "cd" * 8}
    return json.dumps(request).encode()


async def send(url: str, token: str, bodies: list[bytes], kind: str, args) -> dict:
    """Closed loop: every connection sends the next batch when the last one is answered."""
    target = urlsplit(url)
    head = (
        f"POST /v1/logs HTTP/1.1\r\nHost: {target.netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: "
    )
    requests = [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]
    answers: Counter = Counter()
    latencies: list[float] = []
    deadline = time.monotonic() + args.seconds

    async def connection(number: int) -> None:
        reader, writer = await asyncio.open_connection(target.hostname, target.port)
        index = number
        while time.monotonic() < deadline:
            started = time.monotonic()
            writer.write(requests[index % len(requests)])
            await writer.drain()
            answer = await reader.readuntil(b"\r\n\r\n")
            headers = answer.lower()
            length = int(headers.split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            answers[int(answer.split(b" ", 2)[1])] += 1
            latencies.append(time.monotonic() - started)
            index += args.connections
        writer.close()

    await asyncio.gather(*(connection(number) for number in range(args.connections)))
    latencies.sort()
    return {
        "answers": dict(answers),
        "accepted": answers[200] * args.batch,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[len(latencies) * 99 // 100] * 1000,
    }


def baseline(bodies: list[bytes]) -> tuple[float, float]:
    """Rows per second, and processor seconds per row, of ClickHouse alone."""
    code = (
        "import sys, time, django; django.setup();"
        "import clickhouse, clickhouse.schema; clickhouse.schema.apply();"
        "lines = sys.stdin.buffer.read().splitlines();"
        "started, cpu = time.monotonic(), time.process_time();"
        "[clickhouse.insert('logs', b'\\n'.join(lines[i:i + 10_000]))"
        " for i in range(0, len(lines), 10_000)];"
        "print(len(lines) / (time.monotonic() - started),"
        " (time.process_time() - cpu) / len(lines)); clickhouse.close()"
    )
    lines: list[bytes] = []
    while len(lines) < BASELINE_ROWS:
        for body in bodies:
            lines += otlp.decode(
                body,
                "application/x-protobuf",
                project_id=1,
                retention_days=30,
                received_at=datetime.now(UTC),
                max_bytes=len(body),
            ).lines
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        result = subprocess.run(
            [sys.executable, "-c", code],
            input=b"\n".join(lines[:BASELINE_ROWS]),
            env={
                **os.environ,
                "DATA_DIR": folder,
                "PYTHONPATH": str(ROOT),
                "DJANGO_SETTINGS_MODULE": "posthog_clone.settings",
            },
            check=True,
            capture_output=True,
        )
    per_second, cpu = result.stdout.split()
    return float(per_second), float(cpu)


def stored(server) -> int:
    request = urllib.request.Request(
        f"{server.url}/api/projects/{server.project_id}/logs/count/",
        json.dumps({"query": {}}).encode(),
        {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["count"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--database-url")
    args = parser.parse_args()
    environment = {"DATABASE_URL": args.database_url} if args.database_url else {}

    source = random.Random(1)
    bodies = [batch(args.batch, source) for _ in range(DISTINCT_BODIES)]
    alone, alone_cpu = baseline(bodies)
    kind = "application/x-protobuf"
    if args.json:
        bodies, kind = [as_json(body) for body in bodies], "application/json"
    with serving(**environment) as server:
        process = psutil.Process(server.pid)
        cpu = process.cpu_times()
        started = time.monotonic()
        sent = asyncio.run(send(server.url, server.token, bodies, kind, args))
        sending = time.monotonic() - started
        drained = drain(server)
        took = time.monotonic() - started
        after = process.cpu_times()
        count = stored(server)
        spent = after.user + after.system - cpu.user - cpu.system
        print(
            f"{args.batch} records a request, {args.connections} connections, {kind}: "
            f"{sent['accepted'] / sending:,.0f} accepted/s, {count / took:,.0f} stored/s until "
            f"all are readable, ratio {count / took / alone:.2f} of ClickHouse alone "
            f"({alone:,.0f}/s)\n"
            f"  {spent / count * 1e6:.0f} µs of server CPU per record, "
            f"{spent / count / alone_cpu:.1f} times ClickHouse's alone ({alone_cpu * 1e6:.0f} µs); "
            f"p50 {sent['p50_ms']:.0f} ms, p99 {sent['p99_ms']:.0f} ms; drained in {drained:.1f} s;"
            f" {server.resident_mb():.0f} MB resident; accepted {sent['accepted']:,}, stored "
            f"{count:,}, answers {sent['answers']}, "
            f"{server.disk_bytes() / count:.0f} bytes of disk per record"
        )


if __name__ == "__main__":
    main()
