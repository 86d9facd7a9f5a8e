"""A page of 100 issues, events or persons against a list view that reads nothing.

    python -m bench.pages [--rows 1000 1000000] [--requests 60] [--database-url postgres://…]

Fills a fresh server directly, then asks for each page over HTTP in turn with the baseline: the
same key, the same project checks, 100 constant rows through a serializer. `ratio` is the page's
median over the baseline's in the same run.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from bench.server import ROOT, Server, serving

PAGES = {
    "issues": "error_tracking/issues/?limit=100",
    "events": "events/?limit=100",
    "persons": "persons/?limit=100",
    "issues, page 6": "error_tracking/issues/?limit=100&offset=500",
    "events of one name": "events/?limit=100&event=$pageview",
}
CHUNK = 20_000


def fill(rows: int) -> None:
    """Issues with fingerprints, persons with distinct ids, and events: `rows` of each."""
    import django

    django.setup()
    from datetime import UTC, datetime, timedelta

    from uuid_utils.compat import uuid7

    import clickhouse
    from clickhouse import schema
    from error_tracking.models import Fingerprint, Issue
    from persons.models import Person, PersonDistinctId, person_uuid
    from projects.models import Project

    project = Project.objects.get()
    schema.apply()
    now = datetime.now(UTC)
    for start in range(0, rows, CHUNK):
        numbers = range(start, min(start + CHUNK, rows))
        issues = [
            Issue(id=uuid7(), project=project, name=f"Error {n}", description="It failed")
            for n in numbers
        ]
        Issue.objects.bulk_create(issues)
        Fingerprint.objects.bulk_create(
            Fingerprint(project=project, issue=issue, fingerprint=f"print {n}", first_seen=now)
            for n, issue in zip(numbers, issues, strict=True)
        )
        persons = Person.objects.bulk_create(
            Person(
                project=project,
                uuid=person_uuid(project.id, f"user {n}"),
                properties={"email": f"user{n}@example.com", "plan": "pro", "visits": n},
                created_at=now - timedelta(seconds=n),
            )
            for n in numbers
        )
        PersonDistinctId.objects.bulk_create(
            PersonDistinctId(project=project, person=person, distinct_id=f"user {n}")
            for n, person in zip(numbers, persons, strict=True)
        )
    clickhouse.command(
        """
        INSERT INTO events (team_id, timestamp, uuid, event, distinct_id, person_id, properties)
        SELECT {project:Int64}, now64(6) - toIntervalMillisecond(number * 100), generateUUIDv4(),
            if(number % 3 = 0, '$pageview', 'clicked'), 'user ' || toString(number),
            generateUUIDv4(),
            '{"$browser":"Firefox","$os":"Linux","$current_url":"https://example.com/'
                || toString(number) || '","n":' || toString(number) || '}'
        FROM numbers({rows:UInt64})
        """,
        project=project.id,
        rows=rows,
    )
    clickhouse.close()


def median_ms(session: requests.Session, server: Server, path: str, count: int) -> float:
    url = f"{server.url}/api/environments/{server.project_id}/{path}"
    times = []
    for _ in range(count):
        started = time.perf_counter()
        answer = session.get(url)
        times.append(time.perf_counter() - started)
        answer.raise_for_status()
    assert len(answer.json()["results"]) == 100, answer.text[:200]
    return statistics.median(times) * 1000


def measure(rows: int, requests_: int, environment: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        env = {**environment, "DATA_DIR": directory, "DJANGO_SETTINGS_MODULE": "bench.settings"}
        with serving(Path(directory), **env) as server:
            key = server.key  # made once, and known only now
        started = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "bench.pages", "--fill", str(rows)],
            env={**os.environ, **env},
            cwd=ROOT,
            check=True,
        )
        print(f"{rows:,} issues, events and persons (made in {time.monotonic() - started:.0f} s)")
        with serving(Path(directory), **env) as server, requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {key}"
            for path in ["noop/", *PAGES.values()]:
                median_ms(session, server, path, 3)
            for name, path in PAGES.items():
                baseline = median_ms(session, server, "noop/", requests_)
                page = median_ms(session, server, path, requests_)
                print(
                    f"  {name}: {page:.1f} ms, ratio {page / baseline:.2f} "
                    f"of the no-op's {baseline:.1f} ms",
                    flush=True,
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 1_000_000])
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--database-url")
    parser.add_argument("--fill", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.fill:
        fill(args.fill)
        return
    for rows in args.rows:
        measure(
            rows,
            args.requests,
            {"DATABASE_URL": args.database_url} if args.database_url else {},
        )


if __name__ == "__main__":
    main()
