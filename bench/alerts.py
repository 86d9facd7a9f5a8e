"""A thousand alerts that are due at once, and a page of a hundred.

   python -m bench.alerts [--events 1000000] [--alerts 1000] [--insights 100] [--database-url …]

The alerts belong to one project, which one worker checks at a time, and are spread over its
insights: trends by hour over one of ten events with a filter that no other has. Alerts of one
insight differ in what they compare and in their bounds. `ratio` is the sweep's time over that of
the insights' trends asked once each, one after the other, with nothing around them, in the same
process: wall time and processor time, which includes the embedded ClickHouse's threads. For the
page it is the server's processor time over that of a list view that reads nothing.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import requests

from bench.measuring import usage
from bench.pages import median_ms
from bench.server import ROOT, Server, serving

NAMES = 10
CONDITIONS = ("absolute_value", "relative_increase", "relative_decrease")


def fill(events: int, alerts: int, insights: int) -> None:
    """Events of the last thirty days, insights and alerts on them."""
    import django

    django.setup()
    import clickhouse
    from clickhouse import schema
    from insights.models import Insight
    from projects.models import Project

    project = Project.objects.get()
    schema.apply()
    clickhouse.command(
        """
        INSERT INTO events (team_id, timestamp, uuid, event, distinct_id, person_id, properties)
        SELECT {project:Int64}, now64(6) - toIntervalMillisecond(number * {apart:UInt64}),
            generateUUIDv4(), 'event ' || toString(number % {names:UInt8}),
            'user ' || toString(number % 5000), generateUUIDv4(),
            '{"$browser":"Firefox","$os":"Linux","$current_url":"https://example.com/'
                || toString(number) || '","n":' || toString(number % 1000) || '}'
        FROM numbers({events:UInt64})
        """,
        project=project.id,
        events=events,
        apart=30 * 86_400_000 // events,
        names=NAMES,
    )
    made = Insight.objects.bulk_create(
        Insight(project=project, name=f"Trend {n}", query=trend(n)) for n in range(insights)
    )
    add_alerts(project, [made[n % insights] for n in range(alerts)])
    clickhouse.close()


def add_alerts(project, insights: list) -> None:
    """One on each, none of which fires."""
    from alerts.models import Alert, Threshold

    thresholds = Threshold.objects.bulk_create(
        Threshold(
            project=project,
            insight=insight,
            configuration={"type": "absolute", "bounds": {"lower": -(10**9), "upper": 10**9 + n}},
        )
        for n, insight in enumerate(insights)
    )
    Alert.objects.bulk_create(
        Alert(
            project=project,
            insight=threshold.insight,
            threshold=threshold,
            name=f"Alert {n}",
            condition={"type": CONDITIONS[n % len(CONDITIONS)]},
            config={"type": "TrendsAlertConfig", "series_index": 0},
            calculation_interval="hourly",
        )
        for n, threshold in enumerate(thresholds)
    )


def trend(number: int) -> dict:
    node = {
        "kind": "EventsNode",
        "event": f"event {number % NAMES}",
        "properties": [
            {"key": "n", "type": "event", "operator": "lt", "value": str(number // NAMES)}
        ],
    }
    return {"kind": "TrendsQuery", "series": [node], "interval": "hour"}


def sweep() -> None:
    """Check everything that is due, then ask the insights' trends bare."""
    import django

    django.setup()
    from django.utils import timezone

    import clickhouse
    from alerts.checking import check_due
    from alerts.models import Alert, AlertCheck
    from alerts.questions import question_of
    from clickhouse import schema
    from hogql import kinds
    from insights.models import Insight

    schema.apply()
    now = timezone.now()
    rows = Insight.objects.select_related("project")
    queries = [(row.project, question_of(row.query).since(3)) for row in rows]
    for project, query in queries[:20]:
        kinds.answer(project, query, kinds.Run(now=now))

    def check_all() -> None:
        while check_due(timezone.now()):
            pass

    def ask_all() -> None:
        for project, query in queries:
            kinds.answer(project, query, kinds.Run(now=now))

    checked, checked_cpu = seconds_of(check_all)
    count = Alert.objects.count()
    wrong = AlertCheck.objects.exclude(state="Not firing").count()
    assert AlertCheck.objects.count() == count, "Not every alert was checked once."
    assert not wrong, f"{wrong} checks went wrong."
    bare, bare_cpu = seconds_of(ask_all)
    print(
        f"  {count} checks in {checked:.1f} s, {count / checked:.0f}/s; {len(queries)} trends "
        f"alone in {bare:.1f} s\n  ratio {checked / bare:.2f}, of processor time "
        f"{checked_cpu / bare_cpu:.2f} ({checked_cpu:.1f} s to {bare_cpu:.1f} s)",
        flush=True,
    )
    clickhouse.close()


def seconds_of(work: Callable[[], None]) -> tuple[float, float]:
    """By the clock, and of processor time."""
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - cpu


def measure(events: int, alerts: int, insights: int, environment: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        env = {**environment, "DATA_DIR": directory, "DJANGO_SETTINGS_MODULE": "bench.settings"}
        with serving(Path(directory), **env) as server:
            key = server.key  # made once, and known only now
        print(f"{events:,} events, {alerts:,} alerts on {insights:,} insights", flush=True)
        for step in (["--fill"], ["--sweep"]):
            subprocess.run(
                [sys.executable, "-m", "bench.alerts", *step]
                + ["--events", str(events), "--alerts", str(alerts), "--insights", str(insights)],
                env={**os.environ, "LOG_LEVEL": "WARNING", **env},
                cwd=ROOT,
                check=True,
            )
        with serving(Path(directory), **env) as server, requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {key}"
            page = "alerts/?limit=100"
            for path in ("noop/", page):
                median_ms(session, server, path, 3)
            costs = [
                [cpu_ms(session, server, path, 20) for path in ("noop/", page)] for _ in range(10)
            ]
            noop, alerts_ms = (statistics.median(column) for column in zip(*costs, strict=True))
            print(
                f"  a page of 100: {alerts_ms:.1f} ms of processor time, ratio "
                f"{alerts_ms / noop:.2f} of the no-op's {noop:.1f} ms"
            )


def cpu_ms(session: requests.Session, server: Server, path: str, count: int) -> float:
    """Of the server's processor time for one request."""
    before = usage([server.pid]).cpu_seconds
    median_ms(session, server, path, count)
    return (usage([server.pid]).cpu_seconds - before) / count * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--alerts", type=int, default=1_000)
    parser.add_argument("--insights", type=int, default=100)
    parser.add_argument("--database-url")
    parser.add_argument("--fill", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--sweep", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.fill:
        fill(args.events, args.alerts, args.insights)
    elif args.sweep:
        sweep()
    else:
        url = {"DATABASE_URL": args.database_url} if args.database_url else {}
        measure(args.events, args.alerts, args.insights, url)


if __name__ == "__main__":
    main()
