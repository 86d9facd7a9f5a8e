"""The one way out: every request this server makes to an address that users chose.

The name is resolved once, and the address that was checked is the one connected to. Loopback,
private and other addresses that lead inside are refused unless OUTBOUND_ALLOW lists their network
or host; link-local ones, where clouds keep credentials, always.
"""

import http.client
import io
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import orjson

from notifications import addresses

TIMEOUT = 10.0
MAX_BYTES = 1024 * 1024
MAX_HEADER_BYTES = 256 * 1024
REDIRECTS = {301, 302, 303, 307, 308}
PORTS = {"http": 80, "https": 443}
HOST = re.compile(r"[\w.:%-]+", re.ASCII)
HEADER_NAME = re.compile(r"[!#$%&'*+.^`|~\w-]+", re.ASCII)
OWN_HEADERS = {"connection", "content-length", "host", "transfer-encoding"}
IN_URLS = "/%:=&?~#+!$,;'@()*[]"


class OutgoingError(Exception):
    """There is no answer. The message is fit for users: it names the host, and no secrets."""


class Refused(OutgoingError):
    """The request is one that this server doesn't make; asking again changes nothing."""


class Unreachable(OutgoingError):
    """The network or the other side failed; the same request may work later."""


@dataclass(frozen=True)
class Answer:
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body's JSON; None when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = TIMEOUT,
    max_bytes: int = MAX_BYTES,
    cut: bool = False,
    max_redirects: int = 0,
) -> Answer:
    """Make a request and return its answer, whatever its status, within `timeout` seconds in all.

    An answer larger than `max_bytes` is refused, or with `cut` shortened. Redirects are answers
    like others; with `max_redirects`, those of GET are followed, each checked like the first, and
    the headers stay behind when the host changes. Raises Refused or Unreachable.
    """
    deadline = Deadline(timeout)
    headers = checked(headers or {})
    for _ in range(max_redirects + 1):
        target = parse(url)
        answer = exchange(method, target, headers, body, deadline, max_bytes, cut)
        location = answer.headers.get("location")
        if not (max_redirects and method == "GET" and answer.status in REDIRECTS and location):
            return answer
        url = urljoin(url, location)
        if parse(url).origin != target.origin:
            headers = checked({})
    raise Refused(f"{target.host} redirects more than {max_redirects} times.")


def checked(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers and those that every request has."""
    names = {name.lower() for name in headers}
    for name in headers:
        if not HEADER_NAME.fullmatch(name) or name.lower() in OWN_HEADERS:
            raise Refused(f"A header can't be named {name[:100]!r}.")
    defaults = {"User-Agent": "posthog-clone", "Accept-Encoding": "identity"}
    return {**{k: v for k, v in defaults.items() if k.lower() not in names}, **headers}


class Deadline:
    def __init__(self, seconds: float):
        self.seconds = seconds
        self.ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds; raises TimeoutError when there are none."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


@dataclass(frozen=True)
class Target:
    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


def parse(url: str) -> Target:
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise Refused(f"This is not a URL: {error}.") from error
    if not host or not port:
        raise Refused("The URL must start with http:// or https:// and a host name.")
    if parts.username is not None:
        raise Refused("The URL must not hold a user name or password; send a header instead.")
    if not HOST.fullmatch(host):
        raise Refused("The host name in the URL has characters that no host name has.")
    path = quote(parts.path or "/", safe=IN_URLS)
    if parts.query:
        path += "?" + quote(parts.query, safe=IN_URLS)
    return Target(parts.scheme, host, port, path)


def exchange(
    method: str,
    target: Target,
    headers: Mapping[str, str],
    body: bytes | None,
    deadline: Deadline,
    max_bytes: int,
    cut: bool,
) -> Answer:
    """One request to one host."""
    connection = PinnedConnection(target, deadline)
    try:
        connection.request(method, target.path, body, headers)
        response = connection.getresponse()
        if response.fp:
            response.fp.raw.headers_left = None
        received = response.read(max_bytes + 1)
        if response.length and len(received) <= max_bytes:
            raise http.client.IncompleteRead(received, response.length)
        if len(received) > max_bytes and not cut:
            raise Refused(f"The answer of {target.host} is larger than {max_bytes} bytes.")
        url = f"{target.scheme}://{target.host}:{target.port}{target.path}"
        return Answer(url, response.status, response.headers, received[:max_bytes])
    except TimeoutError as error:
        raise Unreachable(
            f"{target.host} did not answer within {deadline.seconds:g} seconds."
        ) from error
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(
            f"The certificate of {target.host} is not valid: {error.verify_message}."
        ) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unreachable(f"The connection to {target.host} failed: {reason}.") from error
    except http.client.HTTPException as error:
        raise Unreachable(f"{target.host} did not answer in HTTP.") from error
    except ValueError as error:
        raise Refused("A header has characters that headers can't have.") from error
    finally:
        connection.hang_up()


class PinnedConnection(http.client.HTTPConnection):
    """Resolves the name once and connects to an address that was checked."""

    def __init__(self, target: Target, deadline: Deadline):
        super().__init__(target.host, target.port)
        self.default_port = PORTS[target.scheme]
        self.target = target
        self.deadline = deadline
        self.open_socket: socket.socket | None = None

    def connect(self) -> None:
        found = resolve(self.target.host, self.target.port, self.deadline)
        allowed = [address for address in found if addresses.is_allowed(address[1][0], self.host)]
        if not allowed:
            raise Refused(addresses.refusal(self.target.host, found[0][1][0]))
        sock = self.open_socket = open_first(allowed, self.deadline)
        if self.target.scheme == "https":
            sock.settimeout(self.deadline.left())
            sock = self.open_socket = tls_context().wrap_socket(sock, server_hostname=self.host)
        self.sock = TimedSocket(sock, self.deadline)

    def hang_up(self) -> None:
        if self.open_socket:
            self.open_socket.close()


Address = tuple[socket.AddressFamily, tuple]


def resolve(host: str, port: int, deadline: Deadline) -> list[Address]:
    """The host's addresses. The system's resolver knows no deadline, so it gets a thread."""
    results: queue.SimpleQueue = queue.SimpleQueue()

    def look_up():
        try:
            results.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, ValueError) as error:
            results.put(error)

    threading.Thread(target=look_up, name="resolver", daemon=True).start()
    try:
        found = results.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(found, Exception):
        raise Unreachable(f"The host name {host} can't be resolved.") from found
    return [(family, address) for family, _, _, _, address in found]


def open_first(candidates: list[Address], deadline: Deadline) -> socket.socket:
    """A connection to the first address that takes one; each gets its share of the time."""
    failure: OSError | None = None
    for index, (family, address) in enumerate(candidates):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(deadline.left() / (len(candidates) - index))
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


@lru_cache(1)
def tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()


class TimedSocket:
    """What http.client needs of a socket; every call ends by the deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline):
        self.sock = sock
        self.deadline = deadline

    def sendall(self, data: bytes) -> None:
        self.sock.settimeout(self.deadline.left())
        self.sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(TimedReader(self.sock, self.deadline))

    def close(self) -> None:
        """Left to hang_up: http.client closes before the body is read."""


class TimedReader(io.RawIOBase):
    headers_left: int | None = MAX_HEADER_BYTES
    """How many bytes the headers may still have; None once they are read."""

    def __init__(self, sock: socket.socket, deadline: Deadline):
        self.sock = sock
        self.deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        self.sock.settimeout(self.deadline.left())
        count = self.sock.recv_into(buffer)
        if self.headers_left is not None:
            self.headers_left -= count
            if self.headers_left < 0:
                raise http.client.HTTPException("The headers are too large.")
        return count
