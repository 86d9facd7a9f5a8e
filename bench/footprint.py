"""How soon events are readable, and what 100,000 exceptions take: memory, and disk once merged.

    python -m bench.footprint [--events 100000] [--database-url postgres://…]

The raw JSON of the events is the baseline of the disk; the lag is measured at a steady 300 events
a second.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from uuid import uuid4

import requests

from bench.ingestion import drain, load
from bench.server import ROOT, Server, serving

SETTLE_SECONDS = 30


def readable_after(server: Server, samples: int = 10) -> list[float]:
    """Seconds from the 200 of a single event to its being read back, on an idle server."""
    session, times = requests.Session(), []
    session.headers["Authorization"] = f"Bearer {server.key}"
    for _ in range(samples):
        uuid = str(uuid4())
        event = {"api_key": server.token, "event": "seen", "distinct_id": "a", "uuid": uuid}
        session.post(f"{server.url}/i/v0/e/", json=event).raise_for_status()
        accepted = time.monotonic()
        url = f"{server.url}/api/environments/{server.project_id}/events/{uuid}/"
        while session.get(url).status_code != 200:
            time.sleep(0.01)
        times.append(time.monotonic() - accepted)
        time.sleep(0.5)
    return times


def lag_at(server: Server, rate: int, seconds: float) -> list[float]:
    """The age of the oldest event that is not readable yet, looked at while events come."""
    lags: list[float] = []
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.25):
            lags.append(server.status()["lag_seconds"])

    watching = threading.Thread(target=look)
    watching.start()
    load(server.url, server.token, seconds, ["-c", "16", "--batch", "1", "--rate", str(rate)])
    done.set()
    watching.join()
    return lags


def merged_bytes(data_dir: Path, environment: dict[str, str]) -> int:
    """What the events take once ClickHouse has merged them, which it does by itself in time."""
    code = (
        "import django; django.setup(); import clickhouse;"
        "clickhouse.command('OPTIMIZE TABLE events FINAL');"
        'print(clickhouse.rows("SELECT sum(bytes_on_disk) FROM system.parts'
        " WHERE active AND table = 'events'\")[0][0]); clickhouse.close()"
    )
    env = {**os.environ, **environment, "DATA_DIR": str(data_dir)}
    env["DJANGO_SETTINGS_MODULE"] = "posthog_clone.settings"
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=300)
    parser.add_argument("--database-url")
    args = parser.parse_args()
    environment = {"DATABASE_URL": args.database_url} if args.database_url else {}
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        data_dir = Path(directory)
        with serving(data_dir, **environment) as server:
            times = readable_after(server)
            print(
                f"idle: readable {statistics.median(times):.2f} s after the 200 "
                f"(at most {max(times):.2f} s)",
                flush=True,
            )
            lags = lag_at(server, args.rate, 20)
            print(f"at {args.rate}/s: lag at most {max(lags):.1f} s", flush=True)
            drain(server)
            options = ["-c", "8", "--batch", "20", "--count", str(args.events)]
            answer = load(server.url, server.token, 300, [*options, "--pids", str(server.pid)])
            drained = drain(server)
            peak = max(answer["peak_rss_mb"], server.resident_mb())
            time.sleep(SETTLE_SECONDS)
            print(
                f"{answer['accepted']} exceptions, drained {drained:.0f} s after the last: "
                f"peak {peak:.0f} MB, {server.resident_mb():.0f} MB {SETTLE_SECONDS} s later",
                flush=True,
            )
        with serving(data_dir, **environment) as server:
            print(f"ready after {server.start_seconds:.1f} s with these data")
        merged = merged_bytes(data_dir, environment)
        rest = sum(path.stat().st_size for path in data_dir.glob("*.sqlite3*"))
        raw = answer["event_bytes"]
        stored = (merged + rest) / answer["accepted"]
        print(
            f"disk per event of {raw:.0f} bytes: {merged / answer['accepted']:.0f} in ClickHouse "
            f"once merged, {rest / answer['accepted']:.0f} in SQLite; {stored / raw:.0%} of the raw"
        )


if __name__ == "__main__":
    main()
