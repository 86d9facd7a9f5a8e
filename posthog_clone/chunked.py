"""Request bodies sent with `Transfer-Encoding: chunked`.

Django takes a missing Content-Length for an empty body; Node's OpenTelemetry exporters
never send one, so their logs would vanish behind a 200.
"""

import io
from collections.abc import Callable, Iterable

MAX_BYTES = 32 * 1024 * 1024


class ChunkedBodies:
    """Reads a body without Content-Length in full and gives it one; too large is a 413."""

    def __init__(self, application: Callable):
        self.application = application

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
        if chunked and not environ.get("CONTENT_LENGTH"):
            body = environ["wsgi.input"].read(MAX_BYTES + 1)
            if len(body) > MAX_BYTES:
                start_response("413 Content Too Large", [("Content-Type", "text/plain")])
                return [b"maximum event size exceeded: the request body is too large\n"]
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return self.application(environ, start_response)
