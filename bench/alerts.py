"""A thousand alerts that are due at once, and a page of a hundred.

   python -m bench.alerts [--events 100000] [--alerts 1000] [--database-url postgres://…]

Each alert is on an insight of its own, a trend by hour over one of ten events with a filter that
no other has, and belongs to one project, which one worker checks at a time. `ratio` is the sweep's
time over that of the same trends asked one after the other, with nothing around them, in the same
process; for the page, over that of a list view that reads nothing.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from bench.pages import median_ms
from bench.server import ROOT, serving

NAMES = 10


def fill(events: int, alerts: int) -> None:
    """Events of the last thirty days, insights and alerts on them."""
    import django

    django.setup()
    import clickhouse
    from alerts.models import Alert, Threshold
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
    insights = Insight.objects.bulk_create(
        Insight(project=project, name=f"Trend {n}", query=trend(n)) for n in range(alerts)
    )
    thresholds = Threshold.objects.bulk_create(
        Threshold(
            project=project,
            insight=insight,
            configuration={"type": "absolute", "bounds": {"lower": 0, "upper": 10**9}},
        )
        for insight in insights
    )
    Alert.objects.bulk_create(
        Alert(
            project=project,
            insight=insight,
            threshold=threshold,
            name=f"Alert {n}",
            condition={"type": "absolute_value"},
            config={"type": "TrendsAlertConfig", "series_index": 0},
            calculation_interval="hourly",
        )
        for n, (insight, threshold) in enumerate(zip(insights, thresholds, strict=True))
    )
    clickhouse.close()


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
    """Check everything that is due, then ask the same trends bare."""
    import django

    django.setup()
    from django.utils import timezone

    import clickhouse
    from alerts.checking import check_due
    from alerts.models import Alert, AlertCheck
    from alerts.questions import question_of
    from clickhouse import schema
    from hogql import kinds

    schema.apply()
    now = timezone.now()
    rows = Alert.objects.select_related("project", "insight")
    queries = [(row.project, question_of(row.insight.query).since(2)) for row in rows]
    for project, query in queries[:20]:
        kinds.answer(project, query, kinds.Run(now=now))

    started = time.perf_counter()
    while check_due(timezone.now()):
        pass
    checked = time.perf_counter() - started
    wrong = AlertCheck.objects.exclude(state="Not firing").count()
    assert AlertCheck.objects.count() == len(queries), "Not every alert was checked once."
    assert not wrong, f"{wrong} checks went wrong."

    started = time.perf_counter()
    for project, query in queries:
        kinds.answer(project, query, kinds.Run(now=now))
    bare = time.perf_counter() - started
    print(
        f"  {len(queries)} checks in {checked:.1f} s, {len(queries) / checked:.0f}/s, "
        f"ratio {checked / bare:.2f} of the trends alone",
        flush=True,
    )
    clickhouse.close()


def measure(events: int, alerts: int, environment: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        env = {**environment, "DATA_DIR": directory, "DJANGO_SETTINGS_MODULE": "bench.settings"}
        with serving(Path(directory), **env) as server:
            key = server.key  # made once, and known only now
        print(f"{events:,} events, {alerts:,} alerts")
        for step in (["--fill"], ["--sweep"]):
            subprocess.run(
                [sys.executable, "-m", "bench.alerts", *step]
                + ["--events", str(events), "--alerts", str(alerts)],
                env={**os.environ, "LOG_LEVEL": "WARNING", **env},
                cwd=ROOT,
                check=True,
            )
        with serving(Path(directory), **env) as server, requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {key}"
            for path in ("noop/", "alerts/?limit=100"):
                median_ms(session, server, path, 3)
            baseline = median_ms(session, server, "noop/", 40)
            page = median_ms(session, server, "alerts/?limit=100", 40)
            print(
                f"  a page of 100: {page:.1f} ms, ratio {page / baseline:.2f} of the no-op's "
                f"{baseline:.1f} ms"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--alerts", type=int, default=1_000)
    parser.add_argument("--database-url")
    parser.add_argument("--fill", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--sweep", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.fill:
        fill(args.events, args.alerts)
    elif args.sweep:
        sweep()
    else:
        url = {"DATABASE_URL": args.database_url} if args.database_url else {}
        measure(args.events, args.alerts, url)


if __name__ == "__main__":
    main()
