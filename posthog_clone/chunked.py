"""Request bodies sent with `Transfer-Encoding: chunked`.

Django takes a missing Content-Length for an empty body; Node's OpenTelemetry exporters
never send one, so their logs would vanish behind a 200.
"""

from collections.abc import Callable, Iterable
from tempfile import SpooledTemporaryFile
from typing import IO

MIB = 1024 * 1024
MAX_BYTES = 32 * MIB
MAX_FILE_BYTES = 104 * MIB
"""More than endpoints take; of those that take files of symbols, which are larger."""
MAX_BYTES_IN_MEMORY = MIB
PIECE_BYTES = MIB // 4


class ChunkedBodies:
    """Reads a body without Content-Length in full and gives it one.

    Of a body that is too large, it reads enough for the endpoint to say so in its own way.
    """

    def __init__(self, application: Callable):
        self.application = application

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
        if chunked and not environ.get("CONTENT_LENGTH"):
            of_files = "/symbol_sets/" in environ["PATH_INFO"]
            body, size = read(environ["wsgi.input"], MAX_FILE_BYTES if of_files else MAX_BYTES)
            environ |= {"wsgi.input": body, "CONTENT_LENGTH": str(size)}
        return self.application(environ, start_response)


def read(stream: IO[bytes], limit: int) -> tuple[IO[bytes], int]:
    """What there is to read, as a file, and its size; no more than a piece beyond the limit."""
    body = SpooledTemporaryFile(MAX_BYTES_IN_MEMORY)  # noqa: SIM115 - the request's, until its end
    size = 0
    while size <= limit and (piece := stream.read(PIECE_BYTES)):
        body.write(piece)
        size += len(piece)
    body.seek(0)
    return body, size
