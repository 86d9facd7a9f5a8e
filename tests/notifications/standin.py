"""Real servers on loopback that stand in for the outside world."""

import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Received:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    status: int = 200
    body: Any = field(default_factory=dict)
    """Sent as JSON, unless bytes."""
    headers: dict[str, str] = field(default_factory=dict)


class StandIn:
    """Answers with what `answer` makes of a request, and remembers the requests."""

    def __init__(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None):
        self.received: list[Received] = []
        self.answer: Callable[[Received], Reply] = lambda request: Reply()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one(self):
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Received(self.command, parts.path, parse_qs(parts.query), headers, body)
                stand_in.received.append(request)
                reply = stand_in.answer(request)
                payload = (
                    reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                )
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                """Clients hang up on purpose here."""

        self.server = Server((host, 0), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.scheme = "https" if tls else "http"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str = "", host: str | None = None) -> str:
        address, port = self.server.server_address[:2]
        return f"{self.scheme}://{host or address}:{port}{path}"

    def always(self, status: int = 200, body: Any = None, **headers: str) -> None:
        self.answer = lambda request: Reply(status, {} if body is None else body, headers)

    def by_path(self, replies: dict[str, Reply]) -> None:
        self.answer = lambda request: replies.get(
            request.path, Reply(404, {"message": "Not Found"})
        )

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class RawServer:
    """Hands each connection to `talk`, which may misbehave as it likes."""

    def __init__(self, talk: Callable[[socket.socket], None]):
        self.talk = talk
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.connections = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                self.talk(connection)
            except OSError:
                return

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}{path}"

    def stop(self) -> None:
        self.listener.close()
