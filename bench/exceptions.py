"""Error tracking: what rules and maps cost ingestion, issues against raw SQL, a large upload.

    python -m bench.exceptions [--only ingestion|issues|upload] [--events 1000000]

Each part prints a ratio, or a growth, of one run:

- ingestion: exceptions a second with 20 live rules of each kind and frames that a source map
  resolves, over those of the same stacks without rules and maps. Rounds take turns, and a second is
  one of processor time.
- issues: 50 issues with sparklines over the API against the raw aggregates, on `--events`
  exceptions of 10,000 issues, made in the store. Both take turns; what counts is the processor time
  of the process, which the store runs in. By all orders, of few issues, and after persons and
  fingerprints were moved.
- upload: how much the server grows while it takes a source map of 50 MB.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from uuid import uuid4

ISSUES = 10_000
SHOWN = 50
RULES = 20
FRAMES = 15
KINDS_OF_EXCEPTIONS = 50
BATCH = 300
SPREAD = 6 * 24 * 60 * 60 * 1000
"""Milliseconds that the exceptions of a project are spread over: all of them are asked for."""
UPLOAD_BYTES = 50 * 1024 * 1024
FILL = """
    INSERT INTO events (
        team_id, timestamp, uuid, event, distinct_id, person_id, person_mode, properties,
        session_id, issue_id, fingerprint, created_at
    )
    SELECT {project:Int64},
        now64(6) - toIntervalMillisecond(intDiv(number * {spread:UInt64}, {events:UInt64})) AS at,
        generateUUIDv4(), '$exception', 'user ' || toString(number % 5000),
        toUUID('00000000-0000-0000-0000-' || leftPad(toString(number % 5000), 12, '0')), 'full',
        '{"$lib":"web","$exception_types":["TypeError"],"$exception_values":["x is not a '
            || 'function"],"$exception_sources":["src/app.ts","src/cart.ts"],'
            || '"$session_id":"s' || toString(number % 20000) || '","$browser":"Chrome",'
            || '"$current_url":"https://shop.example.com/' || toString(number % 100) || '"}',
        's' || toString(number % 20000),
        toUUID('00000000-0000-0000-0000-' || leftPad(toString(number % {issues:UInt64}), 12, '0')),
        lower(hex(SHA512(toString(number % {issues:UInt64})))), at
    FROM numbers({events:UInt64})
"""
AGGREGATES = """
    SELECT issue_id, count() AS occurrences, uniqExact(person_id), uniqExact(session_id),
        min(timestamp), max(timestamp)
    FROM events
    WHERE team_id = {project:Int64} AND event = '$exception' AND issue_id IS NOT NULL
        AND timestamp >= now() - toIntervalDay(7)
    GROUP BY issue_id ORDER BY occurrences DESC LIMIT 50
"""
SPARKLINES = """
    SELECT issue_id, toStartOfInterval(timestamp, INTERVAL 7 HOUR) AS bucket, count()
    FROM events
    WHERE team_id = {project:Int64} AND event = '$exception'
        AND timestamp >= now() - toIntervalDay(7) AND issue_id IN {ids:Array(UUID)}
    GROUP BY issue_id, bucket
"""


PERSONS_MOVED = """
    INSERT INTO person_distinct_id_overrides (team_id, distinct_id, person_id, is_deleted, version)
    SELECT {project:Int64}, 'user ' || toString(number), generateUUIDv4(), 0, 1 FROM numbers(500)
"""
FINGERPRINT_MOVED = """
    INSERT INTO issue_fingerprint_overrides (team_id, fingerprint, issue_id, version)
    SELECT {project:Int64}, {name:String}, {issue:UUID}, 1
"""


def in_turn(*calls, times: int = 7) -> list[float]:
    """The median of what each takes, in milliseconds of processor time."""
    found = [[] for _ in calls]
    for round_ in range(times + 1):
        for call, taken in zip(calls, found, strict=True):
            started = time.process_time()
            call()
            if round_:
                taken.append((time.process_time() - started) * 1000)
    return [statistics.median(taken) for taken in found]


def new_project(name: str):
    from projects.models import Organization, Project

    organization = Organization.objects.create(name=name, slug=name)
    return Project.objects.create(organization=organization, name=name)


# Ingestion


def source_map() -> tuple[bytes, bytes]:
    """A minified script of many functions on one line, and its map."""
    import json

    names, script, segments, column = [], "", [], 0
    for number in range(400):
        text = f"function f{number}(a){{return a.b{number}.c}}"
        names.append(f"priceOfItem{number}")
        # At each function's name and body: its own line of the source.
        for offset, moved in ((9, 2 if number else 0), (9 + len(f"f{number}(a){{"), 1)):
            at = len(script) + offset
            fields = [at - column, 0, moved if segments else 0, 0]
            fields += [1 if number else 0] if offset == 9 else []
            segments.append("".join(map(vlq, fields)))
            column = at
        script += text
    body = {
        "version": 3,
        "sources": ["src/cart.ts"],
        "sourcesContent": ["const price = order.items.length;\n" * 1300],
        "names": names,
        "mappings": ",".join(segments),
    }
    return script.encode(), json.dumps(body).encode()


def vlq(number: int) -> str:
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    rest = number << 1 if number >= 0 else (-number << 1) | 1
    text = ""
    while True:
        rest, low = rest >> 5, rest & 31
        text += digits[low | 32 if rest else low]
        if not rest:
            return text


def exceptions(count: int, chunk_id: str | None) -> list[dict]:
    from datetime import UTC, datetime

    now = datetime.now(UTC).isoformat()
    events = []
    for number in range(count):
        kind = number % KINDS_OF_EXCEPTIONS
        frames = [
            {
                "platform": "web:javascript",
                "filename": "https://shop.example.com/app.js",
                "function": f"f{kind}",
                "lineno": 1,
                "colno": 10 + 37 * (kind * 7 + depth) % 9000,
                "in_app": depth > 5,
                **({"chunk_id": chunk_id} if chunk_id else {}),
            }
            for depth in range(FRAMES)
        ]
        entry = {
            "type": f"Type{kind}Error",
            "value": f"the order {number} can't be paid",
            "mechanism": {"handled": False},
            "stacktrace": {"type": "raw", "frames": frames},
        }
        events.append(
            {
                "uuid": str(uuid4()),
                "event": "$exception",
                "distinct_id": f"user {number % 100}",
                "timestamp": now,
                "properties": {
                    "$exception_list": [entry],
                    "$lib": "web",
                    "$browser": "Chrome",
                    "$current_url": f"https://shop.example.com/cart/{number}",
                    "$session_id": str(uuid4()),
                },
            }
        )
    return events


def make_rules(project) -> None:
    """Rules that most exceptions are held against in vain, as most rules are."""
    from error_tracking.models import Rule

    for number in range(RULES):
        leaves = [
            leaf("$exception_types", "exact", [f"Nothing{number}", f"Nobody{number}"]),
            leaf("$exception_values", "icontains", f"absent {number}"),
            leaf("$current_url", "regex", f"/admin/{number}/.*"),
        ]
        group = {"type": "OR", "values": [{"type": "AND", "values": [each]} for each in leaves]}
        Rule.objects.bulk_create(
            Rule(project=project, kind=kind, filters=group, order_key=number, severity="high")
            for kind in Rule.Kind.values
        )


def leaf(key: str, operator: str, value) -> dict:
    return {"key": key, "type": "event", "operator": operator, "value": value}


def upload_map(project, chunk_id: str) -> None:
    from django.core.files.base import ContentFile

    from error_tracking.symbol_data import write_source_and_map
    from error_tracking.symbol_sets import upload_at_once

    upload_at_once(project, chunk_id, None, ContentFile(write_source_and_map(*source_map())))


def bench_ingestion(rounds: int = 6) -> None:
    from datetime import UTC, datetime

    from error_tracking.models import StackFrame
    from ingestion import queue
    from ingestion.worker import Worker

    plain, full = new_project("plain"), new_project("full")
    chunk_id = str(uuid4())
    make_rules(full)
    upload_map(full, chunk_id)
    worker = Worker()

    def rate(project, chunk: str | None) -> float:
        events = exceptions(2 * BATCH, chunk)
        for start in range(0, len(events), 50):
            queue.put(project.id, events[start : start + 50], datetime.now(UTC))
        started = time.process_time()
        worker.drain()
        return len(events) / (time.process_time() - started)

    rates: dict[str, list[float]] = {"plain": [], "full": []}
    for number in range(rounds):
        of_plain, of_full = rate(plain, None), rate(full, chunk_id)
        if number:  # the first round resolves the frames
            rates["plain"].append(of_plain)
            rates["full"].append(of_full)
    resolved = StackFrame.objects.filter(project=full, resolved=True).count()
    assert resolved, "no frame was resolved"
    without, with_rules = map(statistics.median, (rates["plain"], rates["full"]))
    print(
        f"ingestion: {with_rules:.0f} exceptions/s with {RULES} rules of each kind and "
        f"{resolved} mapped frames, ratio {with_rules / without:.2f} of {without:.0f}/s without",
        flush=True,
    )


# Issues


def bench_issues(events: int) -> None:
    from hashlib import sha512
    from uuid import UUID

    from django.utils import timezone
    from rest_framework.test import APIClient

    import clickhouse
    from error_tracking.models import Fingerprint, Issue
    from projects.models import OrganizationMembership, PersonalAPIKey, User

    project = new_project("issues")
    user = User.objects.create_user(f"{uuid4()}@example.com")
    OrganizationMembership.objects.create(organization=project.organization, user=user)
    key = PersonalAPIKey(user=user, label="bench", scopes=["*"])
    value = key.set_new_value()
    key.save()
    now = timezone.now()
    issues = [
        Issue(
            id=UUID(int=int(f"{n:012d}", 16)),
            project=project,
            name=f"Error {n}",
            status="resolved" if n % 100 == 0 else "active",
        )
        for n in range(ISSUES)
    ]
    Issue.objects.bulk_create(issues)
    fingerprints = [
        Fingerprint(
            project=project,
            issue=issue,
            fingerprint=sha512(str(n).encode()).hexdigest(),
            first_seen=now,
        )
        for n, issue in enumerate(issues)
    ]
    Fingerprint.objects.bulk_create(fingerprints)
    clickhouse.command(FILL, project=project.id, issues=ISSUES, events=events, spread=SPREAD)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {value}")

    def ask(**body):
        r = client.post(
            f"/api/projects/{project.id}/error_tracking/query/issues/",
            {"limit": SHOWN, "volumeResolution": 24, "filterTestAccounts": False, **body},
            format="json",
        )
        assert len(r.json()["results"]) == min(SHOWN, events), r.content[:500]

    def raw():
        rows = clickhouse.rows(AGGREGATES, project=project.id)
        clickhouse.rows(SPARKLINES, project=project.id, ids=[str(row[0]) for row in rows])

    def compare(name: str, **body):
        least, took = in_turn(raw, lambda: ask(**body))
        print(
            f"issues, {name}: {took:.0f} ms for {SHOWN} with sparklines, of {events:,} exceptions, "
            f"ratio {(took - 20) / least:.2f} (less 20 ms) of the {least:.0f} ms of raw SQL",
            flush=True,
        )

    compare("as asked by default")
    for order in ("users", "last_seen", "first_seen"):
        compare(f"by {order}", orderBy=order)
    compare("the few resolved", status="resolved")
    clickhouse.command(PERSONS_MOVED, project=project.id)
    compare("500 persons merged")
    moved, into = fingerprints[:2]
    clickhouse.command(
        FINGERPRINT_MOVED, project=project.id, name=moved.fingerprint, issue=str(into.issue_id)
    )
    Fingerprint.objects.filter(id=moved.id).update(issue=into.issue_id, moved_at=now)
    compare("issues merged, too")


# Upload


def bench_upload() -> None:
    import requests

    from bench.server import serving

    with serving(DJANGO_SETTINGS_MODULE="bench.settings") as server:
        base = f"{server.url}/api/projects/{server.project_id}/error_tracking/symbol_sets"
        headers = {"Authorization": f"Bearer {server.key}"}

        def upload(chunk_id: str, data: bytes) -> None:
            body = {"symbol_sets": [{"chunk_id": chunk_id, "content_hash": "h"}]}
            started = requests.post(f"{base}/bulk_start_upload", json=body, headers=headers)
            upload = started.json()["id_map"][chunk_id]
            form = upload["presigned_url"]
            sent = requests.post(form["url"], data=form["fields"], files={"file": ("file", data)})
            sent.raise_for_status()
            hashes = {"content_hashes": {upload["symbol_set_id"]: "h"}}
            finished = requests.post(f"{base}/bulk_finish_upload", json=hashes, headers=headers)
            finished.raise_for_status()

        upload("small", b"x" * 1000)
        before = server.resident_mb()
        peak = Peak(server)
        upload("large", os.urandom(1024 * 1024) * (UPLOAD_BYTES // 1024 // 1024))
        print(
            f"upload: {UPLOAD_BYTES // 1024 // 1024} MB let the server of {before:.0f} MB grow by "
            f"{peak.stop() - before:.1f} MB at most, {server.resident_mb() - before:.1f} MB after",
            flush=True,
        )


class Peak(threading.Thread):
    """The most memory that a server has for a while."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.most, self.ended = server, 0.0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self.ended.wait(0.005):
            self.most = max(self.most, self.server.resident_mb())

    def stop(self) -> float:
        self.ended.set()
        self.join()
        return self.most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=["ingestion", "issues", "upload"])
    parser.add_argument("--events", type=int, default=1_000_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        os.environ["DATA_DIR"] = directory
        os.environ["LOG_LEVEL"] = "WARNING"
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthog_clone.settings")
        if args.only in (None, "upload"):
            bench_upload()
        if args.only != "upload":
            in_process(Path(directory), args)


def in_process(directory: Path, args: argparse.Namespace) -> None:
    import django

    django.setup()

    import clickhouse
    from clickhouse import schema
    from ingestion import queue
    from posthog_clone.stores import open_database

    open_database()
    if queue.is_apart():
        queue.open_apart()
    schema.apply()
    if args.only in (None, "ingestion"):
        bench_ingestion()
    if args.only in (None, "issues"):
        bench_issues(args.events)
    clickhouse.close()


if __name__ == "__main__":
    main()
