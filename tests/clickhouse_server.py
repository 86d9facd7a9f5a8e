"""A ClickHouse server for tests: its HTTP interface in front of the embedded engine.

    python -m tests.clickhouse_server PORT DIRECTORY

Does what clients of the HTTP interface need: statements in the body or in `query`, bound
parameters as `param_…`, everything else in the query string as a setting.
"""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError

TRANSPORT = {"query", "query_id", "database", "session_id", "wait_end_of_query"}
# The embedded engine would keep `readonly` for the connection, not for the statement alone.
IGNORED = TRANSPORT | {
    *("enable_http_compression", "client_protocol_version", "compress", "readonly")
}
DIRECTORY = ""
local = threading.local()


def engine():
    """A connection of this thread's own."""
    if not hasattr(local, "client"):
        local.client = clickhouse_connect.get_client(dsn=f"chdb://{DIRECTORY}")
    return local.client


def run(options: dict[str, str], body: bytes) -> bytes:
    settings = {
        name: value
        for name, value in options.items()
        if name not in IGNORED and not name.startswith(("param_", "send_progress", "http_headers"))
    }
    params = {
        name.removeprefix("param_"): value
        for name, value in options.items()
        if name.startswith("param_")
    }
    client = engine()
    backend = client._backend
    statement = options.get("query", "")
    if statement.upper().startswith("INSERT") and body:
        target, _, form = statement.partition(" FORMAT ")
        table = target.split("INTO", 1)[1].split("(")[0].strip()
        client.raw_insert(table, insert_block=body, fmt=form.strip(), settings=settings)
        return b""
    text = (statement + "\n" + body.decode()) if statement else body.decode()
    result = backend._run_with_settings(text, "TabSeparated", settings, params=params)
    return result.bytes() or b""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        options = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        try:
            self.answer(200, run(options, body))
        except ClickHouseError as error:
            self.answer(500, str(error).encode(), code=getattr(error, "code", None))

    def do_GET(self):
        if urlsplit(self.path).path == "/ping":
            self.answer(200, b"Ok.\n")
        else:
            self.do_POST()

    def answer(self, status: int, body: bytes, code: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-ClickHouse-Summary", "{}")
        if code is not None:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Quiet."""


if __name__ == "__main__":
    port, DIRECTORY = int(sys.argv[1]), sys.argv[2]
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
