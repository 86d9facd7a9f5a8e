"""The HTTP server: granian in this process, or one process per worker in production."""

import socket
import time

from granian.constants import Interfaces
from granian.server.mp import MPServer
from granian.server.mt import MTServer

from posthog_clone.wsgi import application

# A capture request waits for its commit, so threads are many and mostly asleep.
THREADS = 64
BACKLOG = 1024


class ThreadServer(MTServer):
    """Granian's threaded server in this very process: the embedded stores live in one process.

    Granian offers it for free-threaded Python; WSGI requests run in its thread pool either way.
    """

    def _check_gil(self):
        """Any Python will do."""


def serve(host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or SIGINT, then let the requests under way finish."""
    options = {
        "address": host,
        "port": port,
        "interface": Interfaces.WSGI,
        "workers": workers,
        "blocking_threads": THREADS,
        "backlog": BACKLOG,
        "websockets": False,
        "log_enabled": False,
    }
    if workers == 1:
        server = ThreadServer("", **options)
        server.serve(target_loader=lambda: application, wrap_loader=False)
    else:
        server = MPServer("posthog_clone.wsgi:application", respawn_failed_workers=True, **options)
        server.serve()


def check_free(host: str, port: int) -> None:
    """Raises OSError when the address can't be bound. Granian wouldn't: it shares ports
    (SO_REUSEPORT), and a second server would take half of the requests."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def wait_until_accepting(host: str, port: int, seconds: float = 30) -> bool:
    """Whether the server answers within the time."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((reachable, port), timeout=1):
                return True
        except OSError:
            time.sleep(0.02)
    return False
