"""`manage.py serve`: the whole server in the foreground."""

import subprocess
import sys
import threading

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

import clickhouse
from ingestion import queue
from ingestion.worker import Worker
from insights import running
from posthog_clone import process, stores, web
from posthog_clone.background import Background
from projects.bootstrap import Bootstrapped, bootstrap

STOP_SECONDS = 30


class Command(BaseCommand):
    help = "Run the server: migrations, web, ingestion and the embedded analytics store."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--host", default="0.0.0.0", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=1, help="web processes")
        parser.add_argument(
            "--no-worker", action="store_true", help="web only; run `manage.py worker` beside it"
        )

    def handle(self, *, host, port, workers, no_worker, **options):
        check_processes(workers, no_worker)
        check_address(host, port)
        with stores.data_directory():
            stores.open_database()
            if queue.is_apart():
                queue.open_apart()
            stores.open_analytics()
            first = bootstrap()
            greeter = threading.Thread(target=self.greet, args=(host, port, first), daemon=True)
            ingestion = Nothing() if no_worker else Process() if workers > 1 else Thread()
            process.tune()
            ingestion.start()
            greeter.start()
            try:
                web.serve(host, port, workers)
            finally:
                self.stderr.write("Stopping: finishing what is under way …")
                queue.writer.stop()
                running.stop()
                ingestion.stop()
                clickhouse.close()
        self.stderr.write("Stopped. Nothing was lost.")
        process.leave()

    def greet(self, host: str, port: int, first: Bootstrapped) -> None:
        if not web.wait_until_accepting(host, port):
            return
        url = f"http://{'localhost' if host in {'0.0.0.0', '::'} else host}:{port}"
        if first.created:
            self.stdout.write(first.instructions(url))
        self.stdout.write(f"Ready at {url} (docs: {url}/api/schema/swagger-ui/)")
        self.stdout.flush()


def check_processes(workers: int, no_worker: bool) -> None:
    if workers < 1:
        raise CommandError("--workers must be at least 1.")
    embedded = embedded_store()
    if embedded and workers > 1:
        raise CommandError(
            f"--workers {workers} needs PostgreSQL and a ClickHouse server: {embedded} lives in "
            "one process. Leave --workers out, or set DATABASE_URL and CLICKHOUSE_URL."
        )
    if embedded and no_worker:
        raise CommandError(
            f"--no-worker needs PostgreSQL and a ClickHouse server: {embedded} lives in one "
            "process, so no worker could run beside it. Set DATABASE_URL and CLICKHOUSE_URL."
        )


def check_address(host: str, port: int) -> None:
    """First of all: what the first start makes and prints would be printed by none after it."""
    if not 0 < port < 2**16:
        raise CommandError(f"--port must be from 1 to 65535, not {port}.")
    try:
        web.check_free(host, port)
    except OSError as error:
        raise CommandError(f"Can't listen on {host}:{port}: {error.strerror}.") from error


def embedded_store() -> str | None:
    if settings.EMBEDDED_CLICKHOUSE:
        return "the embedded ClickHouse"
    return "SQLite" if settings.EMBEDDED_DATABASE else None


class Nothing:
    """Ingestion runs elsewhere."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Thread:
    """Ingestion, deliveries and e-mail in this process."""

    def start(self) -> None:
        self.stopping = threading.Event()
        self.background = Background(self.stopping)
        self.background.start()
        worker = Worker(self.stopping)
        self.thread = threading.Thread(target=worker.run, name="ingestion", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.stopping.set()
        queue.arrived.set()
        self.thread.join(STOP_SECONDS)
        self.background.join(STOP_SECONDS)


class Process:
    """Ingestion beside several web processes."""

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, sys.argv[0], "worker"])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(STOP_SECONDS)
