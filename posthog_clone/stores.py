"""Opening the stores for a server: everything that can be wrong is said in one sentence."""

import fcntl
import os
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

import clickhouse
from clickhouse import schema
from posthog_clone.database import migrate, one_process_at_a_time


@contextmanager
def data_directory():
    """Hold DATA_DIR for this process. The embedded stores take one server at a time."""
    if not (settings.EMBEDDED_DATABASE or settings.EMBEDDED_CLICKHOUSE):
        yield
        return
    try:
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        lock = open(settings.DATA_DIR / "serve.lock", "a+")  # noqa: SIM115 - held while serving
    except OSError as error:
        raise CommandError(f"The data directory can't be used: {error}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            raise CommandError(
                f"The data directory {settings.DATA_DIR} is in use by another server "
                f"(process {lock.read().strip() or 'unknown'}). Stop it, or set DATA_DIR to "
                "another directory."
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def open_database() -> None:
    """Reach the database and bring its tables up to date."""
    try:
        with one_process_at_a_time():  # two that make a SQLite file at once get in each other's way
            loader = MigrationLoader(connection)
        unknown = sorted(set(loader.applied_migrations) - set(loader.disk_migrations))
        if unknown:
            app, name = unknown[0]
            raise CommandError(
                f"The database has the migration {app}.{name}, which this version does not know: "
                "it was used by a newer version. Install that version or use another database."
            )
        migrate()
    except DatabaseError as error:
        reason = " ".join(str(error).split()).rstrip(".?")
        raise CommandError(f"The database can't be used: {reason}. Check DATABASE_URL.") from error


def open_analytics() -> None:
    """Reach ClickHouse, or open the embedded one, and bring its tables up to date."""
    try:
        schema.apply()
    except clickhouse.Unavailable as error:
        if settings.EMBEDDED_CLICKHOUSE:
            raise CommandError(
                f"The embedded ClickHouse under {settings.DATA_DIR} can't be opened: "
                f"{root_cause(error)}. Is another process using it?"
            ) from error
        server = urlsplit(settings.CLICKHOUSE_URL)
        raise CommandError(
            f"ClickHouse at {server.hostname}:{server.port or 8123} can't be used: "
            f"{root_cause(error)}. Check CLICKHOUSE_URL."
        ) from error
    except (schema.SchemaError, clickhouse.Rejected) as error:
        raise CommandError(str(error)) from error


def root_cause(error: BaseException) -> str:
    while error.__cause__:
        error = error.__cause__
    return str(error).strip().splitlines()[0].rstrip(".") if str(error) else type(error).__name__
