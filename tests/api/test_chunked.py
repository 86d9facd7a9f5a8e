"""Bodies without Content-Length. That they arrive is in tests/logs and tests/clients."""

import io
import json

import pytest
from django.core.signals import request_started

from posthog_clone.chunked import ChunkedBodies
from posthog_clone.wsgi import application

MIB = 1024 * 1024


class Blanks(io.RawIOBase):
    """So many of them; counts what is read."""

    def __init__(self, size: int):
        self.left, self.taken = size, 0

    def read(self, size=-1):
        piece = b" " * min(size, self.left)
        self.left -= len(piece)
        self.taken += len(piece)
        return piece


def environ(path: str, body: Blanks) -> dict:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": body,
        "CONTENT_TYPE": "application/json",
        "HTTP_TRANSFER_ENCODING": "chunked",
    }


@pytest.mark.parametrize(
    ("path", "size"),
    [("/api/projects/1/insights/", 20), ("/api/projects/1/error_tracking/symbol_sets/", 100)],
)
def test_what_endpoints_take_is_read_in_full(path, size):
    seen = environ(path, Blanks(size * MIB))

    ChunkedBodies(lambda *_: [])(seen, None)

    assert seen["CONTENT_LENGTH"] == str(size * MIB)
    assert sum(len(piece) for piece in iter(lambda: seen["wsgi.input"].read(MIB), b"")) == (
        size * MIB
    )


def test_endless_bodies_are_refused_as_each_endpoint_does(monkeypatch):
    monkeypatch.setattr(request_started, "send", lambda **kwargs: None)  # it looks at the database

    def send(path):
        body, head = Blanks(2**40), {}
        answer = application(
            environ(path, body),
            lambda status, headers, *_: head.update(dict(headers), status=status),
        )
        assert body.taken < 33 * MIB
        assert head["status"].startswith("413")
        return head["Content-Type"], b"".join(answer).decode()

    content_type, text = send("/api/projects/")
    assert (content_type, json.loads(text)["code"]) == ("application/json", "content_too_large")
    content_type, text = send("/batch/")
    assert content_type.startswith("text/plain")
    assert text.startswith("maximum event size exceeded")
