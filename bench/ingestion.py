"""Ingestion, from the first request until the backlog is empty, against a no-op server.

    python -m bench.ingestion [--seconds 20] [--database-url postgres://…]

The no-op server is the same HTTP server that reads each body and answers: what no server in this
process model can beat. Each line is one load; `ratio` is stored events per second over the no-op's
accepted events per second in the same run.
"""

import argparse
import json
import subprocess
import sys
import time

from bench.server import ROOT, Server, free_port, serving, wait_for

LOADS = {
    "single exceptions, 32 connections": ["-c", "32", "--batch", "1"],
    "batches of 50 exceptions": ["-c", "8", "--batch", "50"],
    "batches of 50 pageviews": ["-c", "8", "--batch", "50", "--pageviews"],
}


def load(url: str, token: str, seconds: float, options: list[str]) -> dict:
    command = [sys.executable, "-m", "bench.load", "--url", url, "--key", token]
    result = subprocess.run(
        [*command, "--seconds", str(seconds), *options], cwd=ROOT, capture_output=True, text=True
    )
    if result.returncode:
        sys.exit(result.stderr or result.stdout)
    return json.loads(result.stdout)


def noop(seconds: float, options: list[str]) -> dict:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.noop", str(port)],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "posthog_clone.settings"},
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/", process)
        return load(f"http://127.0.0.1:{port}", "phc_x", seconds, options)
    finally:
        process.terminate()
        process.wait()


def drain(server: Server, seconds: float = 300) -> float:
    """Seconds until nothing waits any more."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        status = server.status()
        if not status["queued_events"] and not status["undelivered_rows"]:
            break
        time.sleep(0.1)
    return time.monotonic() - started


def measure(server: Server, seconds: float, options: list[str]) -> dict:
    before = server.status()["digested_events"]
    started = time.monotonic()
    answer = load(server.url, server.token, seconds, [*options, "--pids", str(server.pid)])
    drained = drain(server)
    took = time.monotonic() - started - startup(answer, started, drained)
    stored = server.status()["digested_events"] - before
    return {**answer, "stored": stored, "stored_per_s": stored / took, "drain_s": drained}


def startup(answer: dict, started: float, drained: float) -> float:
    """What the generator took to build its requests, before the first was sent."""
    return max(0.0, time.monotonic() - started - drained - answer["seconds"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--database-url")
    parser.add_argument("--only", default="", help="a word of the loads to run")
    args = parser.parse_args()
    environment = {"DATABASE_URL": args.database_url} if args.database_url else {}
    loads = {name: options for name, options in LOADS.items() if args.only in name}
    for name, options in loads.items():
        baseline = noop(min(args.seconds, 5), options)["accepted_per_s"]
        with serving(**environment) as server:
            result = measure(server, args.seconds, options)
            print(
                f"{name}: {result['stored_per_s']:.0f} stored/s until empty, "
                f"ratio {result['stored_per_s'] / baseline:.2f} of the no-op's {baseline:.0f}/s; "
                f"{result['accepted_per_s']:.0f} accepted/s, "
                f"p99 {result['latency_ms']['p99']} ms, drained in {result['drain_s']:.1f} s; "
                f"{result['server_cpu_s_sending'] * 1000 / max(result['accepted'], 1):.2f} ms of "
                f"server CPU per event while sending; peak {result['peak_rss_mb']} MB; "
                f"accepted {result['accepted']}, stored {result['stored']}, "
                f"answers {result['status']}",
                flush=True,
            )
            disk = server.disk_bytes() / max(result["stored"], 1) / 1024
            print(
                f"  ready after {server.start_seconds:.1f} s; "
                f"{disk:.1f} KB of disk per event right after loading; "
                f"now {server.resident_mb():.0f} MB resident"
            )


if __name__ == "__main__":
    main()
