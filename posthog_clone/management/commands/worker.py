"""`manage.py worker`: ingestion only, beside any number of `serve --no-worker`."""

import signal
import threading

from django.core.management.base import BaseCommand, CommandError

import clickhouse
from ingestion import queue
from ingestion.worker import Worker
from posthog_clone import process, stores
from posthog_clone.background import Background
from posthog_clone.management.commands.serve import STOP_SECONDS, embedded_store


class Command(BaseCommand):
    help = "Digest accepted events. Needs PostgreSQL and a ClickHouse server; run as many as help."
    requires_system_checks = []

    def handle(self, **options):
        if embedded := embedded_store():
            raise CommandError(
                f"A separate worker needs PostgreSQL and a ClickHouse server: {embedded} lives in "
                "the process of `manage.py serve`, which digests events itself. "
                "Set DATABASE_URL and CLICKHOUSE_URL."
            )
        stores.open_database()
        stores.open_analytics()
        process.tune()
        stop = threading.Event()

        def stop_soon(*_):
            stop.set()
            queue.arrived.set()

        signal.signal(signal.SIGTERM, stop_soon)
        signal.signal(signal.SIGINT, stop_soon)
        self.stdout.write("Worker ready.")
        self.stdout.flush()
        background = Background(stop)
        background.start()
        Worker(stop).run()
        background.join(STOP_SECONDS)
        clickhouse.close()
        self.stdout.write("Worker stopped.")
