"""The relational store's schema, brought up to date by whoever comes first."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.migrations.executor import MigrationExecutor

LOCK_ID = 0x706F7374686F67  # any number, as long as every process takes the same


def migrate(database: str = DEFAULT_DB_ALIAS, app: str | None = None) -> bool:
    """Apply the migrations that are missing, of one app or all, and tell whether there were any.

    Safe to call from several processes at once, servers and commands: one migrates, the others
    wait for it and then find nothing left to do.
    """
    with one_process_at_a_time():
        executor = MigrationExecutor(connections[database])
        if not executor.migration_plan(executor.loader.graph.leaf_nodes(app)):
            return False
        apps = [app] if app else []
        call_command("migrate", *apps, database=database, interactive=False, verbosity=0)
        return True


@contextmanager
def one_process_at_a_time() -> Iterator[None]:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_ID])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_ID])
        return
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    with (settings.DATA_DIR / "migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
