"""Connections to ClickHouse. Embedded and server run the same SQL through the same client."""

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import clickhouse_connect
import urllib3.exceptions
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import (
    ClickHouseError,
    OperationalError,
    StreamFailureError,
)
from django.conf import settings
from rest_framework.exceptions import APIException

MAX_IDLE = 16
EMBEDDED_CONFIG = Path(__file__).parent / "embedded.xml"
INSERT_SETTINGS = {
    # Texts that look like dates stay texts in JSON columns.
    "input_format_try_infer_dates": 0,
    "input_format_try_infer_datetimes": 0,
    "input_format_json_read_objects_as_strings": 1,
    "input_format_json_max_depth": 10_000,
    "type_json_skip_duplicated_paths": 1,
    "json_type_escape_dots_in_keys": 1,
    "max_partitions_per_insert_block": 0,
    "input_format_parallel_parsing": 0,
    "max_insert_threads": 1,
}
# Codes of ClickHouse that say "not now" rather than "not like this".
BUSY_CODES = {159, 202, 203, 209, 210, 241, 242, 252, 425, 999}

_idle: "queue.LifoQueue[Client]" = queue.LifoQueue(MAX_IDLE)
_opening = threading.Lock()


class Unavailable(APIException):
    """The store can't be reached or is out of capacity: the same call may work later."""

    status_code = 503
    default_code = "unavailable"
    default_detail = "The analytics store is not available. Please retry in a moment."


class Rejected(Exception):
    """ClickHouse refused the statement or the rows; trying again changes nothing."""

    def __init__(self, message: str, code: int | None = None):
        super().__init__(message)
        self.code = code


def connect() -> Client:
    """A new connection. Raises Unavailable, naming the reason, when there is none to be had."""
    options: dict[str, Any] = {"dsn": settings.CLICKHOUSE_URL, "tz_mode": "aware"}
    if settings.EMBEDDED_CLICKHOUSE:
        options["chdb_options"] = {"config-file": str(EMBEDDED_CONFIG)}
    else:
        options |= {"autogenerate_session_id": False, "connect_timeout": 5}
    try:
        with _opening:
            return clickhouse_connect.get_client(**options)
    except (ClickHouseError, urllib3.exceptions.HTTPError, OSError) as error:
        raise Unavailable(f"Can't open the analytics store: {error}") from error


@contextmanager
def client() -> Iterator[Client]:
    """A connection of this thread's own for a while; its failures become ours."""
    try:
        connection = _idle.get_nowait()
    except queue.Empty:
        connection = connect()
    try:
        yield connection
    except OperationalError as error:
        connection.close()
        code = getattr(error, "code", None)
        if isinstance(error, StreamFailureError) and code and code not in BUSY_CODES:
            raise Rejected(str(error), code) from error
        raise Unavailable from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        connection.close()
        raise Unavailable from error
    except ClickHouseError as error:
        connection.close()
        code = getattr(error, "code", None)
        if code in BUSY_CODES:
            raise Unavailable from error
        raise Rejected(str(error), code) from error
    except BaseException:
        connection.close()
        raise
    try:
        _idle.put_nowait(connection)
    except queue.Full:
        connection.close()


def close() -> None:
    """Close the idle connections; the embedded engine shuts down with the last one."""
    while True:
        try:
            _idle.get_nowait().close()
        except queue.Empty:
            return


def rows(sql: str, *, query_settings: dict | None = None, **params: Any) -> list[tuple]:
    """The answer's rows. Values are bound by name: `{project_id:Int64}` takes `project_id=…`."""
    with client() as connection:
        result = connection.query(sql, parameters=bind(params), settings=query_settings)
        return [tuple(row) for row in result.result_rows]


@dataclass(frozen=True, slots=True)
class Answer:
    columns: list[str]
    types: list[str]
    rows: list[tuple]


def query(sql: str, *, query_settings: dict | None = None, **params: Any) -> Answer:
    """Like `rows`, with the names and types of the columns."""
    with client() as connection:
        result = connection.query(sql, parameters=bind(params), settings=query_settings)
        types = [type.name for type in result.column_types]
        columns = list(zip(result.column_names, types, strict=True))
        if not columns:
            # The embedded engine says nothing about the columns of an answer without rows.
            described = connection.query(
                f"DESCRIBE ({sql})", parameters=bind(params), settings=query_settings
            )
            columns = [(name, type) for name, type, *_ in described.result_rows]
        names, types = zip(*columns, strict=True)
        return Answer(list(names), list(types), [tuple(row) for row in result.result_rows])


def stream(sql: str, *, query_settings: dict | None = None, **params: Any) -> Iterator[tuple]:
    """Like `rows`, a block at a time, for answers that don't fit in memory."""
    with (
        client() as connection,
        connection.query_rows_stream(
            sql, parameters=bind(params), settings=query_settings
        ) as answer,
    ):
        for row in answer:
            yield tuple(row)


def insert(table: str, payload: bytes, *, token: str | None = None) -> None:
    """Insert a block of JSONEachRow; with a token, a block inserted before is passed over."""
    options = dict(INSERT_SETTINGS)
    if token:
        options["insert_deduplication_token"] = token
    with client() as connection:
        connection.raw_insert(table, insert_block=payload, fmt="JSONEachRow", settings=options)


def command(sql: str, *, query_settings: dict | None = None, **params: Any) -> Any:
    with client() as connection:
        return connection.command(sql, parameters=bind(params), settings=query_settings)


def bind(params: dict[str, Any]) -> dict[str, Any]:
    return {name: bound(value) for name, value in params.items()}


def bound(value: Any) -> Any:
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [bound(item) for item in value]
    return value


def timestamp(moment: datetime) -> str:
    """As ClickHouse reads a DateTime64(6, 'UTC')."""
    return moment.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def release_memory() -> None:
    """Have the embedded engine give the memory it freed back to the system."""
    if settings.EMBEDDED_CLICKHOUSE:
        command("SYSTEM JEMALLOC PURGE")
