"""Reading events and persons: filters against raw SQL, search against a no-op, CSV in memory.

    python -m bench.events [--events 1000000] [--persons 200000] [--requests 20]
        [--database-url postgres://…]

Pages are asked for in the process that holds the store, in turn with the raw SQL and with a no-op
page (the same key, the same project checks, 100 constant rows), so that others on the machine slow
all of them alike. `CPU` is processor time of the process with ClickHouse's and SQLite's threads,
not PostgreSQL's. Then a server exports all events as CSV while its memory is watched.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

from bench.measuring import usage
from bench.server import ROOT, Server, serving

CHUNK = 20_000
WORDS = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel")
SEARCHES = {
    "persons, search with one hit": "persons/?search=user123456@",
    "persons, search with many hits": "persons/?search=charlie",
    "persons, search without hits": "persons/?search=nobody-at-all",
    "persons, search by distinct id": "persons/?search=id 77",
    "persons, search with two letters": "persons/?search=zz",
    "persons, without a search": "persons/?limit=100",
}
FILTER = json.dumps([{"key": "plan", "value": ["pro"], "type": "event"}])
NUMBER = json.dumps([{"key": "amount", "value": 990, "operator": "gt", "type": "event"}])
PAGES = {
    "events with a filter that many satisfy": ({"properties": FILTER}, "plan = 'pro'"),
    "events with a filter that few satisfy": ({"properties": NUMBER}, "amount > 990"),
    "events of one name with a filter": (
        {"properties": FILTER, "event": "order"},
        "plan = 'pro' AND event = 'order'",
    ),
}
RAW = """
    SELECT uuid, distinct_id, properties, event, timestamp, elements_chain, person_id, person_mode
    FROM events
    WHERE team_id = {{project:Int64}} AND timestamp < now() + 5 AND {condition}
    ORDER BY timestamp DESC, uuid DESC LIMIT 101
"""
COLUMNS = {
    "plan = 'pro'": "properties_json.plan.:String = 'pro'",
    "amount > 990": "toFloat64OrNull(CAST(properties_json.amount, 'Nullable(String)')) > 990",
    "event = 'order'": "event = 'order'",
}
# As ingestion would have found them.
TYPES = {"plan": "String", "amount": "Numeric", "$browser": "String"}


def fill(persons: int, events: int) -> None:
    import django

    django.setup()
    from datetime import UTC, datetime, timedelta

    from django.db import connection

    import clickhouse
    from clickhouse import schema
    from events.models import PropertyDefinition
    from persons.models import Person, PersonDistinctId, person_uuid
    from projects.models import Project

    project = Project.objects.get()
    schema.apply()
    now = datetime.now(UTC)
    for start in range(0, persons, CHUNK):
        numbers = range(start, min(start + CHUNK, persons))
        made = Person.objects.bulk_create(
            Person(
                project=project,
                uuid=person_uuid(project.id, f"id {n}"),
                properties={
                    "email": f"user{n}@{WORDS[n % 8]}.example.com",
                    "name": f"{WORDS[n % 7]} {WORDS[n % 5]} {n}",
                    "plan": "pro",
                },
                created_at=now - timedelta(seconds=n),
            )
            for n in numbers
        )
        PersonDistinctId.objects.bulk_create(
            PersonDistinctId(project=project, person=person, distinct_id=f"id {n}")
            for n, person in zip(numbers, made, strict=True)
        )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE persons_person")  # as it does by itself, within minutes
    filling = " ".join(f', "p{n}": "value {n}"' for n in range(16))
    clickhouse.command(
        """
        INSERT INTO events (team_id, timestamp, uuid, event, distinct_id, person_id, properties)
        SELECT {project:Int64}, now64(6) - toIntervalMillisecond(number * 100), generateUUIDv4(),
            if(number % 3 = 0, 'order', 'clicked'), 'id ' || toString(number % {persons:UInt64}),
            generateUUIDv4(),
            '{"plan": "' || if(number % 4 = 0, 'pro', 'free') || '", "amount": '
                || toString(number % 1000) || ', "$browser": "Firefox"' || {filling:String} || '}'
        FROM numbers({events:UInt64})
        """,
        project=project.id,
        persons=persons,
        events=events,
        filling=filling,
    )
    PropertyDefinition.objects.bulk_create(
        PropertyDefinition(project=project, type="event", name=name, property_type=type_)
        for name, type_ in {**TYPES, **{f"p{n}": "String" for n in range(16)}}.items()
    )
    clickhouse.close()


def pages(key: str, count: int) -> None:
    """Each page's median beside those of the raw SQL and of the no-op."""
    import django

    django.setup()
    from django.test import Client

    import clickhouse
    from projects.models import Project

    project = Project.objects.get().id
    client = Client(headers={"Authorization": f"Bearer {key}"})

    def get(path: str, **params) -> None:
        answer = client.get(f"/api/environments/{project}/{path}", params)
        assert answer.status_code == 200, answer.content

    for name, path in SEARCHES.items():
        page, noop = medians(count, lambda p=path: get(p), lambda: get("noop/"))
        print(f"  {name}: {page}, the no-op {noop}: ratio {page.cpu / noop.cpu:.2f}", flush=True)
    for name, (params, condition) in PAGES.items():
        for short, sql in COLUMNS.items():
            condition = condition.replace(short, sql)
        by_hand = RAW.format(condition=condition)
        page, raw, noop = medians(
            count,
            lambda p=params: get("events/", **p),
            lambda q=by_hand: clickhouse.rows(q, project=project),
            lambda: get("noop/"),
        )
        print(
            f"  {name}: {page}, the SQL {raw}: ratio {page.cpu / raw.cpu:.2f},"
            f" {(page.cpu - noop.cpu) / raw.cpu:.2f} beyond the no-op",
            flush=True,
        )
    clickhouse.close()


@dataclass(frozen=True, slots=True)
class Median:
    """In milliseconds."""

    wall: float
    cpu: float

    def __str__(self):
        return f"{self.wall:.1f} ms ({self.cpu:.1f} CPU)"


def medians(count: int, *calls: Callable[[], object]) -> list[Median]:
    """Of calls made in turn."""
    taken = [[] for _ in calls]
    for number in range(count + 2):
        for call, times in zip(calls, taken, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            call()
            if number > 1:  # the first ones warm up
                times.append((time.perf_counter() - wall, time.process_time() - cpu))
    return [
        Median(*(1000 * statistics.median(of) for of in zip(*each, strict=True))) for each in taken
    ]


def export(session: requests.Session, server: Server, rows: int) -> None:
    """CSV of all events, while the server's memory is watched."""
    peak, stop = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not stop.wait(0.1):
            peak = max(peak, usage([server.pid]).rss)

    before = usage([server.pid]).rss
    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    url = f"{server.url}/api/environments/{server.project_id}/events.csv"
    size = lines = 0
    with session.get(url, params={"limit": rows}, stream=True, timeout=900) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_content(1 << 20):
            size += len(chunk)
            lines += chunk.count(b"\n")
    stop.set()
    watcher.join()
    print(
        f"  CSV of {lines - 1:,} events: {size / 2**20:.0f} MiB in "
        f"{time.perf_counter() - started:.0f} s; memory {before / 2**20:.0f} MiB before, "
        f"{peak / 2**20:.0f} MiB at most, {(peak - before) / 2**20:.0f} MiB more"
    )


def call(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bench.events", *arguments],
        env={**os.environ, **environment},
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def measure(arguments: argparse.Namespace, environment: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        env = {**environment, "DATA_DIR": directory, "DJANGO_SETTINGS_MODULE": "bench.settings"}
        with serving(Path(directory), **env) as server:
            key = server.key  # made once, and known only now
        started, sizes = time.monotonic(), f"{arguments.persons},{arguments.events}"
        call(env, "--fill", sizes)
        print(f"{arguments.persons:,} persons and {arguments.events:,} events", end=" ")
        print(f"(made in {time.monotonic() - started:.0f} s)")
        print(call(env, "--pages", key, "--requests", str(arguments.requests)), end="")
        with serving(Path(directory), **env) as server, requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {key}"
            export(session, server, arguments.events)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--persons", type=int, default=200_000)
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--database-url")
    parser.add_argument("--fill", help=argparse.SUPPRESS)
    parser.add_argument("--pages", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.fill:
        fill(*map(int, arguments.fill.split(",")))
    elif arguments.pages:
        pages(arguments.pages, arguments.requests)
    else:
        url = arguments.database_url
        measure(arguments, {"DATABASE_URL": url} if url else {})


if __name__ == "__main__":
    main()
