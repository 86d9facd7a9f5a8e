"""Request bodies: unpacked within bounds."""

import zlib

from logs.otlp.errors import BadInput, TooLarge

GZIP = b"\x1f\x8b"
GZIP_WINDOW = 16 + zlib.MAX_WBITS
MAX_MEMBERS = 100  # each costs a copy of what follows it


def unpack(body: bytes, max_bytes: int) -> bytes:
    """The body without gzip, which its first bytes tell: proxies and browsers lose the header."""
    if len(body) > max_bytes:
        raise TooLarge(f"The body is larger than {max_bytes} bytes.")
    if not body.startswith(GZIP):
        return body
    parts, size = [], 0
    while body.startswith(GZIP):  # gzip files may be concatenated
        unzip = zlib.decompressobj(GZIP_WINDOW)
        try:
            part = unzip.decompress(body, max_bytes - size + 1)
        except zlib.error as error:
            raise BadInput(f"not gzip: {error}") from error
        parts.append(part)
        if len(parts) > MAX_MEMBERS:
            raise BadInput(f"the gzip data has more than {MAX_MEMBERS} members")
        size += len(part)
        if size > max_bytes:
            raise TooLarge(f"The body unpacks to more than {max_bytes} bytes.")
        if not unzip.eof:
            raise BadInput("the gzip data ends early")
        body = unzip.unused_data
    return b"".join(parts)
